"""`ingest k8s`: manifests for Kubernetes, made from jobs and checked."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.commands.base import add_conf, add_json, importing, load_job, parser, report
from ingest.core.counts import counted
from ingest.core.errors import ConfigError

if TYPE_CHECKING:
    from ingest.job import Job
    from ingest.kubernetes.render import Form
    from ingest.kubernetes.starting import Overlap

EXAMPLE = """ingest k8s render orders cluster=kuberay_small cluster.image=registry/ingest:1
  ingest k8s render orders --as run --to deploy/orders
  ingest k8s render --to deploy                    (all jobs with a schedule)
  ingest k8s validate deploy k8s
  ingest k8s validate -                            (what stdin contains)"""
FOLDER = Path("k8s")
PROGRAM = "ingest k8s"
OF_ACTION = {"as": "render", "at": "render", "to": "render", "name": "start", "overlap": "start"}


def main(argv: Sequence[str] | None = None, program: str = PROGRAM) -> int:
    """Make manifests or check them; return the exit code."""
    options = parser(
        "k8s",
        "Run jobs on Kubernetes with the KubeRay operator. `render` writes the manifests of a job "
        "whose cluster has type: kuberay: the RayJob of one run, or what starts its runs if it has "
        "a schedule. `validate` checks manifests against the schemas and rules of KubeRay and "
        "Kubernetes, and builds kustomizations if kubectl is installed; the exit code is 1 if "
        "something is wrong. `start` and `drain` are called by pods.",
        EXAMPLE,
    )
    options.prog = program
    options.add_argument(
        "action", choices=tuple(ACTIONS), metavar="ACTION", help=f"{', '.join(ACTIONS)}"
    )
    options.add_argument(
        "words",
        nargs="*",
        metavar="NAME KEY=VALUE | PATH",
        help="for render: the job, and settings to change (default: all jobs with a schedule, if "
        "there is --to); for validate: files and folders, or - "
        "for stdin (default: k8s); for start: the RayJob to copy",
    )
    options.usage = f"{program} [options] ACTION [NAME [KEY=VALUE ...] | PATH ...]"
    add_conf(options)
    options.add_argument(
        "--as",
        choices=("run", "schedule", "cluster"),
        help="for render: one run, the job's schedule, or a cluster that stays (default: schedule "
        "if the job has one, otherwise run)",
    )
    options.add_argument(
        "--at",
        metavar="TIME",
        help="for render: the time that names the run, such as 2026-11-30T02:30:00 (UTC; default: "
        "now)",
    )
    options.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="for render: write files and a kustomization.yaml there, instead of stdout",
    )
    options.add_argument("--name", metavar="NAME", help="for start: the name of the RayJob")
    options.add_argument(
        "--overlap",
        choices=("skip", "queue"),
        help="for start: what to do if the job is running (default: skip)",
    )
    options.add_argument(
        "--seconds",
        type=int,
        default=30,
        metavar="N",
        help="for drain: how long to wait for the run to stop (default: 30)",
    )
    add_json(options, "manifests, the files that were written, or violations")
    arguments = options.parse_intermixed_args(argv)
    _refuse_other_options(arguments)
    return ACTIONS[arguments.action](arguments)


def _refuse_other_options(arguments: Namespace) -> None:
    wrong = [
        f"command line: --{name} is for {action}, not for {arguments.action}. Remove it"
        for name, action in OF_ACTION.items()
        if getattr(arguments, name) is not None and arguments.action != action
    ]
    if wrong:
        raise ConfigError(*wrong)


def _render(arguments: Namespace) -> int:
    from ingest.config.job_word import names_job  # noqa: PLC0415 - keeps --help quick

    if arguments.to is not None and not names_job(arguments.words):
        return _render_schedules(arguments)
    loaded = load_job(arguments.conf, arguments.words, "ingest k8s render")
    at = _time(arguments.at)
    with importing():
        from ingest.kubernetes.render import as_yaml, folder, render  # noqa: PLC0415

    form: Form = getattr(arguments, "as") or ("schedule" if loaded.job.schedule else "run")
    pages = render(loaded, form, at)
    _note_needed(loaded.job)
    if arguments.to is None:
        every = list(pages.values())
        print(json.dumps(every) if arguments.json else as_yaml(every), end="")
        return 0
    _write(arguments, folder(pages))
    return 0


def _render_schedules(arguments: Namespace) -> int:
    """Write a folder for each job that has a schedule and a cluster on Kubernetes."""
    with importing():
        from ingest.clusters.kuberay import KubeRayCluster  # noqa: PLC0415 - keeps --help quick
        from ingest.config.load import jobs  # noqa: PLC0415
        from ingest.kubernetes.render import as_yaml, folder, kustomization, render  # noqa: PLC0415

    at, names = _time(arguments.at), []
    texts: dict[str, str] = {}
    for name in jobs(arguments.conf):
        words = [f"+job={name}", *arguments.words]
        if not load_job(arguments.conf, words[:1], "ingest k8s render").job.schedule:
            continue
        loaded = load_job(arguments.conf, words, "ingest k8s render")
        if isinstance(loaded.job.cluster, KubeRayCluster):
            _note_needed(loaded.job)
            names.append(loaded.job.name)
            pages = folder(render(loaded, "schedule", at))
            texts |= {f"{loaded.job.name}/{file}": text for file, text in pages.items()}
    if not names:
        report("no job has both a schedule and a cluster of type kuberay: nothing was written")
        return 0
    _write(arguments, {**texts, "kustomization.yaml": as_yaml([kustomization(names)])})
    return 0


def _note_needed(job: "Job") -> None:
    from ingest.kubernetes.refusing import needed  # noqa: PLC0415

    if files := needed(job):
        print(f"note: {job.name}: the image must contain: {', '.join(files)}", file=sys.stderr)


def _time(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f'command line: --at: "{text}" is not a time. Write one such as 2026-11-30T02:30:00'
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _write(arguments: Namespace, texts: dict[str, str]) -> None:
    to: Path = arguments.to
    try:
        for name, text in texts.items():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"--to: {error.filename}: cannot be written: {error.strerror}. Name another folder"
        ) from None
    if arguments.json:
        report(json.dumps({"folder": str(to), "written": list(texts)}))
        return
    report("\n".join([f"written to {to}:", *(f"  {name}" for name in texts)]))
    report(f"\nnext:\n  kubectl apply -k {to}")


def _validate(arguments: Namespace) -> int:
    with importing():
        from ingest.kubernetes.building import groups, unbuilt  # noqa: PLC0415
        from ingest.kubernetes.validating import validate  # noqa: PLC0415

    paths = [Path(word) for word in arguments.words] or [FOLDER]
    reports = [validate(manifests) for manifests in groups(paths)]
    violations = list(dict.fromkeys(str(each) for one in reports for each in one.violations))
    notes = [
        f"{manifest.file}: {manifest.title}: not checked: there is no schema for {manifest.type}"
        for one in reports
        for manifest in one.unknown
    ]
    if number := unbuilt(paths):
        notes.append(f"{counted(number, 'kustomization')} not built: install kubectl")
    checked = sum(one.checked for one in reports)
    if arguments.json:
        report(json.dumps({"checked": checked, "violations": violations, "notes": notes}))
        return 1 if violations else 0
    report("\n".join(violations)) if violations else None
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    report(f"{counted(checked, 'object')} checked, {counted(len(violations), 'violation')}")
    return 1 if violations else 0


def _start(arguments: Namespace) -> int:
    from ingest.kubernetes.starting import ApiServer, start  # noqa: PLC0415

    if len(arguments.words) != 1 or not arguments.name:
        raise ConfigError(
            "command line: start needs the name of a RayJob to copy, and --name. It is what the "
            "pod of a CronJob runs"
        )
    overlap: Overlap = arguments.overlap or "skip"
    start(ApiServer.of_pod(), arguments.words[0], arguments.name, overlap, say=report)
    return 0


def _drain(arguments: Namespace) -> int:
    from ingest.kubernetes.draining import drain  # noqa: PLC0415

    report(f"stopped {counted(drain(arguments.seconds), 'run')}")
    return 0


ACTIONS: dict[str, Callable[[Namespace], int]] = {
    "render": _render,
    "validate": _validate,
    "start": _start,
    "drain": _drain,
}
