"""`ingest submit`: run a job on a Ray cluster that is already running."""

import json
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.commands.advice import TYPED
from ingest.commands.attempt import add_output, add_start, progress_of
from ingest.commands.base import add_overrides, importing, load_job, parser, report
from ingest.core.errors import ConfigError, IngestError, Interrupted
from ingest.core.git import asked
from ingest.storage.store import state_option

if TYPE_CHECKING:
    from ingest.config.load import Loaded
    from ingest.job import Job
    from ingest.submitting.following import Follower
    from ingest.workers.on_ray.submission import JobServer, Standing

_ADDRESS = "RAY_API_SERVER_ADDRESS"  # as for Ray's own commands
EXAMPLE = """ingest submit flights --address http://head:8265
  ingest submit flights cluster=warehouse --detach"""


def main(argv: Sequence[str] | None = None) -> int:
    """Submit a job and follow it; return the exit code of the run, 0 if it was only submitted."""
    options = parser(
        "submit",
        "Run a job on a Ray cluster that is already running, and follow it. The job as composed "
        "and the code in jobs/NAME are sent, nothing else of this folder. Input, output and state "
        "must be in buckets, or in folders that all nodes share (cluster.shared). Secrets are not "
        "sent: the cluster must have them. Ctrl-C stops following; the run continues.",
        EXAMPLE,
    )
    add_overrides(options)
    options.add_argument(
        "--address",
        metavar="URL",
        help="the cluster's dashboard, http://HOST:8265 (default: cluster.dashboard, or "
        "RAY_API_SERVER_ADDRESS)",
    )
    options.add_argument(
        "--detach", action="store_true", help="return as soon as the job is submitted"
    )
    add_start(options)
    add_output(options)
    arguments = options.parse_intermixed_args(argv)
    loaded = load_job(arguments.conf, arguments.overrides, "ingest submit")
    with importing():  # here, because a job that is wrong is told sooner without them
        from ingest.submitting.refusing import refuse  # noqa: PLC0415
        from ingest.workers.on_ray.submission import JobServer  # noqa: PLC0415

    cluster = loaded.job.cluster
    address = arguments.address or getattr(cluster, "dashboard", "") or os.environ.get(_ADDRESS)
    if not address:
        raise ConfigError(
            "submit: no cluster is named. Add --address http://HOST:8265, the address of its "
            "dashboard, or set cluster.dashboard"
        )
    refuse(loaded, getattr(cluster, "shared", ()))
    server = JobServer(address)
    now = datetime.now(UTC)
    submission = f"ingest-{loaded.job.name}-{now:%Y%m%dt%H%M%S}-{secrets.token_hex(3)}"
    _submit(server, submission, loaded, arguments)
    state = state_option(loaded.job.state, loaded.job.state_connection_name)
    print(f"{loaded.job.name}: submitted as {submission} to {address}", file=sys.stderr)
    if arguments.detach:
        report(f"To see it: ingest status --job {loaded.job.name}{state}")
        return 0
    return _follow(server, submission, loaded, arguments)


def _typed(loaded: "Loaded[Job]", arguments: Any) -> str:
    """Return the command again, without what is to be done only once."""
    words = ["ingest", "submit", *loaded.composed.overrides]
    words += ["--conf", str(arguments.conf)] if arguments.conf else []
    words += ["--address", arguments.address] if arguments.address else []
    return shlex.join(words)


def _submit(server: "JobServer", submission: str, loaded: "Loaded[Job]", arguments: Any) -> None:
    from ingest.records.holders import SUBMISSION  # noqa: PLC0415 - keeps --help quick
    from ingest.submitting.package import pack  # noqa: PLC0415

    job = loaded.job
    words = ["python", "-m", "ingest.run", "--conf", "conf", f"+job={job.name}", "--progress=log"]
    words += ["--fresh"] if arguments.fresh else []
    words += [f"--if-running={arguments.if_running}"] if arguments.if_running != "fail" else []
    metadata = {"job": job.name, "owner": job.owner}
    if (answer := asked("rev-parse", "HEAD")) and answer.returncode == 0:
        metadata["git"] = answer.stdout.strip()
    with tempfile.TemporaryDirectory(prefix="ingest-submit-") as scratch:
        folder = Path(scratch)
        pack(loaded, folder)
        server.submit(
            submission,
            shlex.join(words),
            folder,
            environment={SUBMISSION: submission, TYPED: _typed(loaded, arguments)},
            metadata=metadata,
            grace_s=job.execution.grace_s,
        )


def _follow(server: "JobServer", submission: str, loaded: "Loaded[Job]", arguments: Any) -> int:
    """Show how the run goes, by its ledger, until the process on the cluster has ended."""
    from ingest.storage.objects import open_store  # noqa: PLC0415 - keeps --help quick
    from ingest.submitting.following import SILENT_S, Follower, Silence, follow  # noqa: PLC0415
    from ingest.watch.logs import logged  # noqa: PLC0415

    job = loaded.job
    store = open_store(job.state, job.state_connection)
    standing: list[Standing] = []

    with logged(progress_of(arguments)) as watching:
        follower = Follower(store, job.name, submission, watching)
        silence = Silence(follower)

        def ended() -> bool:
            try:
                standing[:] = [server.standing(submission)]
                silence.end()
            except (OSError, RuntimeError):  # the cluster does not answer now
                if silence.is_long:
                    gone = f"the cluster has not answered for {SILENT_S:.0f} s"
                    standing[:] = [server.gone(gone)]
            return bool(standing) and standing[0].ended

        try:
            with watching:
                follow(follower, ended)
        except KeyboardInterrupt:
            return _left(follower, loaded)
        return _ended(server, submission, standing[0], follower, loaded, arguments=arguments)


def _left(follower: "Follower", loaded: "Loaded[Job]") -> int:
    """Say what to type after Ctrl-C."""
    job = loaded.job
    state = state_option(job.state, job.state_connection_name)
    run = follower.run_id
    lines = [f"{job.name}: no longer followed. The run continues on the cluster"]
    lines += [f"To see it: ingest status {run}{state}"] if run else []
    lines += [f"To stop it: ingest cancel {run}{state}"] if run else []
    print("\n".join(lines), file=sys.stderr)
    return Interrupted.exit_code


def _ended(
    server: "JobServer",
    submission: str,
    standing: "Standing",
    follower: "Follower",
    loaded: "Loaded[Job]",
    *,
    arguments: Any,
) -> int:
    """Report the end as `ingest run` does; return the exit code of the process."""
    from ingest.records.runs import Runs  # noqa: PLC0415 - keeps --help quick
    from ingest.watch.summary import summary  # noqa: PLC0415

    job, run = loaded.job, follower.run_id
    if follower.history.phase == "done" and (page := Runs(follower.store).receipt(run)):
        shown = (job.state, job.state_connection_name)
        report(json.dumps(page, default=str) if arguments.json else summary(page, *shown))
        return 0
    if standing.code == 0:  # nothing was to be done: skipped, or published by an earlier attempt
        report(server.output(submission).strip())
        return 0
    if said := server.output(submission).strip():
        print(said, file=sys.stderr)
    code = standing.code if standing.code in {1, 2, Interrupted.exit_code} else None
    if code is None:
        again = _typed(loaded, arguments)
        print(
            f"error: {job.name}: the process on the cluster was lost: {standing.message}. "
            f"Completed partitions are kept. To resume: {again}",
            file=sys.stderr,
        )
        return IngestError.exit_code
    return code
