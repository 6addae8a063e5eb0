"""The pages about what is written in a job: from the classes and their examples."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import yaml

from ingest.checks import CHECKS, contract
from ingest.core import type_aliases
from ingest.core import types as column_types
from ingest.core.marks import decided_by
from ingest.core.model import Model
from ingest.core.values import moments, texts
from ingest.execution import Execution, Retry
from ingest.job import Cluster, Job
from ingest.sinks import SINKS
from ingest.sources import SOURCES
from ingest.sources.text import grammar as csv_grammar
from ingest.storage.connections import CONNECTIONS
from ingest.testing.sinks import LAWS
from ingest.transforms import TRANSFORMS
from tests.docs import examples
from tests.docs.options import doc, flat, markdown, table, type_of

CLUSTERS: tuple[type[Model], ...] = get_args(Cluster)


def job() -> str:
    """Return the page about the job as a whole, and the parts that are no types."""
    parts = [
        "# Job",
        (
            f"{doc(Job)} How files, groups and the command line make one job: "
            "[Configure a job](../guides/configuration.md)."
        ),
        table(Job),
        f"```yaml\n# @package _global_\n{as_yaml(examples.JOB)}```",
        "## Contract",
        doc(contract.Contract),
        table(contract.Contract),
        shown("contract", examples.CONTRACT),
        "### How a row is checked",
        markdown(str(contract.__doc__).partition("\n\n")[2]),
        "### Types of columns",
        body(column_types),
        f"Type names of SQL and Spark work too: {other_names()}.",
        "## Execution",
        doc(Execution),
        table(Execution),
        shown("execution", examples.EXECUTION),
        "### Retry",
        doc(Retry),
        table(Retry),
        "## Cluster",
        (
            "Where partitions are processed: [Workers](../concepts/workers.md). Choose it by name, "
            "`cluster=local` on the command line, or write it in the job."
        ),
        *listed(CLUSTERS, examples.CLUSTERS, "cluster", level=3),
        "## What a change does to an unfinished run",
        consequences(),
    ]
    return page(parts)


CONSEQUENCES = {
    "rows": "Other rows would come out: a run cannot be resumed with it.",
    "place": "The rows would go elsewhere: a run cannot be resumed with it.",
    "later": "A resumed run keeps the value that it was planned with.",
    "nothing": "It can be changed at any time.",
    "outside": "It is not part of the run, and not compared.",
}


def consequences() -> str:
    """Return the table of what settings decide, by the marks on their fields."""
    keys: dict[str, dict[str, None]] = {decided: {} for decided in CONSEQUENCES}
    for key, decided in marked(Job):  # several types of source have the same keys
        keys[decided][f"`{key}`"] = None
    lines = (f"| {', '.join(keys[each])} | {text} |" for each, text in CONSEQUENCES.items())
    return "\n".join(["| settings | a change |", "|---|---|", *lines])


def marked(model: type[Model], key: str = "", above: str = "nothing") -> Iterator[tuple[str, str]]:
    """Yield the keys of a model that decide something else than what they stand below.

    At the top, all of them.
    """
    for name, field in model.model_fields.items():
        decided, written = decided_by(field) or above, f"{key}{field.alias or name}"
        if not key or decided != above:
            yield written, decided
        for below in parts_of(field.annotation):
            yield from marked(below, f"{written}.", decided)


def parts_of(kind: Any) -> list[type[Model]]:
    """Return the models that a field consists of."""
    if isinstance(kind, type) and issubclass(kind, Model):
        return [kind]
    return [model for part in get_args(kind) for model in parts_of(part)]


def other_names() -> str:
    """Return the other names of types, each with ours."""
    names = {**type_aliases.ALIASES, "numeric(p,s)": "decimal(p,s)"}
    return ", ".join(f"`{other}` (`{ours}`)" for other, ours in names.items())


def sources() -> str:
    """Return the page about sources."""
    parts = [
        "# Sources",
        (
            "A source reads rows: `source` in a [job](job.md). Every record becomes a row, is "
            "filtered by an option and counted, or is rejected with its file, line, reason and "
            "original text. The contract's [`on_error`](job.md#contract) says what happens to "
            "rejected records."
        ),
        *listed(SOURCES.builtin, examples.SOURCES, "source"),
        "## CSV records (`csv_grammar`)",
        body(csv_grammar),
        "## Values as text (`core.texts`)",
        body(texts),
        "## Dates and times as text (`core.moments`)",
        body(moments),
    ]
    return page(parts)


def transforms() -> str:
    """Return the page about steps."""
    parts = [
        "# Transforms",
        (
            "Steps change rows, one after the other: `transforms` in a [job](job.md). Steps of "
            "scope `row` give the same result however the input is split into "
            "[partitions](../concepts/partitions.md). Steps of scope `partition` see all rows of "
            "one partition, but no others. Dropped rows are counted, as `filtered` unless "
            "documented otherwise."
        ),
        *listed(TRANSFORMS.builtin, examples.TRANSFORMS, "transforms"),
    ]
    return page(parts)


def checks() -> str:
    """Return the page about checks."""
    parts = [
        "# Checks",
        (
            "Rules that every row must pass: `checks` in a job's [contract](job.md#contract). Null "
            "passes every check except `not_null`, as in SQL's CHECK. Checks of scope `partition` "
            "come last, and only see rows that pass all others."
        ),
        *listed(CHECKS.builtin, examples.CHECKS, "checks"),
    ]
    return page(parts)


def sinks() -> str:
    """Return the page about sinks."""
    parts = [
        "# Sinks",
        (
            "Where rows go: `sink` in a [job](job.md). What readers see while a run is published: "
            "[Publishing](../concepts/publishing.md). A path is a folder of a local or mounted "
            "disk, or a place in a bucket: [Object stores](../guides/object-stores.md)."
        ),
        *listed(SINKS.builtin, examples.SINKS, "sink"),
        "## What every sink keeps",
        (
            "The laws of sinks, `ingest.testing.sinks`, are checked for each of these in every "
            "test run. A law about a disposition is for those sinks that have it."
        ),
        scoreboard(),
        "\n".join(f"- {flat(str(law.__doc__))}" for law in LAWS),
    ]
    return page(parts)


SUBJECTS = (
    ("`parquet`, `csv`, `jsonl`", "local disk", "types/test_sinks.py"),
    ("`parquet`, `csv`, `jsonl`", "S3 (Ceph)", "services/test_directory_sinks.py"),
    ("`delta`", "local disk", "types/test_sinks.py"),
    ("`delta`", "S3 (Ceph)", "services/test_delta.py"),
    ("`postgres`", "PostgreSQL 15", "services/test_postgres_laws.py"),
    ("a sink of another package", "SQLite", "extensions/test_toys.py"),
)


def scoreboard() -> str:
    """Return the table of sinks that are held against all laws, by the tests that do so."""
    lines = ["| sink | place | laws | checked by |", "|---|---|---|---|"]
    for sink, place, name in SUBJECTS:
        test = Path("tests", name)
        assert 'parametrize("law", LAWS' in test.read_text(), f"{test} checks no laws"
        lines.append(f"| {sink} | {place} | {len(LAWS)} | `{test}` |")
    return "\n".join(lines)


def connections() -> str:
    """Return the page about connections."""
    parts = [
        "# Connections",
        (
            "A connection says where a bucket or a database is and how it is reached. Write it "
            "once, to `conf/connection/NAME.yaml`, and use its name in jobs: `source.connection`, "
            "`sink.connection`, `contract.quarantine.connection`, `reference.connection` of a "
            "`lookup`, and `state_connection`. How to write, share and test one: [Use object "
            "stores](../guides/object-stores.md), [Use PostgreSQL](../guides/postgres.md). "
            "Secrets are references, `{env: NAME}` or `{file: PATH}`; they are read where they "
            "are used."
        ),
        *listed(CONNECTIONS, examples.CONNECTIONS, ""),
    ]
    return page(parts)


def listed(
    classes: Sequence[type[Model]], shown_by: dict[str, Any], key: str, level: int = 2
) -> list[str]:
    """Return a section for each type: what it is, its options, an example."""
    parts = []
    for cls in classes:
        name = type_of(cls)
        example = {"type": name, **shown_by[name]}
        parts += [f"{'#' * level} {name}", doc(cls), *_nature(cls), table(cls)]
        parts += [shown(key, [example] if key in {"transforms", "checks"} else example)]
    return parts


def shown(key: str, example: Any) -> str:
    """Return an example under its key, if it has one, as a block of YAML."""
    return f"```yaml\n{as_yaml({key: example} if key else example)}```"


def as_yaml(value: Any) -> str:
    """Return plain data as people write it: what is innermost in one line."""
    return str(
        yaml.safe_dump(
            value, sort_keys=False, width=100, allow_unicode=True, default_flow_style=None
        )
    )


def body(module: ModuleType) -> str:
    """Return what a module says of itself."""
    assert module.__doc__
    return markdown(module.__doc__)


def page(parts: Sequence[str]) -> str:
    """Return a page whose first part is its title."""
    note = "<!-- generated from the classes: pytest tests/docs --update-golden -->"
    return "\n\n".join([f"{parts[0]}\n{note}", *(part.rstrip("\n") for part in parts[1:])]) + "\n"


def _nature(cls: type[Model]) -> list[str]:
    if not hasattr(cls, "scope"):
        return []
    drops = getattr(cls, "drops", "filtered")
    if not drops:
        counted = " Never drops rows."
    else:
        counted = f" Dropped rows are counted as `{drops}`." if drops != "filtered" else ""
    return [f"Scope: `{cls.scope}`.{counted}"]
