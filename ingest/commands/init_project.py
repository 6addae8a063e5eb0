"""`ingest init-project`: lay out a repository for jobs. It only adds what is missing."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ingest import __version__
from ingest.commands.base import add_json, parser, report
from ingest.commands.git import user_email
from ingest.commands.init import UNKNOWN_OWNER
from ingest.core.errors import ConfigError
from ingest.storage.tree import write_once

TEMPLATES = Path(__file__).parent / "project"
"""The files as they are written, but for `@owner@` and the like; `dot_` stands for a leading dot,
so that neither Git nor the build of the wheel takes a template for its own settings."""

IGNORE = ".gitignore"
JOBS = "conf/job"
EXAMPLE = "conf/job/example.yaml"
OF_EXAMPLE = ("conf/", "jobs/")
ROWS = ("data", ".ingest", ".venv")
"""Folders that do not belong into Git: published rows, records of runs, installed packages."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write what is missing of a repository; say what was written, and what was there."""
    options = parser(
        "init-project",
        "Create a repository for jobs: an example job with its sample and expected rows, "
        "requirements, CI files, an image, .gitignore and a README. Adds missing files and never "
        "changes existing ones.",
        "ingest init-project shop && cd shop && ingest run example\n  ingest init-project "
        ".                             (the current folder)",
    )
    options.add_argument(
        "folder", metavar="DIR", help="the folder of the repository; created if missing"
    )
    add_json(options, "the files that were written, and those that were kept,")
    arguments = options.parse_args(argv)
    root = Path(arguments.folder)
    scratch = root / f".init-project.{os.getpid()}"
    written: list[str] = []
    try:
        texts = files(root)
        refuse_files_for_folders(root, texts)
        texts = wanted(root, texts)
        for name, text in texts.items():
            if write_once(root / name, [text.encode()], scratch):
                written.append(name)
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: cannot be written: {error.strerror}. Written so far: "
            f"{', '.join(written) or 'nothing'}. Run the same command again to add the missing "
            "files"
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    kept = [name for name in texts if name not in written]
    if arguments.json:
        report(json.dumps({"folder": str(root), "written": sorted(written), "kept": sorted(kept)}))
    else:
        report("\n".join(told(root, written, kept)))
    return 0


def files(root: Path) -> dict[str, str]:
    """Return the text of each file by its place."""
    words = {
        "owner": quoted(user_email() or UNKNOWN_OWNER),
        "project": root.resolve().name,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "version": __version__,
    }
    return {
        str(file.relative_to(TEMPLATES)).replace("dot_", "."): filled(file, words)
        for file in sorted(TEMPLATES.rglob("*"))
        if file.is_file()
    }


def quoted(text: str) -> str:
    """Return a text as it stands between double quotes in YAML, which reads JSON's."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def filled(template: Path, words: Mapping[str, str]) -> str:
    """Return a template's text with its words filled in."""
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def refuse_files_for_folders(root: Path, names: Mapping[str, str]) -> None:
    """Refuse, before anything is written, to write below what is no folder.

    Raises:
        ConfigError: all places where a file stands instead of one.
    """
    folders = {
        *(root, *root.parents),
        *((root / name).parents[up] for name in names for up in range(name.count("/"))),
    }
    wrong = sorted(str(folder) for folder in folders if folder.exists() and not folder.is_dir())
    if wrong:
        raise ConfigError(
            *((
                f"{name}: is a file, but must be a folder. Nothing was written. Move it, or name "
                "another folder"
            ) for name in wrong)
        )  # fmt: skip


def wanted(root: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the files to write, the example's job last; without the example where jobs are."""
    jobs = [path.read_text("utf-8", "replace") for path in (root / JOBS).rglob("*.yaml")]
    if any(job != texts[EXAMPLE] for job in jobs):
        return {name: text for name, text in texts.items() if not name.startswith(OF_EXAMPLE)}
    return {
        **{name: text for name, text in texts.items() if name != EXAMPLE},
        EXAMPLE: texts[EXAMPLE],
    }


def told(root: Path, written: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    """Say what was written, what was there, and what to type next."""
    yield f"written to {root}:" if written else f"{root}: complete, nothing was written"
    yield from (f"  {name}" for name in sorted(written))
    if kept:
        yield "kept unchanged:"
        yield from (f"  {name}" for name in sorted(kept))
    if IGNORE in kept and (lines := unlisted(root / IGNORE)):
        yield f"{IGNORE} does not list these folders, so Git would track them: {', '.join(lines)}"
    has_example = EXAMPLE in written or EXAMPLE in kept
    if not has_example:
        yield f"{JOBS} has jobs already: no example was written"
    yield "\nnext:"
    yield from [f"  cd {shlex.quote(str(root))}"] if root.resolve() != Path.cwd() else []
    yield from ["  ingest run example"] if has_example else []
    yield "  ingest init PATH --name NAME     (a job for your own files)"
    if "requirements.txt" in written:
        yield "  put the wheel of ingest into wheels/, for CI and colleagues: see requirements.txt"


def unlisted(ignore: Path) -> list[str]:
    """Return the folders of rows and records that a .gitignore does not have as a line."""
    lines = {line.strip().strip("/") for line in ignore.read_text("utf-8", "replace").splitlines()}
    return [name for name in ROWS if name not in lines]
