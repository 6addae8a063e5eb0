"""The page about files on disk. What it says of them, a test compares with a run's own files."""

import ast
import itertools
import re
from collections.abc import Mapping
from pathlib import Path

from ingest.core.types import type_name
from ingest.records import cursors, intents, ledger, plans, runs
from ingest.work import quarantine
from tests.docs.options import flat
from tests.docs.type_pages import page

STATE = {
    "jobs/<job>/runs/<run_id>": "Where each run of the job publishes. It stays when the "
    "run's other records are removed.",
    "jobs/<job>/lease/<n>.json": "Who works on the job: run by run, host, process, when it "
    "started, a token. One run at a time.",
    "jobs/<job>/lease/<n>.beat": "Rewritten every few seconds while that process lives.",
    "jobs/<job>/lease/<n>.end": "Created when that process has released the lease.",
    "targets/<digest>/<n>.json": "The process that publishes to a place, in the same way: two "
    "jobs never do so at the same time. `<digest>` is a hash of the sink's URI.",
    "targets/<digest>/<n>.beat": "As above.",
    "targets/<digest>/<n>.end": "As above.",
    "targets/<digest>/runs/<run_id>.begin": "This run is about to commit and to publish there.",
    "targets/<digest>/runs/<run_id>.end": "The run has published. Between the two files no other "
    "run may publish there.",
    "jobs/<job>/cursor/<output>/<n>.json": "An entry of the job's cursor, with "
    "`source.incremental`: one for each run that was published, and each `ingest cursor` command. "
    "The last one counts. `<output>` is a hash of the sink's place.",
    "jobs/<job>/cursor/<output>/files/<n>-<by>-<k>.parquet": "Files that were read: `uri`, `size`, "
    f"`version`. Up to {cursors.SEGMENT_FILES:,} of them.",
    "runs/<run_id>/job.yaml": "The complete job, with all settings; secrets by name only.",
    "runs/<run_id>/run.json": "Facts that were recorded when the run was created.",
    "runs/<run_id>/plan.json": "The plan, except for its partitions. Written last: the plan is "
    "complete when this file exists.",
    "runs/<run_id>/plan/<part>.parquet": f"The partitions, {plans.PART_ROWS:,} in a file.",
    "runs/<run_id>/ledger/<seq>.jsonl": "Everything that happened in the run: up to "
    f"{ledger.FLUSH_EVENTS} events or {ledger.FLUSH_SECONDS:g} s in a file.",
    "runs/<run_id>/publish/<attempt>-<effect>-<n>.jsonl": "What the run publishes, written before "
    f"it is committed: up to {intents.LINES:,} lines in a file, in the sink's own form.",
    "runs/<run_id>/snapshot.json": "A summary of the ledger of a long run so far, rewritten now "
    "and then, so that `ingest status` and `ingest ui` need not read all of it. It may be lost.",
    "runs/<run_id>/status.json": "Which partitions workers have, rewritten every second or less "
    "often during the run, for `ingest ui`. It may be lost.",
    "runs/<run_id>/cancel/<attempt>.json": "Created by `ingest cancel`: this attempt is to stop.",
    "runs/<run_id>/abandoned.json": "The run was discarded, when and why, also if its ledger is "
    "damaged or of another format.",
    "runs/<run_id>/receipt.json": "The account of a run that is done.",
    "runs/<run_id>/removed.json": "The run was removed by `ingest clean`, which writes this file "
    "first. All other records of the run are removed; the plan only when an output that was "
    "appended to contains no rows of the run.",
}
OUTPUT = {
    "<sink>/<run_id>-<partition>-<n>.<suffix>": "Rows. With `partition_by` in folders such as "
    "`month=1/`. A published file never changes.",
    ".ingest-<sink>/manifests/<run_id>.json": "The manifest, beside the folder: what a run has "
    "published there.",
    "<sink>_quarantine/<run_id>-<partition>-<n>.parquet": "Rejected rows, with `on_error: "
    "quarantine`.",
    ".ingest-<sink>_quarantine/manifests/<run_id>.json": "Its manifest.",
}
RUN = {
    "format": f"{runs.FORMAT}. A version of ingest that does not know the number refuses the file.",
    "run_id": "Name of the run; sorts by time.",
    "job": "Name of the job.",
    "loaded_at": "When the run began, UTC. `add_metadata` writes this time, also after a resume.",
    "identity": "SHA-256 of all settings that affect the output. A run can be resumed only "
    "while it is the same.",
    "fingerprints": "Digests of other things that steps depend on: tables, functions, secrets "
    "(with a slow hash). A run is resumed and published only while they are the same.",
    "folder": "The folder where the run was started. Relative paths start there.",
    "arguments": "What was typed after `ingest run`: the job and the settings that were changed.",
    "spent": "With `cluster: auto`, what the estimate of the time is based on: the last published "
    "run, the seconds of its workers and the bytes of its input. A resumed run keeps it.",
    "places": "The absolute paths of source and sinks.",
    "reached_by": "The connections of the outputs that have one, with references to secrets.",
    "before": "The run of the job before this one, and which settings are not as in that run.",
    "submission": "The RayJob that the run belongs to, empty outside of one. Each is one run.",
    "python": "Version of Python.",
    "platform": "Operating system and machine.",
    "cores": "Cores of the driver's machine.",
    "versions": "Versions of the packages that affect the output.",
    "git": "Revision of the working directory, and whether files were changed; empty without Git.",
    "user": "The user who started the run.",
}
PLAN = {
    "format": f"{plans.FORMAT}.",
    "partitions": "How many there are.",
    "files": "How many files are read.",
    "bytes": "Their size, as stored.",
    "inputs": "The source's `path`.",
    "input_schema": "Columns and types as they are read.",
    "output_schema": "Columns and types as they are published.",
    "source_facts": "Other facts for reading the source, such as the header of CSV files.",
    "notes": "Where each column's type came from.",
    "remarks": "Remarks about the inputs: skipped files, files that were named twice, and "
    "columns that not all files have.",
    "lineage": "Which columns of the source, or of lookup tables, each column of the output comes "
    "from, and whether the value was kept (`identity`), computed with (`derived`) or `masked`; and "
    "`filtered_by`: the columns that decide which rows are in the output.",
    "cursor": "With `source.incremental`: the cursor's entry that the plan was made on, how many "
    "files are left out because earlier runs have read them, and how many are read again.",
}
CURSOR = {
    "format": f"{cursors.FORMAT}.",
    "number": "Number of the entry, from 1.",
    "output": "The place that the rows went to.",
    "token": "Who wrote it: the run, or a random word for a command.",
    "by": "`run`, `set` or `reset`.",
    "added": "How many files it added.",
    "files": "How many files count as read after it.",
    "segments": "The objects that list them, oldest first.",
    "position": "The position of a cursor over columns; empty for files.",
    "layout": "Columns and types as the last run has read them.",
    "about": "When, and by which run, host, process and user.",
}
PARTITIONS = {
    "index": "Place in the plan, from 0.",
    "id": "16 hex digits, a hash of the slices: the same inputs give the same id.",
    "bytes": "The size of the partition, as stored.",
    "slices": "The pieces of input that belong to the partition.",
    "slices.uri": "The input.",
    "slices.size": "Its size in bytes when the plan was frozen.",
    "slices.version": "Its etag, or when it was last changed, in ns since 1970.",
    "slices.start": "Where the piece begins: a byte of a text file, a row group of Parquet.",
    "slices.end": "Where it ends, exclusive; -1 is the input's end.",
    "slices.bytes": "The size of the piece, as stored.",
    "slices.changed_ns": "When the inode of a local file was last changed, in ns since 1970.",
}
REMOVED = {
    "format": f"{runs.FORMAT}.",
    "run_id": "Name of the run.",
    "job": "Name of the job; empty if the run never started.",
    "was": "How the run ended: done, abandoned, unfinished or not begun.",
    "started_at": "When the first attempt began, UTC.",
    "ended_at": "When the last one ended, UTC.",
    "rows": "Number of rows read, written, filtered and rejected.",
    "places": "The places that the run published to, by output.",
    "plan": "Whether the plan is kept as long as rows of the run are.",
    "at": "When it was removed, UTC.",
    "host": "The host that removed it,",
    "pid": "its process",
    "user": "and the user.",
}
RECEIPT = {
    "format": "1.",
    "run_id": "Name of the run.",
    "job": "Name, owner, description and tags.",
    "started_at": "When the first attempt began, UTC.",
    "attempts": "Number of attempts.",
    "cluster": "The cluster of the last attempt, and the reason if `auto` chose it.",
    "config": "As in `run.json`.",
    "inputs": "Path, number of files, bytes, files that were left out because earlier runs have "
    "read them, whether nothing was new, schema, where each type came from, and remarks.",
    "partitions": "Number of partitions, of tries, and of retries among them.",
    "books": "For each step: rows in, added, dropped by reason, out.",
    "errors": "Rejected rows by reason.",
    "warnings": "Warnings, such as inputs that were appended before.",
    "outputs": "For `main` and `quarantine`: place, type, disposition, rows, bytes, files, and how "
    "many files were removed.",
    "effects": "For each effect: rows, and how many of them were inserted, updated or ignored at "
    "the target; `prepared` names the list of what was published, with its SHA-256.",
    "schema": "Columns and types as they were published.",
    "lineage": "Which columns of the source each of them comes from: see plan.json.",
    "seconds": "Elapsed time of planning, processing and publishing; `workers` is the sum over all "
    "workers, by step.",
    "last_attempt": "Rows read by the last attempt, and its elapsed times.",
    "peak_bytes": "The highest memory use of the driver and of a worker.",
}
MANIFEST = {
    "format": "1.",
    "run_id": "The run that wrote it.",
    "job": "Name of the job.",
    "owner": "Its owner.",
    "output": "`main` or `quarantine`.",
    "type": "The sink's type.",
    "disposition": "Its `write_disposition`.",
    "partition_by": "The columns that became folders.",
    "reading": "Options that a reader needs: delimiter, header, compression.",
    "schema": "Columns and types.",
    "rows": "Rows in all files together.",
    "files": "Each file's name, rows, bytes and SHA-256.",
    "replaced": "The files of earlier runs that this run has replaced.",
}


