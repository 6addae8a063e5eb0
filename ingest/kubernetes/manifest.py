"""An object of Kubernetes as it is written in a file, and what the rules look at in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingest.core.dataclass import dataclass

Spec = Mapping[str, Any]
_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "Pod": (),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a file."""

    file: str
    body: Spec

    @property
    def kind(self) -> str:
        """Its kind, such as `RayJob`."""
        return str(self.body.get("kind", ""))

    @property
    def type(self) -> str:
        """Version and kind, by which its schema is known."""
        return f"{self.body.get('apiVersion', '')} {self.kind}"

    @property
    def metadata(self) -> Spec:
        """Its metadata; empty if there is none."""
        return mapping(self.body.get("metadata"))

    @property
    def name(self) -> str:
        """Its name; empty if it has none."""
        return str(self.metadata.get("name") or "")

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.kind}/{self.name}" if self.name else self.kind or "a document"

    @property
    def spec(self) -> Spec:
        """Its spec; empty if it has none."""
        return mapping(self.body.get("spec"))

    @property
    def job(self) -> Spec | None:
        """The spec of the Ray job that it is or makes."""
        if self.kind == "RayJob":
            return self.spec
        return mapping(self.spec.get("jobTemplate")) if self.kind == "RayCronJob" else None

    @property
    def cluster(self) -> Spec | None:
        """The spec of the Ray cluster that it is or makes."""
        if self.kind == "RayCluster":
            return self.spec
        inner = (self.job or {}).get("rayClusterSpec")
        return mapping(inner) if inner else None

    def groups(self) -> Iterator[tuple[str, Spec]]:
        """Yield the groups of pods of its Ray cluster, each with where it is; the head first."""
        cluster = self.cluster
        if cluster is not None:
            yield "headGroupSpec", mapping(cluster.get("headGroupSpec"))
            for number, group in enumerate(items(cluster.get("workerGroupSpecs"))):
                yield f"workerGroupSpecs[{number}]", mapping(group)

    def workers(self) -> Iterator[tuple[str, Spec]]:
        """Yield the groups of workers, each with where it is."""
        yield from list(self.groups())[1:]

    def pods(self) -> Iterator[tuple[str, Spec]]:
        """Yield the specs of all pods that it makes, each with where it is."""
        for where, group in self.groups():
            yield f"{where}.template.spec", mapping(mapping(group.get("template")).get("spec"))
        if submitter := mapping((self.job or {}).get("submitterPodTemplate")):
            yield "submitterPodTemplate.spec", mapping(submitter.get("spec"))
        if self.kind in _TEMPLATES:
            at: Any = self.body
            for key in _TEMPLATES[self.kind]:
                at = mapping(at).get(key)
            yield ".".join((*_TEMPLATES[self.kind], "spec")), mapping(mapping(at).get("spec"))

    def containers(self) -> Iterator[tuple[str, Spec]]:
        """Yield all containers, each with where it is."""
        for where, pod in self.pods():
            for key in ("initContainers", "containers"):
                for number, container in enumerate(items(pod.get(key))):
                    yield f"{where}.{key}[{number}]", mapping(container)


def mapping(value: Any) -> Spec:
    """Return a mapping, or an empty one for what is none: the schema says so."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """Return a list, or an empty one for what is none: the schema says so."""
    return value if isinstance(value, list) else []


def environment(container: Spec) -> dict[str, Any]:
    """Return the values of a container's variables by name; None where it is a reference."""
    entries = map(mapping, items(container.get("env")))
    return {str(each.get("name")): each.get("value") for each in entries}


def autoscaling(cluster: Spec | None) -> bool:
    """Say whether Ray adds and removes the workers of a cluster."""
    return bool((cluster or {}).get("enableInTreeAutoscaling"))


def autoscaler(cluster: Spec) -> str:
    """Return the version of the autoscaler, `v1` or `v2`."""
    told = mapping(cluster.get("autoscalerOptions")).get("version")
    head = mapping(mapping(cluster.get("headGroupSpec")).get("template"))
    for container in items(mapping(head.get("spec")).get("containers"))[:1]:
        if environment(mapping(container)).get("RAY_enable_autoscaler_v2") in {"1", "true"}:
            return "v2"
    return str(told or ("v2" if ray_version(cluster) >= (2, 47) else "v1"))


def ray_version(cluster: Spec) -> tuple[int, ...]:
    """Return the version of Ray as numbers; empty if it is not given or unreadable."""
    parts = str(cluster.get("rayVersion") or "").split(".")
    return tuple(map(int, parts)) if all(map(str.isdecimal, parts)) else ()
