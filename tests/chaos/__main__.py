"""`python -m tests.chaos`: kill runs, and say whether anything came of it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.campaign import CLUSTER_SHARE, PROCESSES_SHARE, campaign
from tests.chaos.kinds import KINDS
from tests.chaos.ordeal import Story
from tests.chaos.tally import Tally

EXAMPLE = """examples:
  python -m tests.chaos --kills 1000 --ray-share 0.1
  python -m tests.chaos --seed 12345 --on process    (one run again)"""


def main(argv: Sequence[str] | None = None) -> int:
    """Kill; return 0 if all runs came to what they come to undisturbed, else 1."""
    given = _options().parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=given.folder))
    began = time.monotonic()
    with campaign(folder, given.seed or 0, _tell, given.sinks) as made:
        made.until = began + given.seconds
        if given.seed is not None and given.kills is None:
            made.runs, kills = 1, {given.on or "process": 1}
        else:
            kills = _shares(given.kills or 200, given.ray_share, given.on)
        if kills.get("process"):
            made.in_process(kills["process"])
        if kills.get("processes"):
            made.on_processes(kills["processes"])
        if kills.get("ray"):
            made.on_ray(kills["ray"])
        if kills.get("cluster"):
            made.on_cluster(kills["cluster"])
    sys.stdout.writelines(f"{line}\n" for line in made.tally.lines(time.monotonic() - began))
    if not made.tally.well:
        sys.stderr.write(f"the folders of what went wrong are kept in {folder}\n")
    return 0 if made.tally.well else 1


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=(
            "Kill runs at named points and at random until they are done, and compare their "
            "results with those of undisturbed runs."
        ),
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--kills", type=int, help="how many (200)")
    options.add_argument(
        "--seconds", type=float, default=float("inf"), help="begin no run after so many seconds"
    )
    options.add_argument(
        "--seed", type=int, help="the first run's; without --kills: that run again, and no other"
    )
    options.add_argument(
        "--ray-share", type=float, default=0.1, help="how many of the kills are on Ray (0.1)"
    )
    options.add_argument(
        "--on",
        choices=("process", "processes", "ray", "cluster"),
        help="all kills in one kind of workers: one process, worker processes, Ray, a cluster",
    )
    options.add_argument(
        "--sinks", choices=[*KINDS], default="disk", help="where the runs publish to (disk)"
    )
    options.add_argument("--folder", type=Path, help="where to work (the temporary directory)")
    return options


def _shares(kills: int, ray_share: float, on: str | None) -> dict[str, int]:
    if on:
        return {on: kills}
    cluster = round(kills * ray_share * CLUSTER_SHARE)
    ray = round(kills * ray_share) - cluster
    processes = round((kills - ray - cluster) * PROCESSES_SHARE)
    in_line = kills - ray - cluster - processes
    return {"process": in_line, "processes": processes, "ray": ray, "cluster": cluster}


def _tell(story: Story, tally: Tally) -> None:
    write = sys.stderr.write
    if story.problems:
        write(f"seed {story.seed}: {story.shape}: {len(story.problems)} problems\n")
        for kill in story.kills:
            write(f"  killed: {kill.target}: {kill.point}\n")
        for problem in story.problems:
            write(f"  {problem}\n")
        write(f"  its folder: {story.place.folder}\n  replay it: {story.replay}\n")
    if story.problems or tally.runs % 20 == 0 or story.on != "process":
        write(f"{tally.kills} kills, {tally.runs} runs, {tally.wrong} of them wrong\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
