"""Peers' virtual environments: made once for a lock, never half, and what is said if they fail."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.peers.setup import LOCKS, Environment, chosen, main, peers
from ingest.core.errors import ConfigError


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that needs no package."""
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "nobody.txt").write_text("")
    return Environment("nobody", tmp_path / "home", locks)


def test_made_once_and_again_for_another_lock(environment: Environment) -> None:
    assert not environment.stands
    assert environment.make()
    python = str(environment.folder / "bin" / "python")
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0
    assert environment.stands
    assert not environment.make()
    (environment.locks / "nobody.txt").write_text("# another\n")
    assert not environment.stands
    assert environment.make()


def test_a_failed_install_leaves_nothing_and_says_why(environment: Environment) -> None:
    (environment.locks / "nobody.txt").write_text("./nowhere-1.0-py3-none-any.whl\n")
    with pytest.raises(
        ConfigError, match=r"nobody: uv pip install: exit code \d: .*nowhere"
    ) as told:
        environment.make()
    assert str(told.value).endswith("type: python -m benchmarks.peers.setup nobody.")
    assert not environment.folder.exists()


def test_spark_without_java_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigError, match="spark: no Java"):
        Environment("spark", tmp_path / "home").make()
    assert not (tmp_path / "home").exists()


def test_unknown_peers_are_all_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as told:
        chosen(["sparc", "daft", "nosuchthing"])
    sparc, nothing = told.value.lines
    assert 'no such peer "sparc". Did you mean "spark"?' in sparc
    assert 'no such peer "nosuchthing". Known: all, ' in nothing


def test_all_means_every_peer_once() -> None:
    assert chosen(["daft", "all"]) == peers()
    assert chosen(["daft", "spark", "daft"]) == ["daft", "spark"]


def test_list_says_what_is_not_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCH_HOME", str(tmp_path))
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, "not set up"] for name in peers()]


@pytest.mark.parametrize("peer", peers())
def test_a_lock_holds_names_and_versions_only(peer: str) -> None:
    lines = (LOCKS / f"{peer}.txt").read_text().splitlines()
    assert lines
    assert all("==" in line.partition(";")[0] for line in lines if not line.startswith(" "))
    assert not any("://" in line or line.startswith("-") for line in lines)
