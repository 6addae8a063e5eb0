"""Events to whatever else OpenLineage's own client knows: several catalogues at once, clouds."""

from typing import TYPE_CHECKING, Any

from ingest.watch.openlineage.destinations.base import Destination
from ingest.watch.openlineage.telling import Told

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

INSTALL = "openlineage-python is not installed. Install it: pip install 'ingest[openlineage]'"


class Library(Destination):
    """Hands each event to OpenLineage's client, whose import takes half a second."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._client = _client(settings)

    def send(self, event: Told) -> None:
        """Emit an event."""
        self._client.emit(_event(event))
        self.answered = True

    def close(self, seconds: float) -> None:
        """Let the client wait for what it still has to send."""
        if not self._client.close(seconds):
            raise TimeoutError(f"not all events were taken in {seconds:g} s")


def _client(settings: dict[str, Any]) -> "OpenLineageClient":
    try:
        from openlineage.client import OpenLineageClient  # noqa: PLC0415 - an extra
    except ImportError:
        raise RuntimeError(INSTALL) from None

    class Client(OpenLineageClient):
        def _alias_env_vars(self) -> None:
            """Leave this process's environment alone: workers would find the API key there."""

    return Client(config=settings)


def _event(event: Told) -> "RunEvent":
    """Return an event as the client wants it, which looks into two of the facets."""
    from openlineage.client.event_v2 import (  # noqa: PLC0415
        InputDataset,
        Job,
        OutputDataset,
        Run,
        RunEvent,
        RunState,
    )
    from openlineage.client.facet_v2 import parent_run, tags_job  # noqa: PLC0415

    of_run, of_job = dict(event["run"]["facets"]), dict(event["job"]["facets"])
    if parent := of_run.get("parent"):
        of_run["parent"] = parent_run.ParentRunFacet(
            parent_run.Run(**parent["run"]),
            parent_run.Job(**parent["job"]),
            root=parent_run.Root(
                parent_run.RootRun(**root["run"]), parent_run.RootJob(**root["job"])
            )
            if (root := parent.get("root"))
            else None,
        )
    if tags := of_job.get("tags"):
        fields = [tags_job.TagsJobFacetFields(**tag) for tag in tags["tags"]]
        of_job["tags"] = tags_job.TagsJobFacet(fields)
    return RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=RunState(event["eventType"]),
        run=Run(event["run"]["runId"], of_run),
        job=Job(event["job"]["namespace"], event["job"]["name"], of_job),
        inputs=[InputDataset(**each) for each in event["inputs"]],
        outputs=[OutputDataset(**each) for each in event["outputs"]],
    )
