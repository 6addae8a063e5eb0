"""Running a job: what `ingest.run` and the command `run` share, and `ingest.run` itself."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.config.composed import Composed
from ingest.config.load import load
from ingest.core.errors import Interrupted
from ingest.job import Job
from ingest.library.arguments import Folder, Overrides, path, words
from ingest.library.receipts import Receipt, receipt_of
from ingest.workers.processes.headstart import HeadStart

if TYPE_CHECKING:
    from ingest.driver.request import Request
    from ingest.records.events import Event
    from ingest.records.history import Listener

Progress = bool | Callable[["Event"], object]
_SILENCE = logging.NullHandler()


@contextmanager
def opened(
    conf: Path | None,
    overrides: Sequence[str],
    *,
    fresh: bool,
    composed: Composed | None = None,
    surroundings: Mapping[str, Any] | None = None,
) -> Iterator["Request"]:
    """Load a job, and yield what the driver is asked to do; what was started for it ends after.

    What was `composed` already is only validated; `surroundings` are the run's, if they are known.

    Raises:
        ConfigError: the job is wrong: all mistakes at once.
    """
    head = HeadStart()
    try:
        loaded = load(Job, conf, overrides, head.begin, composed=composed)
        # here, because a job that is wrong is told sooner without them
        from ingest.driver.request import Request  # noqa: PLC0415
        from ingest.workers.choose import workers_for  # noqa: PLC0415

        yield Request(
            job=loaded.job,
            config=loaded.yaml(),
            place=loaded.place,
            workers=workers_for(loaded.job, head.server, loaded.place),
            arguments=[*(["--conf", str(conf)] if conf else []), *overrides],
            fresh=fresh,
            surroundings=surroundings,
        )
    finally:
        head.end()


def run(
    job: str,
    overrides: Overrides = (),
    *,
    conf: Folder = None,
    state: Folder = None,
    fresh: bool = False,
    progress: Progress = False,
    stop: threading.Event | None = None,
) -> Receipt:
    """Run a job and publish it, or resume its unfinished run. Return the receipt.

    Does what `ingest run` does, with the same records: a run that was begun here can be resumed
    by the command, and the other way round. Call it again with the same arguments after a failure,
    and it resumes: partitions that are completed are not processed again, and the output is the
    same.

    Prints nothing, changes neither signal handlers, environment nor working directory, and
    leaves no threads or processes behind, however it ends. (Polars and Ray set a few variables of
    their own when they are first imported: `_RJEM_MALLOC_CONF`, `RAY_AUTH_MODE`, `RAY_CLIENT_MODE`,
    `PYTHONBREAKPOINT`.) May be called from any thread, many times in a process, and while an
    asyncio loop is running (which waits meanwhile: use `asyncio.to_thread` if it must not). Jobs
    run side by side in several threads; two runs of one job, or into one place, do not: the second
    raises `FatalError`.

    Relative paths are meant from the working directory of the process.

    Args: job: Its name, as behind `ingest run`: `flights`, or `team/flights`. overrides:
    Settings to change, as on the command line: `["sink.path=out", "cluster=inline"]`. Or a mapping,
    whose texts need no quotes: `{"source.path": "s3://bucket/day=2026-01-01/*.csv"}`. conf: The
    folder of job files; without, `INGEST_CONF` or `conf`. state: The folder that the run is
    recorded in; without, the job's own, `.ingest`. fresh: Discard an unfinished run of the job and
    start over. progress: `True` shows progress on stderr. A function is called with each event of
    the run's ledger, an object as in [Events](events.md), from the thread that called `run`:
    `event.name` is its name, its keys are attributes, and `event.to_json()` returns it as a dict.
    The function must not change it, and what it raises ends the run, which can be resumed. stop: An
    event that another thread sets to stop the run: running processed are finished, for up to
    `execution.grace_s` seconds.

    Raises: ConfigError: The request is wrong, and nothing ran. All mistakes at once, in `lines`.
    BadRowError: Rows are wrong, and the contract says `on_error: fail`. Not published.
    ContractError: The run broke its error budget, or its row counts do not add up. Not published.
    JobError: A setting, a step or a value made the run fail; the same call starts over once the job
    or its input has changed. FatalError: The run failed, and the same call resumes it (JobError is
    one of them). RetryableError: Storage or network did
    not answer, for longer than the run was to wait; the same call resumes it. Interrupted: `stop`
    was set; the same call resumes it. Ctrl-C is a `KeyboardInterrupt`, after which the same call
    resumes it too.
    """
    logging.getLogger("ingest").addHandler(_SILENCE)  # else Python prints what nobody listens to
    stop = stop or threading.Event()
    with opened(path(conf), words(job, overrides, state), fresh=fresh) as request:
        from ingest.driver.drive import drive  # noqa: PLC0415 - see above
        from ingest.records.runs import Runs  # noqa: PLC0415
        from ingest.storage.objects import open_store  # noqa: PLC0415
        from ingest.watch.lineage import listening  # noqa: PLC0415

        request.stop = stop
        request.store = open_store(request.job.state, request.job.state_connection)
        with (
            _listening(progress) as shown,
            listening(lambda: open_store(request.job.state, request.job.state_connection)) as more,
        ):
            request.listeners = (*shown, *more)
            try:
                page = drive(request)
            except Interrupted:
                if not stop.is_set():
                    raise KeyboardInterrupt from None
                raise
        receipt = Runs(request.store).uri(page["run_id"], "receipt.json")
        return receipt_of(page, receipt, request.job.state, request.job.state_connection_name)


@contextmanager
def _listening(progress: Progress) -> Iterator[Sequence["Listener"]]:
    if progress is True:
        from ingest.watch.modes import watcher  # noqa: PLC0415 - only who wants it pays for it

        with watcher("auto") as shown:
            yield (shown,)
    else:
        yield (lambda event, _history: progress(event),) if callable(progress) else ()
