"""`ingest init`: look at a file or folder and write a job for it."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.commands.base import add_conf, add_json, parser, report
from ingest.commands.git import tracks, user_email
from ingest.config.load import load
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, IngestError
from ingest.driver.planning import draft
from ingest.driver.tasks import context_of
from ingest.job import Job
from ingest.sniffing.columns import Column
from ingest.sniffing.document import job_text
from ingest.sniffing.look import look_at
from ingest.sniffing.sample import write_sample
from ingest.sniffing.table import Table
from ingest.storage.tree import make_folder
from ingest.testing.golden import work_over, write_lines
from ingest.watch.summary import size

UNKNOWN_OWNER = "owner@example.org"
LONGEST_SHOWN = 60
PARTS = ("sample", "expected")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def main(argv: Sequence[str] | None = None) -> int:
    """Write a job, its sample and its expected rows; say what was found and what to type next."""
    options = parser(
        "init",
        "Inspect files and write a job for them that is ready to run: conf/job/NAME.yaml. Also "
        "copies the first rows to jobs/NAME/sample, and the result of the job for them to "
        "jobs/NAME/expected, as a test. Reports what it found, and where it was not sure.",
        "ingest init downloads/orders.csv\n  ingest init downloads/ --name orders\n  ingest "
        "init 'in/**/*.jsonl.gz' --name events      (in quotes, or the shell expands it)",
    )
    add_conf(options)
    options.add_argument(
        "path",
        metavar="PATH",
        help=(
            "a file, a folder or a pattern such as 'in/*.csv'; CSV, JSON Lines or Parquet, also "
            "compressed with gzip or zstd"
        ),
    )
    options.add_argument("--name", help="the name of the job (default: made from the path)")
    options.add_argument(
        "--force", action="store_true", help="replace an existing job with this name"
    )
    options.add_argument(
        "--no-sample",
        action="store_true",
        help="write only the job: copy no rows to jobs/NAME/",
    )
    add_json(options, "what was found, and the files that were written,")
    arguments = options.parse_args(argv)
    name = job_name(arguments.name, arguments.path)
    conf = arguments.conf or Path(os.environ.get("INGEST_CONF") or "conf")
    job, folder = conf / "job" / f"{name}.yaml", Path("jobs") / name
    if not arguments.force:
        refuse_existing(name, job, folder)
    table = look_at(arguments.path)
    told_in_git = [warning(table, folder)] if not arguments.no_sample and tracks(folder) else []
    if not arguments.json:
        for line in (*found(table), *told_in_git):
            report(line)
    text = job_text(table, name, user_email() or UNKNOWN_OWNER)
    with tempfile.TemporaryDirectory(prefix="ingest-init-") as scratch:
        prove(Path(scratch), table, name, text, conf)
        files = install(Path(scratch), job, folder, () if arguments.no_sample else PARTS)
    if arguments.json:
        page = {"job": name, **page_of(table), "warnings": told_in_git}
        report(json.dumps({**page, "written": list(map(str, files))}))
        return 0
    report("\n".join(["\nwritten:", *(f"  {file}" for file in files)]))
    conf_option = f" --conf {arguments.conf}" if arguments.conf else ""
    report(
        f"\nnext:\n  review the job, and describe its columns: {job}\n  ingest "
        f"preview{conf_option} {name}    (shows the result for some rows)\n  ingest "
        f"run{conf_option} {name}"
    )
    if not arguments.no_sample:
        report(
            f"  ingest test{conf_option} {name}       "
            "(after you change the job: is the result the same?)"
        )
    return 0


def prove(scratch: Path, table: Table, name: str, text: str, conf: Path) -> None:
    """Write a job with its sample in a folder of its own, load it, plan it and run it there.

    Raises:
        ConfigError: it does not run, and why.
    """
    file = scratch / "conf" / "job" / f"{name}.yaml"
    file.parent.mkdir(parents=True)
    for entry in conf.iterdir() if conf.is_dir() else ():
        if entry.name != "job":  # what the user's jobs are composed with holds for this one too
            (scratch / "conf" / entry.name).symlink_to(entry.absolute())
    file.write_text(text, encoding="utf-8")
    sample = scratch / "jobs" / name / "sample"
    write_sample(table, sample)
    try:
        loaded = load(Job, scratch / "conf", [f"+job={name}", "cluster=inline"])
        context = context_of(loaded.job, "init", datetime.now(UTC))
        next(iter(draft(loaded.job, context, loaded.place, workers=1).partitions), None)
        lines = work_over(loaded, sample, root=scratch)
    except IngestError as error:
        first = str(error).replace(f"{scratch}/", "").splitlines()[0].rstrip(".")
        raise ConfigError(
            f"{table.listing.path}: no job was written, because it would not run: {first}. Fix "
            "the files, or name other files"
        ) from None
    write_lines(scratch / "jobs" / name / "expected", lines)


def install(scratch: Path, job: Path, folder: Path, parts: Sequence[str] = PARTS) -> list[Path]:
    """Move what has been proven to its place, the job's file last; return what was written.

    What another job of that name had for a sample goes, also where no other one comes.

    Raises:
        ConfigError: it cannot be written there; then nothing of it is.
    """
    proven = scratch / "jobs" / folder.name
    staged = folder.parent / f".{folder.name}.{os.getpid()}"
    draft_file = job.with_name(f".{job.name}.{os.getpid()}")
    try:
        make_folder(job.parent)
        make_folder(folder.parent)
        staged.mkdir()
        for part in parts:
            shutil.copytree(proven / part, staged / part)
        shutil.copyfile(scratch / "conf" / "job" / job.name, draft_file)
        make_folder(folder)
        away = [(folder / part, staged / f"old_{part}") for part in PARTS]
        move_all([*away, *((staged / part, folder / part) for part in parts), (draft_file, job)])
    except OSError as error:
        raise ConfigError(
            f"{error.filename or job}: cannot be written: {error.strerror}. Nothing was written"
        ) from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        with suppress(OSError):
            draft_file.unlink()
    written = (path for part in parts for path in (folder / part).rglob("*"))
    return [job, *sorted(path for path in written if path.is_file())]


def move_all(moves: Sequence[tuple[Path, Path]]) -> None:
    """Rename what is there of several files and folders, all of it or nothing."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            if source.exists():
                source.rename(target)
                done.append((source, target))
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise


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
            f'--name: "{name}": not a valid job name. A name has lower-case letters, digits '
            "and _, and begins with a letter. Example: --name orders_2013"
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
            f'{existing[0]}: there is already a job "{name}". To replace its file, sample and '
            "expected rows, add --force. To keep it, choose another name: --name OTHER"
        )


