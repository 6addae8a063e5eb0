"""Counting instructions: Valgrind's Callgrind runs the process and counts where it is told to.

Instructions do not depend on what else the machine does, or on how fast it is: ten counts of one
partition lie within 0.2 %. The kernel's own counters would be cheaper, but virtual machines rarely
have them (`perf stat -e instructions:u`: not supported).
"""

import ctypes
import mmap
import platform
import re
import shutil
from pathlib import Path

# Callgrind's requests to itself, as `valgrind/callgrind.h` makes them: rax points to the arguments,
# and a sequence of rotations that changes nothing is what Valgrind looks out for
_CODE = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_TOOL = (ord("C") << 24) | (ord("T") << 16)
_DUMP, _START, _STOP = _TOOL + 3, _TOOL + 4, _TOOL + 5
_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def can_count() -> bool:
    """Whether instructions can be counted here."""
    return platform.machine() == "x86_64" and shutil.which("valgrind") is not None


def command(out: Path) -> list[str]:
    """Return what to put before a command, so that parts of it can be counted into files."""
    return [
        "valgrind",
        "-q",
        "--tool=callgrind",
        "--instr-atstart=no",
        f"--callgrind-out-file={out}",
    ]


class Counter:
    """Counts what happens between `start` and `stop`; nothing happens outside of Valgrind."""

    def __init__(self) -> None:
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=protection)
        self._page.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)

    def start(self) -> None:
        """Count from now on."""
        self._request(_START)

    def stop(self, name: str) -> None:
        """Stop counting, and write the count under a name."""
        self._request(_DUMP, name)
        self._request(_STOP)

    def _request(self, number: int, name: str = "") -> None:
        text = ctypes.create_string_buffer(name.encode())
        arguments = (ctypes.c_uint64 * 6)(number, ctypes.addressof(text))
        self._call(ctypes.addressof(arguments))


def counts(out: Path) -> dict[str, int]:
    """Return what was counted, by name."""
    found = {}
    for file in out.parent.glob(f"{out.name}.*"):
        text = file.read_text(encoding="utf-8", errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)
        total = _TOTALS.search(text)
        if name and total:
            found[name[1]] = int(total[1])
    return found
