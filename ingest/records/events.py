"""The events of a ledger: a frozen class for each, with its fields, as pages and docs show them.

To add one, write its class here, append it where it happens, and fold it where it counts
(`records/history.py`, `watch/`): the registry, the JSON and the page in the docs come from the
class.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from ingest.core.dataclass import dataclass
from ingest.core.outcome import Outcome, Staged
from ingest.core.partition import Partition
from ingest.core.plain import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What the commit says of an effect's lines: their name, how many, and their SHA-256."""

    name: str
    objects: int
    lines: int
    sha256: str


Phase = Literal["new", "planned", "committed", "done", "abandoned"]


class UnknownEventError(ValueError):
    """An event has a name or a version that this release does not know; its reader says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a run.

    Listeners get the object itself, right after it was appended and before it is durable; they must
    not change what is in it. In a ledger it is a JSON object: `event` has the name, then `version`
    if it is not 1, `at`, and a key for each field.

    `version` grows when a field is added, dropped or gets another meaning. This release reads older
    forms: a field that they lack has a default, and a key that is no field any more is passed over.
    It refuses newer ones, and names that it does not know, however little they may matter to it: an
    event may close partitions or commit the run, and whoever passed over such a one would process
    rows twice or show what is not so.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    classes: ClassVar[dict[str, type["Event"]]] = {}
    """Every class that has a name, by it."""

    at: Annotated[str, "When it was recorded, UTC."] = ""

    def __init_subclass__(cls) -> None:
        """List a class that has a name, unlike those that others are derived from."""
        if "name" in cls.__dict__:
            cls.classes[cls.name] = cls

    @property
    def moment(self) -> float:
        """When it was recorded, in seconds since the epoch; 0 if it was not yet."""
        return datetime.fromisoformat(self.at).timestamp() if self.at else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the event as plain data, as it is written into a ledger."""
        version = {} if self.version == 1 else {"version": self.version}
        return {"event": self.name, **version, **to_plain(self)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Event":
        """Build an event of any class from what `to_json` returned, now or in an earlier release.

        Raises:
            UnknownEventError: it is of a later release.
            LookupError, TypeError: it is damaged.
        """
        name, version = data["event"], data.get("version", 1)
        kind = Event.classes.get(name)
        if kind is None:
            raise UnknownEventError(f'unknown event "{name}"')
        if version > kind.version:
            known = f"up to {kind.version}"
            raise UnknownEventError(f'event "{name}" of version {version}, {known} is known')
        return from_plain(kind, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptBegan(Event):
    """A driver has taken the run over. If it only discards the run, most keys are empty."""

    name: ClassVar[str] = "attempt"
    version: ClassVar[int] = 3
    run_id: Annotated[str, "Name of the run."] = ""
    job: Annotated[str, "Name of the job."] = ""
    host: Annotated[str, "The host of the driver,"] = ""
    pid: Annotated[int, "its process"] = 0
    user: Annotated[str, "and the user who started it."] = ""
    submission: Annotated[str, "What it was submitted to a cluster as. From version 2."] = ""
    settings: Annotated[
        tuple[str, ...], "Settings that `ingest resume` was given for this attempt. From version 3."
    ] = ()
    resumed: Annotated[bool, "Whether the run was recorded before."] = False
    phase: Annotated[str, "How far it was: `new`, `planned` or `committed`."] = ""
    settled: Annotated[int, "Number of partitions that were completed before."] = 0
    partitions: Annotated[int, "Number of all partitions, if they were planned before."] = 0
    number: Annotated[int, "Number of the attempt, from 1."] = 0
    changes: Annotated[tuple[str, ...], "Changed settings that do not affect the output."] = ()
    warnings: Annotated[tuple[str, ...], "Warnings. The run continues."] = ()
    notes: Annotated[tuple[str, ...], "What else was reported at the start."] = ()
    cluster: Annotated[str, "Where partitions are processed; empty if none is left."] = ""
    cluster_why: Annotated[str, "The reason if `auto` chose it."] = ""
    seized: Annotated[bool, "Whether earlier events could not be read."] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFrozen(Event):
    """The plan is frozen."""

    name: ClassVar[str] = "planned"
    version: ClassVar[int] = 2
    partitions: Annotated[int, "Number of partitions."]
    files: Annotated[int, "Number of files to read."] = 0
    bytes: Annotated[int, "Their size, as stored."] = 0
    left_out: Annotated[int, "Number of files that earlier runs have read. From version 2."] = 0
    seconds: Annotated[float, "How long planning took."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Event):
    """A partition is completed. It is never processed again."""

    name: ClassVar[str] = "settled"
    outcome: Annotated[Outcome, "What the worker reported."]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTry(Event):
    """A try at a partition failed; what is done about it is the event's class."""

    partition: Annotated[str, "Id of the partition."]
    index: Annotated[int, "Its place in the plan."]
    tries: Annotated[int, "How often it has failed in this way, in this attempt."]
    kind: Annotated[str, "The [class of the failure](errors.md#what-is-tried-again)."]
    message: Annotated[str, "The error."]
    seconds: Annotated[float, "How long the try took."] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(FailedTry):
    """A try failed. The partition is tried again."""

    name: ClassVar[str] = "retry"
    wait_s: Annotated[float, "After how many seconds."]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBegan(FailedTry):
    """A try failed. The partition is searched for the rows that kill its worker."""

    name: ClassVar[str] = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSplit(FailedTry):
    """A try failed. The partition is closed, and its parts are processed instead."""

    name: ClassVar[str] = "split"
    children: Annotated[tuple[Partition, ...], "The parts, as new partitions."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speculated(Event):
    """A partition is slow: a speculative attempt was started."""

    name: ClassVar[str] = "speculate"
    partition: Annotated[str, "Id of the partition."]
    index: Annotated[int, "Its place in the plan."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined(Event):
    """Small files of completed partitions were combined. The new file is published instead."""

    name: ClassVar[str] = "combined"
    output: Annotated[str, "`main` or `quarantine`."]
    index: Annotated[
        int, "The number in the name of the new file, where others have that of a partition."
    ]
    parts: Annotated[
        tuple[tuple[int, int], ...],
        "What was combined: the place of the partition in the plan, and of the file in what it "
        "staged.",
    ]
    bytes: Annotated[int, "How many bytes they had."]
    staged: Annotated[Staged, "The new file."]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersStarting(Event):
    """Workers are being started."""

    name: ClassVar[str] = "starting"
    what: Annotated[str, "What is being started."]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersStarted(Event):
    """The first of them is ready."""

    name: ClassVar[str] = "started"
    what: Annotated[str, "What was started."]
    seconds: Annotated[float, "How long it took."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalled(Event):
    """No partition is being processed."""

    name: ClassVar[str] = "stalled"
    message: Annotated[str, "The reason."]
    seconds: Annotated[float, "For how long."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed(Event):
    """How long a part of the run took."""

    name: ClassVar[str] = "timed"
    what: Annotated[str, "The part: `first_outcome`, `work` or `publish`."]
    seconds: Annotated[float, "Its elapsed time."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """A warning. The run continues."""

    name: ClassVar[str] = "warned"
    message: Annotated[str, "The warning."]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsDiffer(Event):
    """Inputs have changed since the plan was made. Written when a run is resumed."""

    name: ClassVar[str] = "inputs"
    counts: Annotated[
        dict[str, int], "How many inputs: by `changed`, `vanished`, `touched` or `new`."
    ]
    open: Annotated[dict[str, int], "How many of them are not completely read."]
    examples: Annotated[tuple[str, ...], "The first few, with what is different."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Event):
    """The commit: what will be published. Now the run can only be finished."""

    name: ClassVar[str] = "publish_begin"
    effects: Annotated[
        dict[str, IntentFacts], "By effect, in their order, the lines that say what it will do."
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectPublished(Event):
    """An effect is visible: an output, say."""

    name: ClassVar[str] = "published"
    effect: Annotated[str, "`quarantine`, `main`, `cursor`, or one of an installed package."]
    uri: Annotated[str, "Where it is; empty if that is the state."] = ""
    rows: Annotated[int, "Number of rows that were published,"]
    inserted: Annotated[int, "how many of them are new there,"]
    updated: Annotated[int, "how many have replaced a row,"] = 0
    ignored: Annotated[int, "and how many changed nothing."] = 0
    facts: Annotated[dict[str, Any], "What the sink adds, such as the number of files."]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDone(Event):
    """The receipt is written."""

    name: ClassVar[str] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(Event):
    """The attempt ended by an error."""

    name: ClassVar[str] = "failed"
    version: ClassVar[int] = 2
    error: Annotated[str, "The error."]
    kind: Annotated[str, "Its [class](errors.md#what-is-tried-again)."] = ""
    held: Annotated[
        str,
        "What kept the run from being published although its input could be processed: "
        "`error_budget`, `row_counts`, `repeated_keys` or `bad_rows`; mostly empty. From 2.",
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptInterrupted(Event):
    """The attempt was stopped."""

    name: ClassVar[str] = "interrupted"
    version: ClassVar[int] = 2
    by: Annotated[str, "Who stopped it with `ingest cancel`; empty if it was a signal. From 2."] = (
        ""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAbandoned(Event):
    """The run was discarded, by `--fresh` or because the job started over."""

    name: ClassVar[str] = "abandoned"


Ending = RunDone | AttemptFailed | AttemptInterrupted | RunAbandoned
"""How an attempt ends, unless it is killed."""
