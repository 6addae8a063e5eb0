import gc
import subprocess
import sys

import pytest

from ingest.core.collecting import uncollected


@pytest.fixture(autouse=True)
def with_collector():
    assert gc.isenabled()
    yield
    gc.enable()


def test_the_collector_is_off_within_and_back_after():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_back_after_an_error():
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()


def test_a_process_that_does_without_it_still_does():
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


@pytest.mark.parametrize("own", [True, False])
def test_what_is_imported_is_set_aside_only_where_that_was_done_before(own):
    program = f"""if True:
        import gc
        from ingest.core.collecting import uncollected
        if {own}:
            gc.freeze()
        before = gc.get_freeze_count()
        with uncollected():
            import json, decimal, csv
        print(gc.get_freeze_count() > before)
    """
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{own}\n", "")


def test_what_is_imported_for_good_is_set_aside():
    program = """if True:
        import gc
        from ingest.core.collecting import uncollected
        with uncollected(for_good=True):
            import json, decimal, csv
        print(gc.get_freeze_count() > 0, gc.isenabled())
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n"
