import psutil

from ingest.work import machine
from ingest.work.machine import Files, all_bytes, free_bytes, oom_kills

MEBIBYTE = 1024 * 1024


def test_what_is_free_is_no_more_than_the_machine_has():
    assert 0 < free_bytes() <= all_bytes() <= psutil.virtual_memory().total
    assert oom_kills() >= 0


def test_a_container_has_what_its_limit_leaves(tmp_path, monkeypatch):
    inner = tmp_path / "inner"
    inner.mkdir()
    files = Files("memory.max", "memory.current", "inactive_file", "memory.events")
    (inner / "memory.max").write_text(f"{500 * MEBIBYTE}\n")
    (inner / "memory.current").write_text(f"{300 * MEBIBYTE}\n")
    (inner / "memory.stat").write_text(f"anon 1\ninactive_file {50 * MEBIBYTE}\n")
    (inner / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    monkeypatch.setattr(machine, "_groups", lambda: iter([(inner, files), (tmp_path, files)]))

    assert free_bytes() == 250 * MEBIBYTE
    assert all_bytes() == 500 * MEBIBYTE
    assert oom_kills() == 2