def files() -> str:
    """Return the page."""
    columns = "".join(
        f"| `{name}` | {flat(type_name(kind))} |\n"
        for name, kind in quarantine.QUARANTINE_SCHEMA.items()
    )
    parts = [
        "# Files on disk",
        (
            "All of them can be read with `ls`, `cat` and a Parquet reader. They are created once "
            "and never changed, but for `status.json`, `snapshot.json` and the `.beat` files, and "
            "removed by `ingest clean` only. Why they are as they are: "
            "[Recovery](../concepts/recovery.md), [Publishing](../concepts/publishing.md)."
        ),
        "## State",
        "In the folder `state`, by default `.ingest`.",
        _table("file", STATE),
        "## Output",
        (
            "At the sink's `path`. Files beside it during a run: "
            "[Publishing](../concepts/publishing.md#where-things-are)."
        ),
        _table("file", OUTPUT),
        "## run.json",
        _table("key", RUN),
        "## The plan",
        "`plan.json`:",
        _table("key", PLAN),
        "`plan/*.parquet`, a row for each partition:",
        _table("column", PARTITIONS),
        "## The cursor",
        "See [Only new files](../guides/only-new-files.md).",
        _table("key", CURSOR),
        "## The ledger",
        (
            "JSON Lines. The first line of a file says which attempt wrote it (`format`, "
            "`attempt`, `writer`) and how many `events` follow, one in a line: "
            "[Events](events.md)."
        ),
        "## receipt.json",
        _table("key", RECEIPT),
        "## removed.json",
        (
            "What is left of a run that `ingest clean` has removed: "
            "[Cleaning up](../concepts/recovery.md#clean-up)."
        ),
        _table("key", REMOVED),
        "## The manifest",
        "`.ingest-<sink>/manifests/<run_id>.json`, beside the folder of the published files:",
        _table("key", MANIFEST),
        "## The quarantine",
        f"| column | type |\n|---|---|\n{columns}",
        flat(attribute_doc(quarantine.__file__, "QUARANTINE_SCHEMA").partition("\n\n")[2]),
    ]
    return page(parts)


def attribute_doc(file: str | None, name: str) -> str:
    """Return the text below an assignment in a module."""
    statements = ast.parse(Path(str(file)).read_text(encoding="utf-8")).body
    for one, after in itertools.pairwise(statements):
        named = isinstance(one, ast.AnnAssign) and ast.unparse(one.target) == name
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    raise AssertionError(f"{name} has no text below it in {file}")


def pattern(place: str) -> re.Pattern[str]:
    """Return what matches the names that a place such as `runs/<run_id>/job.yaml` stands for."""
    parts = re.split(r"(<[a-z_]+>)", place)
    return re.compile("".join("[^/]+" if part[:1] == "<" else re.escape(part) for part in parts))


def _table(what: str, rows: Mapping[str, str]) -> str:
    lines = "".join(f"| `{name}` | {text} |\n" for name, text in rows.items())
    return f"| {what} | meaning |\n|---|---|\n{lines}"
