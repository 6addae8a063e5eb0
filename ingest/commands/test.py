"""`ingest test`: run jobs over their samples and compare with their expected rows."""

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.commands.base import add_conf, add_json, parser, report
from ingest.config.load import jobs
from ingest.core.counts import counted
from ingest.core.errors import ConfigError, IngestError
from ingest.core.names import hint
from ingest.testing.samples import check_sample, folder_of, has_sample

EXAMPLE = (
    "ingest test\n  ingest test orders\n  ingest test orders --update                       "
    "(accept the current result)"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Test all jobs of the folder, or those named; return 1 if one does not give what it should."""
    options = parser(
        "test",
        "Run jobs on the rows in jobs/NAME/sample/ and compare the result with the rows in "
        "jobs/NAME/expected/. Publishes nothing and records no run. The exit code is 0 if all "
        "jobs give the expected rows, and 1 if not.",
        EXAMPLE,
    )
    add_conf(options)
    options.add_argument("jobs", nargs="*", metavar="NAME", help="names of jobs (default: all)")
    options.add_argument(
        "--update", action="store_true", help="replace jobs/NAME/expected/ with the current result"
    )
    add_json(options, "the result of each job")
    arguments = options.parse_args(argv)
    names = jobs(arguments.conf)
    if unknown := [name for name in arguments.jobs if name not in names]:
        raise ConfigError(*(_unknown(name, names) for name in unknown))
    if arguments.json:
        return _as_json(arguments, arguments.jobs or names)
    results = [
        _tested(name, arguments.conf, update=arguments.update) for name in arguments.jobs or names
    ]
    tested = [ok for ok in results if ok is not None]
    none = len(results) - len(tested)
    if none and not tested:
        report(f"{counted(none, 'job')} without a sample: nothing was tested")
    else:
        untested = f", {none} without a sample" if none else ""
        give = "gives" if len(tested) == 1 else "give"
        report(f"{sum(tested)} of {counted(len(tested), 'job')} {give} the expected rows{untested}")
    failed = not all(tested) or (none and arguments.jobs)
    return IngestError.exit_code if failed else 0


def _as_json(arguments: Namespace, names: Sequence[str]) -> int:
    pages: list[dict[str, Any]] = []
    for name in names:
        if not has_sample(name):
            pages.append({"job": name, "tested": False, "ok": not arguments.jobs})
            continue
        try:
            result = check_sample(name, arguments.conf, update=arguments.update)
        except IngestError as error:
            pages.append({"job": name, "tested": True, "ok": False, "error": str(error)})
        else:
            page = {"job": name, "tested": True, "ok": not result.differences}
            pages.append({**page, **asdict(result)})
    report(json.dumps(pages, indent=1))
    return 0 if all(page["ok"] for page in pages) else IngestError.exit_code


def _tested(name: str, conf: Path | None, *, update: bool) -> bool | None:
    """Test one job and say what came of it; return None if it has no sample."""
    folder = folder_of(name)
    if not has_sample(name):
        report(
            f"{name}: no sample. Put some input files into {folder}/sample/, then type: ingest "
            f"test {name} --update"
        )
        return None
    try:
        result = check_sample(name, conf, update=update)
    except IngestError as error:
        report(f"{name}: failed")
        report("\n".join(f"  {line}" for line in str(error).splitlines()))
        return False
    came = f"{counted(result.rows, 'row')} written, {result.rejected:,} rejected"
    if update:
        report(f"{name}: {came}; {folder}/expected/ was updated")
        if result.real:
            report(
                f"  warning: {folder}/expected/ has values of private columns "
                f"({', '.join(result.real)}) as the sample gives them. If they belong to real "
                "people, replace them in the sample with invented values, then update again"
            )
    elif not result.differences:
        report(f"{name}: ok: {came}, as expected")
    else:
        report(f"{name}: differs from {folder}/expected/")
        report("\n".join(f"  {line}" for line in result.differences))
        report(f"  to accept the current result: ingest test {name} --update")
    return not result.differences


def _unknown(name: str, names: Sequence[str]) -> str:
    known = f"Known jobs: {', '.join(names)}" if names else "There are no job files"
    return f'no such job "{name}". {hint(name, names)}{known}'
