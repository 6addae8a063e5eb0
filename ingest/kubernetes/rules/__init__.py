"""All rules for manifests, in the order in which they are checked and documented."""

from ingest.kubernetes.rules import clusters, deletion, jobs, names, others, pods
from ingest.kubernetes.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *jobs.RULES,
    *deletion.RULES,
    *clusters.RULES,
    *pods.RULES,
    *others.RULES,
)
