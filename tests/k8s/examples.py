"""The manifests in k8s/examples, as `ingest k8s render` writes them."""

from datetime import UTC, datetime
from pathlib import Path

from ingest.config.load import load
from ingest.job import Job
from ingest.kubernetes.render import CONFIG, Form, folder, render

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "k8s/examples"
AT = datetime(2026, 11, 30, 2, 30, tzinfo=UTC)
FORMS: dict[str, tuple[Form, list[str]]] = {
    "run": ("run", ["name=example_once"]),
    "schedule": ("schedule", []),
    "rayschedule": ("schedule", ["name=example_ray", "cluster.schedule_by=raycronjob"]),
    "cluster": ("cluster", ["name=example_shared"]),
}
"""The folders, what is rendered into each, and with which settings: names differ, so that all can
be in one namespace."""


def example(name: str) -> dict[str, str]:
    """Return the texts of a folder by the names of their files."""
    form, settings = FORMS[name]
    pages = render(load(Job, EXAMPLES / "conf", ["+job=example", *settings]), form, AT)
    note = f"# made by: ingest k8s render {' '.join(['example', *settings])} --as {form} --to DIR\n"
    return {
        file: text if file == CONFIG.name else note + text for file, text in folder(pages).items()
    }
