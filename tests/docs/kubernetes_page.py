"""The page about manifests, from the rules and the kinds that have a schema."""

from ingest.kubernetes import schemas
from ingest.kubernetes.rules import RULES
from ingest.kubernetes.validating import BEYOND_RULES
from tests.docs.options import flat
from tests.docs.type_pages import page


def kubernetes() -> str:
    """Return the page."""
    rows = [(name, "all", text) for name, text in BEYOND_RULES.items()]
    rows += [(rule.name, ", ".join(rule.kinds) or "all", flat(rule.text)) for rule in RULES]
    kinds = "".join(
        f"- {name.rpartition(' ')[2]} ({name.partition(' ')[0]})\n" for name in schemas.kinds()
    )
    parts = [
        "# Kubernetes manifests",
        (
            "`ingest k8s validate` checks manifests by these rules: those of KubeRay's schemas and "
            "webhook, those of Kubernetes, and some of ours (secrets, rights, versions of images). "
            "How to use it: [From an empty Kubernetes cluster to a scheduled run with "
            "alerts](../guides/kubernetes.md)."
        ),
        (
            "Each violation is a line: file, object, rule, what is wrong and what to write. The "
            "count comes last; the exit code is 1 if there are any."
        ),
        "## Rules",
        "| rule | objects | meaning |\n|---|---|---|\n"
        + "".join(f"| `{name}` | {objects} | {text} |\n" for name, objects, text in rows),
        "## Kinds with a schema",
        "Objects of other kinds are listed as not checked.",
        kinds,
    ]
    return page(parts)
