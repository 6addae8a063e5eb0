"""A Dockerfile, read as far as ours go."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Stage:
    """One image of a Dockerfile: its instructions in order."""

    base: str
    name: str = ""
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, instruction: str) -> list[str]:
        """Return what stands behind each of these instructions."""
        return [text for name, text in self.steps if name == instruction]


def read(path: Path) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    stages: list[Stage] = []
    for line in path.read_text().splitlines():
        name, _, text = line.strip().partition(" ")
        if not name or name.startswith("#") or name == "ARG":
            continue
        if name == "FROM":
            base, _, alias = text.partition(" AS ")
            stages.append(Stage(base, alias))
        else:
            stages[-1].steps.append((name, text))
    return stages


def copied(text: str) -> tuple[list[str], str, str]:
    """Return what a COPY copies, where to, and which stage from; empty for the build's folder."""
    words = shlex.split(text)
    stage = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), "")
    *sources, target = (word for word in words if not word.startswith("--"))
    return sources, target, stage
