"""Nobody need read what a run says: whatever becomes of stderr, the run goes on to its end."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from ingest.core.streams import Stream, standard
from tests.bad_input.bench import AT_ONCE, ROOT, Bench

FILES = 12


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    bench.fill(FILES)
    bench.describe(execution={"partition_bytes": 40, "retry": AT_ONCE})
    return bench


def shell(bench, line, *more):
    """Run a line of bash in which `ingest` is the command; return what it ended as."""
    command = f'ingest() {{ {sys.executable} -m ingest "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", command, "bash", *more],
        cwd=bench.place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def assert_published(bench):
    assert bench.history.phase == "done"
    assert bench.history.attempt == 1
    assert len(bench.rows) == FILES * 4
    assert bench.staged == set()


RUN = "ingest run --conf conf +job=orders cluster=inline"


@pytest.mark.parametrize(
    "streams",
    [
        "2>&1 | head -1; exit ${PIPESTATUS[0]}",
        "--progress json 2>&1 | head -c 10; exit ${PIPESTATUS[0]}",
        "2>/dev/full",
        "--progress bar 2>/dev/full",
        "2>&-",
        "2>&- >&- <&-",
        "--progress bar 2>&-",
    ],
)
def test_a_run_whose_stderr_is_gone_is_published(bench, streams):
    ended = shell(bench, f"{RUN} {streams}")
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert_published(bench)


def test_what_python_and_libraries_print_gets_into_no_file_of_the_run(bench):
    (bench.place / "jobs/orders").mkdir(parents=True)
    (bench.place / "jobs/orders/functions.py").write_text(
        "import os\n\ndef loud(frame):\n    os.write(2, b'LIBRARY')\n    return frame\n"
    )
    bench.describe(transforms=[{"type": "python", "function": "functions:loud"}])
    assert shell(bench, f"{RUN} 2>&-").returncode == 0
    assert_published(bench)
    files = [
        path
        for path in bench.place.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    assert not [path for path in files if b"LIBRARY" in path.read_bytes()]


def test_the_exit_code_is_the_runs_also_if_nobody_listens(bench):
    bench.write("1.csv", "id,name,n\n1,a,x\n")
    for streams in ("2>/dev/full", "2>&-", "2>&1 | head -c 1; exit ${PIPESTATUS[0]}"):
        assert shell(bench, f"{RUN} --fresh {streams}").returncode == 1
        assert bench.history.ended == "failed"
    assert shell(bench, f"{RUN} sink.pth=x 2>/dev/full").returncode == 2
    assert bench.rows == []


def test_a_terminal_that_goes_away_ends_nothing(bench):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest.run", *bench.arguments("--progress", "bar")],
        cwd=bench.place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    assert os.read(ours, 1)  # the bar is there
    os.close(ours)
    assert process.wait(60) == 0
    assert_published(bench)


def test_a_reader_that_leaves_before_ctrl_c_changes_nothing_about_it(bench):
    bench.fill(150)
    process = bench.start("--progress", "json")
    for line in process.process.stderr:
        if json.loads(line)["event"] == "settled":
            break
    process.process.stderr.close()
    process.send(signal.SIGINT)
    process.process.stderr = None
    result = process.end()
    assert result.code == 130
    assert bench.history.ended == "interrupted"
    assert bench.rows == []


def test_a_stream_that_does_not_wait_loses_a_line_and_no_more():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w", buffering=1) as file:
        stream = Stream(file)
        for _ in range(100):
            print("x" * 1000, file=stream, flush=True)
        with contextlib.suppress(BlockingIOError):
            while os.read(reader, 1 << 20):
                pass
        print("and on", file=stream, flush=True)
        assert b"and on" in os.read(reader, 1 << 20)
        assert stream.lost == ""
    os.close(reader)


def test_a_handler_of_signals_may_print_in_the_middle_of_a_print(tmp_path):
    class Slow:
        """A file whose every write is disturbed by a handler that prints to the same stream."""

        def __init__(self):
            self.text = b""
            self.busy = False

        def write(self, text):
            if self.busy:
                raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")
            self.busy = True
            os.kill(os.getpid(), signal.SIGUSR1)
            self.busy = False
            self.text += text.encode()
            return len(text)

        def flush(self):
            pass

        def fileno(self):
            return handle.fileno()

    with (tmp_path / "file").open("wb") as handle:
        stream = Stream(Slow())
        before = signal.signal(signal.SIGUSR1, lambda *_: print("stopping", file=stream))
        print("progress", file=stream)
        signal.signal(signal.SIGUSR1, before)
    assert b"stopping" in (tmp_path / "file").read_bytes()
    assert stream._stream.text.startswith(b"progress")


def test_the_streams_are_as_they_were_afterwards(capsys):
    before = sys.stdout, sys.stderr
    with standard(), standard():
        print("out")
        threading.Thread(target=print, args=("err",), kwargs={"file": sys.stderr}).start()
    assert (sys.stdout, sys.stderr) == before
    assert tuple(capsys.readouterr()) == ("out\n", "err\n")
