"""What KubeRay's webhook refuses in `deletionStrategy`."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ingest.kubernetes.manifest import Manifest, Spec, autoscaling, items, mapping
from ingest.kubernetes.rules.base import JOBS, rule

ORDER = ("DeleteWorkers", "DeleteCluster", "DeleteSelf")
_OLD = ("onSuccess", "onFailure")


@rule("deletion-form", *JOBS)
def deletion_form(manifest: Manifest) -> Iterator[str]:
    """`deletionStrategy` has rules, or both of the old `onSuccess` and `onFailure`, not a mix."""
    job = manifest.job or {}
    if "deletionStrategy" not in job:
        return
    strategy = mapping(job["deletionStrategy"])
    old = [name for name in _OLD if name in strategy]
    if old and "deletionRules" in strategy:
        yield f"deletionStrategy: deletionRules and {old[0]}. Write deletionRules only"
    elif len(old) == 1 or not (old or strategy.get("deletionRules")):
        yield "deletionStrategy: is incomplete. Write deletionRules"


@rule("deletion-rules-or-shutdown", *JOBS)
def deletion_rules_or_shutdown(manifest: Manifest) -> Iterator[str]:
    """Deletion rules take the place of `shutdownAfterJobFinishes` and `ttlSecondsAfterFinished`."""
    job = manifest.job or {}
    if _rules(manifest):
        for name in ("shutdownAfterJobFinishes", "ttlSecondsAfterFinished"):
            if job.get(name):
                yield f"{name}: is not possible with deletionRules. Write one of the two"
    old = [mapping(mapping(job.get("deletionStrategy")).get(name)) for name in _OLD]
    if job.get("shutdownAfterJobFinishes") and any(
        each.get("policy") == "DeleteNone" for each in old
    ):
        yield "deletionStrategy: DeleteNone contradicts shutdownAfterJobFinishes. Write one"


@rule("deletion-condition", *JOBS)
def deletion_condition(manifest: Manifest) -> Iterator[str]:
    """Each deletion rule has a condition: either `jobStatus` or `jobDeploymentStatus`."""
    for where, each in _rules(manifest):
        condition = mapping(each.get("condition"))
        if ("jobStatus" in condition) == ("jobDeploymentStatus" in condition):
            yield f"{where}.condition: write either jobStatus or jobDeploymentStatus"


@rule("deletion-unique", *JOBS)
def deletion_unique(manifest: Manifest) -> Iterator[str]:
    """A policy has one time for each condition."""
    keys = Counter((_status(each), each.get("policy")) for _, each in _rules(manifest))
    for (status, policy), number in keys.items():
        if number > 1:
            yield f"deletionRules: {number} rules {policy} for {status}. Keep one"


@rule("deletion-order", *JOBS)
def deletion_order(manifest: Manifest) -> Iterator[str]:
    """Workers are deleted before the cluster, and the cluster before the job."""
    rules = [each for _, each in _rules(manifest)]
    for status in dict.fromkeys(map(_status, rules)):
        times = {each.get("policy"): _seconds(each) for each in rules if _status(each) == status}
        known = [(policy, times[policy]) for policy in ORDER if policy in times]
        for (before, first), (after, then) in itertools.pairwise(known):
            if then < first:
                yield (
                    f"deletionRules: for {status}, {after} after {then} s comes before {before} "
                    f"after {first} s. Write at least {first}"
                )


@rule("deletion-of-workers", *JOBS)
def deletion_of_workers(manifest: Manifest) -> Iterator[str]:
    """`DeleteWorkers` is not possible with autoscaling, `DeleteCluster` with `clusterSelector`."""
    job = manifest.job or {}
    policies = [(where, each.get("policy")) for where, each in _rules(manifest)]
    strategy = mapping(job.get("deletionStrategy"))
    policies += [
        (f"deletionStrategy.{name}", mapping(strategy.get(name)).get("policy")) for name in _OLD
    ]
    for where, policy in policies:
        if policy == "DeleteWorkers" and autoscaling(manifest.cluster):
            yield f"{where}.policy: DeleteWorkers is not possible with autoscaling. {_CLUSTER}"
        elif policy in {"DeleteWorkers", "DeleteCluster"} and job.get("clusterSelector"):
            yield f"{where}.policy: {policy} is not possible with clusterSelector. Use DeleteSelf"


_CLUSTER = "Use DeleteCluster"


def _rules(manifest: Manifest) -> list[tuple[str, Spec]]:
    strategy = mapping((manifest.job or {}).get("deletionStrategy"))
    rules = map(mapping, items(strategy.get("deletionRules")))
    return [(f"deletionRules[{number}]", each) for number, each in enumerate(rules)]


def _status(each: Spec) -> Any:
    condition = mapping(each.get("condition"))
    return condition.get("jobStatus") or condition.get("jobDeploymentStatus")


def _seconds(each: Spec) -> int:
    value = mapping(each.get("condition")).get("ttlSeconds", 0)
    return value if isinstance(value, int) else 0


RULES = (
    deletion_form,
    deletion_rules_or_shutdown,
    deletion_condition,
    deletion_unique,
    deletion_order,
    deletion_of_workers,
)
