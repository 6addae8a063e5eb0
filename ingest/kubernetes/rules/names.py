"""Names and labels, as Kubernetes and KubeRay accept them."""

import re
from collections.abc import Iterator

from ingest.kubernetes.manifest import Manifest, mapping
from ingest.kubernetes.names import LONGEST, is_dns_label
from ingest.kubernetes.rules.base import CLUSTERS, rule

_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@rule("has-name")
def has_name(manifest: Manifest) -> Iterator[str]:
    """Every object has a name. Kustomize refuses `generateName`; `ingest k8s render` names runs."""
    if "generateName" in manifest.metadata:
        yield "metadata.generateName: kustomize cannot read it. Write metadata.name"
    elif not manifest.name:
        yield "metadata.name: is missing. Write a name"


@rule("name-length", *LONGEST)
def name_length(manifest: Manifest) -> Iterator[str]:
    """KubeRay and Kubernetes add to names of runs and schedules, which must leave room for it."""
    most = LONGEST[manifest.kind]
    if len(manifest.name) > most:
        yield (
            f'metadata.name: "{manifest.name}" has {len(manifest.name)} characters. Write at most '
            f"{most}"
        )


@rule("name-form")
def name_form(manifest: Manifest) -> Iterator[str]:
    """Names have lower-case letters, digits and `-`; those of Ray's objects begin with a letter."""
    name = manifest.name
    if not name:
        return
    if manifest.kind in CLUSTERS and not is_dns_label(name):
        yield (
            f'metadata.name: "{name}": write lower-case letters, digits and -, with a letter first '
            "and no - at the end"
        )
    elif not _SUBDOMAIN.fullmatch(name):
        yield f'metadata.name: "{name}": write lower-case letters, digits, - and .'


@rule("label-form")
def label_form(manifest: Manifest) -> Iterator[str]:
    """Labels and annotations are texts; labels have up to 63 letters, digits, `-`, `_` and `.`."""
    for key in ("labels", "annotations"):
        for name, value in mapping(manifest.metadata.get(key)).items():
            yield from _wrong(f"metadata.{key}", str(name), value, is_label=key == "labels")
    for where, group in manifest.groups():
        for name, value in mapping(group.get("labels")).items():
            yield from _wrong(f"{where}.labels", str(name), value, is_label=True)


def _wrong(where: str, name: str, value: object, *, is_label: bool) -> Iterator[str]:
    prefix, _, last = name.rpartition("/")
    if not _NAME.fullmatch(last) or (prefix and not _PREFIX.fullmatch(prefix)):
        yield f'{where}: "{name}" is not a valid key. Write PREFIX/NAME or NAME'
    if not isinstance(value, str):
        yield f"{where}.{name}: {value!r} is not text. Write it in quotes"
    elif is_label and value and not _NAME.fullmatch(value):
        yield (
            f'{where}.{name}: "{value}" is not a valid label. Write up to 63 letters, digits, '
            "-, _ and ."
        )


RULES = (has_name, name_length, name_form, label_form)
