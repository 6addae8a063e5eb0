"""A rule: what a manifest must keep, under a name that messages and the docs call it by."""

import inspect
from collections.abc import Callable, Iterator

from ingest.core.dataclass import dataclass
from ingest.kubernetes.manifest import Manifest

Check = Callable[[Manifest], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for objects of some kinds; of all kinds if none are named.

    `check` yields a sentence for each violation: where, what, and what to write.
    """

    name: str
    kinds: tuple[str, ...]
    check: Check

    @property
    def text(self) -> str:
        """What the rule says."""
        return inspect.getdoc(self.check) or ""

    def applies(self, manifest: Manifest) -> bool:
        """Say whether it is for objects of this kind."""
        return not self.kinds or manifest.kind in self.kinds


def rule(name: str, *kinds: str) -> Callable[[Check], Rule]:
    """Make a rule of a function whose docstring says what it is."""
    return lambda check: Rule(name, kinds, check)


JOBS = ("RayJob", "RayCronJob")
CLUSTERS = (*JOBS, "RayCluster")
PODS = (*CLUSTERS, "CronJob", "Deployment", "Job", "Pod")
