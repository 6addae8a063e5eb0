"""TPC-H's line items as CSV, made by tpchgen-cli; under gzip, or some of them spoilt, if wanted."""

import gzip
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.core.errors import ConfigError

SPOIL = ("number", "more", "fewer", "date")
"""What is done to records in turn, if some are to be bad."""


def generate(
    folder: Path,
    *,
    scale_factor: float,
    files: int,
    gzip_level: int | None = None,
    bad_ratio: float = 0.0,
) -> None:
    """Write `files` files; a scale factor of 1 has 6 million rows, 750 MB.

    Raises:
        ConfigError: tpchgen-cli is not there.
    """
    command = _command()
    for part in range(1, files + 1):
        scale = ["-s", str(scale_factor), "--parts", str(files), "--part", str(part)]
        tables = ["--tables", "lineitem", "--output-dir", str(folder)]
        subprocess.run([command, "csv", *scale, *tables], check=True, capture_output=True)
    made = folder / "lineitem"
    for number, path in enumerate(sorted(made.glob("*.csv"))):
        _finish(path, folder / f"lineitem-{number:03}.csv", gzip_level, bad_ratio)
    shutil.rmtree(made)


def _command() -> str:
    beside = Path(sys.executable).with_name("tpchgen-cli")
    found = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if not found:
        raise ConfigError("lineitem: there is no tpchgen-cli. Type: pip install tpchgen-cli.")
    return found


def _finish(made: Path, path: Path, gzip_level: int | None, bad_ratio: float) -> None:
    if gzip_level is not None:
        packed = path.with_name(f"{path.name}.gz")
        with made.open("rb") as source, gzip.GzipFile(packed, "wb", gzip_level, mtime=0) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    elif bad_ratio:
        with made.open() as source, path.open("w") as target:
            target.writelines(spoilt(source, round(1 / bad_ratio)))
    else:
        made.rename(path)


def spoilt(lines: Iterable[str], every: int) -> Iterator[str]:
    """Yield the lines with one of each `every` spoilt; the header is left as it is."""
    for number, line in enumerate(lines):
        if number % every or not number:
            yield line
            continue
        fields = line.split(",")
        what = SPOIL[number // every % len(SPOIL)]
        if what == "number":
            fields[1] += "x"
        elif what == "more":
            fields.insert(1, "0")
        elif what == "fewer":
            del fields[1]
        else:
            fields[10] = "1994-02-30"
        yield ",".join(fields)
