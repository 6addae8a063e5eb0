"""What the documentation of jobs lacks: for CI, which fails then."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.documenting.collecting import OURS, JobDocs
from ingest.documenting.readme import MARK, files

UNKNOWN_OWNER = "owner@example.org"
"""What `ingest init` writes where nobody can tell."""
BUILD = "Write it again with: ingest docs build"


def problems(pages: Iterable[JobDocs]) -> list[str]:
    """Return what is missing or stale, a line for each."""
    pages = list(pages)
    return [*(line for page in pages for line in lacking(page)), *stale(pages)]


def lacking(page: JobDocs) -> Iterator[str]:
    """Say what a job's file does not tell."""
    where, job = f"{page.file}", page.job
    if not job.owner.strip() or job.owner.strip() == UNKNOWN_OWNER:
        yield f'{where}: owner: "{job.owner}". Write an address that people can write to'
    if not job.description.strip():
        yield f"{where}: description: empty. Say which data the job moves, and for whom"
    if not job.contract.columns:
        yield f"{where}: contract.columns: empty. List the columns of the output"
    for name, column in job.contract.columns.items():
        if not column.description.strip():
            yield (
                f"{where}: contract.columns.{name}: no description. Write: "
                f"{name}: {{type: {column.type!r}, description: What it means.}}"
            )
    for output in page.columns:
        if not output.listed and not output.name.startswith(OURS):
            yield (
                f"{where}: contract.columns: column {output.name} of the output is missing. Write: "
                f"{output.name}: {{type: {output.type!r}, description: What it means.}}"
            )


def stale(pages: Iterable[JobDocs]) -> Iterator[str]:
    """Say which generated pages are not as they would be generated now.

    What somebody wrote instead is passed, and so is a repository that has no such pages yet.
    """
    texts = files(pages)
    there = {path: path.read_text(encoding="utf-8") for path in texts if path.is_file()}
    if not any(MARK in text for text in there.values()):
        return
    for path, text in texts.items():
        if path not in there:
            yield f"{path}: missing. {BUILD}"
        elif MARK in there[path] and there[path] != text:
            yield f"{path}: stale: the job has changed since it was generated. {BUILD}"


def written(pages: Iterable[JobDocs], folder: Path | None = None) -> Iterator[tuple[Path, bool]]:
    """Write the generated pages; yield each path, and whether it stays as somebody wrote it."""
    for name, text in files(pages).items():
        path = (folder or Path()) / name
        there = path.read_text(encoding="utf-8") if path.is_file() else None
        is_own = there is not None and MARK not in there
        if not is_own and there != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield path, is_own
