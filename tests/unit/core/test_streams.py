"""What comes from data, file names and other programs cannot steer the terminal."""

import io

import pytest

from ingest.__main__ import main
from ingest.core.paths import shell_word
from ingest.core.streams import Stream, cursor_moving, escaped
from ingest.records.events import Warned
from ingest.watch.progress import announced


def test_control_characters_are_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["\x1b]0;PWN\x07\x9b2J\r"]) == 2
    assert 'no such command "\\x1b]0;PWN\\x07\\x9b2J\\x0d"' in capsys.readouterr().err


def test_text_stays_as_it_is() -> None:
    text = "a\tb\n\\x1b é 日本 \U0001f600\n"
    assert escaped(text) == text


def test_whoever_moves_the_cursor_may() -> None:
    below = io.StringIO()
    shown = Stream(below)
    shown.write("\x1b[31m")
    cursor_moving(shown).write("\x1b[H")
    assert below.getvalue() == "\\x1b[31m\x1b[H"


def test_the_bar_gets_no_control_characters_of_others() -> None:
    assert announced(Warned(message="\x1b[2J")) == ["warning: \\x1b[2J"]


@pytest.mark.parametrize(
    ("path", "word"),
    [("in/a b.csv", "'in/a b.csv'"), ("in/\udcff's\x1b.csv", r"$'in/\xff\x27s\x1b.csv'")],
)
def test_a_path_as_a_shell_takes_it(path: str, word: str) -> None:
    assert shell_word(path) == word
