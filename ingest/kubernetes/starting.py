"""Starting a Ray job from within the cluster: what the pod of a CronJob does.

Nothing but the standard library, so that the pod is small and ends in seconds.
"""

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, IngestError, RetryableError
from ingest.kubernetes.names import LONGEST, is_dns_label

Overlap = Literal["skip", "queue"]
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ENDED = frozenset({"Complete", "Failed", "ValidationFailed"})
"""The states that a RayJob does not leave."""
LABEL = "ingest/job"
TEMPLATE = "ingest/template"
"""The label of Ray jobs that never run, but are copied for each run."""
OF_COPIES = "ingest/queue"
"""The annotation of a template with the queue that its copies wait in."""
QUEUE = "kueue.x-k8s.io/queue-name"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
RECORDS = 10
"""How many ended Ray jobs of a job are kept; what their runs did is in the state."""
ASK_AGAIN_S = 15.0
_TIMEOUT_S = 30.0
_BUSY = {429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class ApiServer:
    """The Ray jobs of a namespace, as the API server has them."""

    url: str
    namespace: str
    token: str
    context: ssl.SSLContext | None = None

    @classmethod
    def of_pod(cls, environment: Mapping[str, str] = os.environ, account: Path = ACCOUNT) -> Self:
        """Return the API server of the cluster that this pod is in.

        Raises:
            ConfigError: this is not a pod, or one without a service account.
        """
        host = environment.get("KUBERNETES_SERVICE_HOST", "")
        port = environment.get("KUBERNETES_SERVICE_PORT_HTTPS", "443")
        try:
            token = (account / "token").read_text(encoding="utf-8").strip()
            namespace = (account / "namespace").read_text(encoding="utf-8").strip()
            context = ssl.create_default_context(cafile=str(account / "ca.crt"))
        except OSError:
            host = ""
        if not host:
            raise ConfigError(
                "k8s start: this is not a pod with a service account. It is what the CronJob of a "
                "schedule runs. To start a run from here: ingest k8s render NAME --as run | "
                "kubectl apply -f -"
            )
        at = f"[{host}]" if ":" in host else host
        return cls(f"https://{at}:{port}", namespace, token, context)

    def job(self, name: str) -> dict[str, Any]:
        """Return a Ray job by its name."""
        return self._ask("GET", f"{self._jobs}/{quote(name)}")

    def jobs(self, job: str) -> list[dict[str, Any]]:
        """Return the Ray jobs of a job in the order of their creation, without its template."""
        selector = quote(f"{LABEL}={job},!{TEMPLATE}")
        page = self._ask("GET", f"{self._jobs}?labelSelector={selector}")
        items: list[dict[str, Any]] = page.get("items") or []
        return sorted(items, key=lambda each: str(each["metadata"].get("creationTimestamp")))

    def create(self, page: dict[str, Any]) -> bool:
        """Create a Ray job; return False if there is one of that name."""
        return self._ask("POST", self._jobs, page).get("reason") != "AlreadyExists"

    def remove(self, name: str) -> None:
        """Remove a Ray job, if it is still there."""
        self._ask("DELETE", f"{self._jobs}/{quote(name)}")

    @property
    def _jobs(self) -> str:
        return f"/apis/ray.io/v1/namespaces/{quote(self.namespace)}/rayjobs"

    def _ask(self, method: str, path: str, page: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer; for what is there already, or no more, what the server says of it."""
        request = urllib.request.Request(  # noqa: S310 - of_pod makes the URL
            f"{self.url}{path}",
            method=method,
            data=None if page is None else json.dumps(page).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(  # noqa: S310
                request, timeout=_TIMEOUT_S, context=self.context
            ) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            status = _status(error)
            if (method, error.code) in {("POST", 409), ("DELETE", 404)}:
                return status
            raise _refusal(method, error.code, str(status.get("message") or error.reason)) from None
        except (OSError, ValueError) as error:
            raise RetryableError(
                f"k8s start: the API server did not answer: {error}. Kubernetes tries again"
            ) from None


def start(
    server: ApiServer,
    template: str,
    name: str,
    overlap: Overlap,
    *,
    say: Callable[[str], object],
    ask_again_s: float = ASK_AGAIN_S,
) -> None:
    """Copy the Ray job called `template` to one called `name`, unless its job is running.

    Then it is left out (`skip`), or waited for (`queue`). Called twice with the same name, it is
    created once. Older records of runs are removed.

    Raises:
        ConfigError: the API server refuses something.
        RetryableError: it does not answer.
    """
    if not is_dns_label(name) or len(name) > LONGEST["RayJob"]:
        raise ConfigError(
            f'k8s start: --name: "{name}" cannot be the name of a RayJob. Write up to '
            f"{LONGEST['RayJob']} lower-case letters, digits and -"
        )
    page = _copy(server.job(template), name)
    job, told = page["metadata"]["labels"][LABEL], ""
    while running := _running(server.jobs(job), name):
        if overlap == "skip":
            say(f"{job}: skipped, nothing was started: RayJob {running} is still running")
            return
        if running != told:
            told = running
            say(f"{job}: waiting for RayJob {running} to finish")
        time.sleep(ask_again_s)
    created = server.create(page)
    say(f"{job}: {'started' if created else 'was started already:'} RayJob {name}")
    ended = [each for each in server.jobs(job) if _is_over(each)]
    for each in ended[:-RECORDS]:
        server.remove(each["metadata"]["name"])


def _copy(template: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a template as a Ray job that runs."""
    metadata = template["metadata"]
    labels = dict(metadata.get("labels") or {})
    annotations = dict(metadata.get("annotations") or {})
    if labels.pop(TEMPLATE, None) is None or LABEL not in labels:
        raise ConfigError(
            f"k8s start: RayJob {metadata.get('name')} is not a template of ingest. Make one: "
            "ingest k8s render NAME --as schedule"
        )
    if queue := annotations.pop(OF_COPIES, ""):
        labels[QUEUE] = queue
    annotations.pop(APPLIED, None)
    return {
        "apiVersion": template["apiVersion"],
        "kind": template["kind"],
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": {key: each for key, each in template["spec"].items() if key != "suspend"},
    }


def _running(jobs: list[dict[str, Any]], own: str) -> str:
    """Return the first Ray job that has not ended, besides our own; empty if there is none."""
    names = (each["metadata"]["name"] for each in jobs if not _is_over(each))
    return next((name for name in names if name != own), "")


def _is_over(job: dict[str, Any]) -> bool:
    return (job.get("status") or {}).get("jobDeploymentStatus") in ENDED


def _status(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        return dict(json.load(error))
    except (ValueError, TypeError):
        return {}


def _refusal(method: str, code: int, why: str) -> IngestError:
    text = f"k8s start: {method}: the API server answered {code}: {why}"
    if code in _BUSY:
        return RetryableError(f"{text}. Kubernetes tries again")
    if code in {401, 403}:
        return ConfigError(
            f"{text}. The service account must be allowed to get, list, create and delete rayjobs: "
            "see k8s/base/roles.yaml"
        )
    return ConfigError(f"{text}. Apply what `ingest k8s render NAME --as schedule` writes")
