"""`ingest init`: look at a file or folder and write a job for it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ingest.command import add_conf, guarded, parser
from ingest.core.errors import ConfigError
from ingest.core.tree import make_folder, remove_tree
from ingest.sniffing.document import job_text
from ingest.sniffing.look import look_at
from ingest.sniffing.sample import write_sample
from ingest.sniffing.table import Table
from ingest.testing.golden import write_golden

UNKNOWN_OWNER = "owner@example.org"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def main(argv: Sequence[str] | None = None) -> int:
    """Write a job, its sample and its expected rows; say what was found and what to type next."""
    options = parser(
        "init",
        "Look at a file, a folder of them or a glob, and write a commented job for it, with a\n"
        "sample and what must come of that. The job runs as it is.",
        "ingest init downloads/orders.csv --name orders",
    )
    add_conf(options)
    options.add_argument(
        "path", help="CSV, JSON Lines or Parquet; compressed with gzip or zstd too"
    )
    options.add_argument("--name", help="what to call the job (from the path)")
    options.add_argument("--force", action="store_true", help="replace a job of that name")
    arguments = options.parse_args(argv)
    name = job_name(arguments.name, arguments.path)
    conf = arguments.conf or Path(os.environ.get("INGEST_CONF") or "conf")
    job, folder = conf / "job" / f"{name}.yaml", Path("jobs") / name
    if not arguments.force:
        refuse_existing(name, job, folder)
    table = look_at(arguments.path)
    for line in found(table):
        print(line)
    owner = git_email() or UNKNOWN_OWNER
    make_folder(job.parent)
    job.write_text(job_text(table, name, owner), encoding="utf-8")
    print(f"\nwritten:\n  {job}")
    for part in ("sample", "expected"):
        remove_tree(folder / part)
    for file in [*write_sample(table, folder / "sample"), *write_golden(name, conf)]:
        print(f"  {file}")
    conf_option = f" --conf {arguments.conf}" if arguments.conf else ""
    print(
        "\nnext:\n"
        f"  look at it and say what its columns mean: {job}\n"
        f"  ingest preview{conf_option} +job={name}\n"
        f"  ingest run{conf_option} +job={name}"
    )
    return 0


def job_name(name: str | None, path: str) -> str:
    """Return the job's name: as given, or made from the last part of the path that is no glob.

    Raises:
        ConfigError: a job cannot be called so.
    """
    if name is None:
        plain = [
            part for part in path.split("/") if part.strip(".") and not set("*?[=") & set(part)
        ]
        words = re.sub(r"[^a-z0-9]+", "_", plain[-1].split(".")[0].lower()) if plain else ""
        name = re.sub(r"^[^a-z]+", "", words).strip("_") or "my_job"
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f'--name: "{name}": not the name of a job. Names are lower-case letters, digits and _, '
            "and begin with a letter. Example: --name orders_2013"
        )
    return name


def refuse_existing(name: str, job: Path, folder: Path) -> None:
    """Refuse to write over a job, or over another one's sample.

    Raises:
        ConfigError: it exists.
    """
    existing = [
        str(path) for path in (job, folder / "sample", folder / "expected") if path.exists()
    ]
    if existing:
        raise ConfigError(
            f"{existing[0]}: exists: there is a job {name}. Write --force to replace its file, "
            "sample and expected rows, or --name OTHER"
        )


def found(table: Table) -> list[str]:
    """Say in a few lines what was found."""
    listing = table.listing
    files = "1 file" if len(listing.files) == 1 else f"{len(listing.files):,} files"
    lines = [f"found {files}, {listing.bytes:,} bytes: {table.summary}"]
    lines += [
        f"  {name}: {option.value!r}" + (f" ({option.why})" if option.why else "")
        for name, option in table.options.items()
        if name not in {"columns", "header"}
    ]
    width = max(len(column.name) for column in table.columns)
    lines += [
        f"  {column.name:<{width}}  {column.type}"
        + (f" {column.kind.format}" if column.kind.format else "")
        + (f"  ({column.note})" if column.note else "")
        for column in table.columns
    ]
    if table.bad:
        lines.append(
            f"up to {table.bad:.1%} of the sampled records are malformed: the quarantine gets them"
        )
    lines += [f"passed over: {uri}" for uri in listing.passed_over]
    lines += listing.remarks
    return lines


def git_email() -> str | None:
    """Return the address that Git knows its user by, if there is one."""
    try:
        answer = subprocess.run(
            ["git", "config", "user.email"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=False,
            timeout=2,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(guarded(main))
