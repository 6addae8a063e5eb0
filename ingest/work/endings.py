"""Why a worker process has ended, in words: from how, and from what it wrote last."""

import os
import re
import signal

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Cause
from ingest.work.memory import readable

REFUSED = re.compile(r"^memory allocation of (\d+) bytes failed", re.MULTILINE)
"""What Rust says before it gives up."""
NO_MEMORY = re.compile(r"std::bad_alloc|^MemoryError\b", re.MULTILINE)

_HARMLESS = re.compile(
    r"Fatal Python error: [\w ]+|(?:Current thread|Thread) 0x.*:"
    r'|  File ".+", line \d+ in .+|memory allocation of \d+ bytes failed'
)
"""Lines of a dying process that hold no value of a row."""
_FATAL = re.compile(r"^Current thread 0x\w+ .*:$", re.MULTILINE)
"""Python's own handler of deadly signals writes where each thread was, and which one it was."""
_PLACE = re.compile(
    r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What kind of end it was, and the reason, for a sentence."""

    cause: Cause
    reason: str


def ending(status: int, words: str, *, oom_killed: bool) -> Ending:
    """Say why a process has ended.

    `status` is what `wait` returned, `words` the end of its stderr; `oom_killed` is whether the
    system has just killed a process here because memory ran out.
    """
    if refused := REFUSED.search(words):
        asked = readable(int(refused[1]))
        return Ending(
            "out_of_memory", f"asked for {asked} of memory at once, more than the worker's share"
        )
    if NO_MEMORY.search(words):
        return Ending("out_of_memory", "the worker asked for more memory than its share")
    if os.WIFEXITED(status):
        code = os.WEXITSTATUS(status)
        return Ending("lost_worker", f"the worker's process ended with exit code {code}")
    number = os.WTERMSIG(status)
    if number == signal.SIGKILL and oom_killed:
        return Ending(
            "out_of_memory", "the system killed the worker's process because memory ran out"
        )
    return Ending("lost_worker", f"the worker's process ended with {_name(number)}{_where(words)}")


def without_words(words: str) -> str:
    """Return of what a process wrote last only what its handler of deadly signals says.

    The rest may hold what a step printed of its rows.
    """
    return "\n".join(line for line in words.splitlines() if _HARMLESS.fullmatch(line))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _where(words: str) -> str:
    """Return where Python was when it received a signal that is deadly, if it could say so."""
    fatal = _FATAL.search(words)
    place = fatal and _PLACE.match(words, fatal.end() + 1)
    if not place:
        return ""
    file = os.path.relpath(place["file"])
    file = place["file"] if file.startswith("..") else file
    return f" in {place['function']} ({file}:{place['line']})"