def page_of(table: Table) -> dict[str, Any]:
    """Return what was found as plain data; a column's form is that of its texts, or empty."""
    listing = table.listing
    return {
        "files": len(listing.files),
        "bytes": listing.bytes,
        "summary": table.summary,
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "format": str(column.kind.options().get("format", "")),
                "private": column.private,
            }
            for column in table.columns
        ],
        "sampled": table.rejects.records,
        "rejected": table.rejects.count,
        "skipped": list(listing.passed_over),
        "remarks": list(listing.remarks),
        "not_sure": doubts(table),
    }


def doubts(table: Table) -> list[str]:
    """Say what is not sure, a line for each."""
    notes = (f"{shown(one.name)}: {one.note}" for one in table.columns if one.note)
    return [*table.unsure, *notes]


def found(table: Table) -> list[str]:
    """Say in a few lines what was found, and what of it is not sure."""
    listing = table.listing
    files = counted(len(listing.files), "file")
    lines = [f"found {files}, {size(listing.bytes)}: {table.summary}"]
    lines += [
        f"  {name}: {'null' if option.value is None else repr(option.value)}"
        + (f" ({option.why})" if option.why else "")
        for name, option in table.options.items()
        if name not in {"columns", "header"}
    ]
    names = [shown(column.name) for column in table.columns]
    width = max(map(len, names))
    lines += [
        f"  {name:<{width}}  {column.type}" + "".join(f" {told}" for told in told_of(column))
        for name, column in zip(names, table.columns, strict=True)
    ]
    if table.rejects.count:
        lines.append(f"{table.rejects}: {why_rejected(table)}")
    lines += [f"skipped: {uri}" for uri in listing.passed_over]
    lines += listing.remarks
    unsure = doubts(table)
    return [*lines, *(["not sure:"] if unsure else []), *(f"  {doubt}" for doubt in unsure)]


def why_rejected(table: Table) -> str:
    """Say why sampled records would be rejected: how many are malformed, how many do not fit."""
    count = table.rejects.count
    malformed = min(count, max(0, table.rejects.records - table.rows))
    misfits = count - malformed
    why = [f"{malformed:,} malformed"] if malformed else []
    why += [f"{misfits:,} with a value that is not of its column's type"] if misfits else []
    return ", ".join(why)


def told_of(column: Column) -> list[str]:
    """Return how a column's texts are written, if not plainly, and why it is marked as private."""
    forms = [str(value) for name, value in column.kind.options().items() if name == "format"]
    return [*forms, *([f"pii: {column.private}"] if column.private else [])]


def warning(table: Table, folder: Path) -> str:
    """Say that rows are about to be copied to where Git tracks them, and how to prevent it."""
    names = [shown(column.name) for column in table.columns if column.private]
    hidden = f"; the values of {', '.join(names)} were replaced by invented ones" if names else ""
    return (
        f"warning: rows of your files were copied to {folder}/{hidden}. Git does not ignore this "
        f"folder, so you may commit them. To copy no rows: ingest init ... --no-sample --force"
    )


def shown(name: str) -> str:
    """Return a column's name as one line of bearable length."""
    plain = "".join(char if char.isprintable() else "?" for char in name)
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}..."
