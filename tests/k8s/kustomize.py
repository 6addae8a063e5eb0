"""A small kustomize: resources, components, JSON patches, deletions and images.

What k8s/ uses and no more, for machines without kubectl. Where there is one, a test compares the
two.
"""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Objects = list[dict[str, Any]]


@cache
def build(folder: Path) -> Objects:
    """Return the objects of a folder that has a kustomization.yaml; nobody changes them."""
    page = yaml.load((folder / "kustomization.yaml").read_text(), yaml.CSafeLoader)
    objects: Objects = []
    for name in page.get("resources", ()):
        path = folder / name
        objects += build(path) if path.is_dir() else _objects(path)
    for name in page.get("components", ()):
        objects = changed(objects, folder / name)
    return _changes(objects, page, folder)


def changed(objects: Objects, component: Path) -> Objects:
    """Return objects as a component changes them."""
    page = yaml.load((component / "kustomization.yaml").read_text(), yaml.CSafeLoader)
    return _changes(objects, page, component)


def _objects(path: Path) -> Objects:
    return [each for each in yaml.load_all(path.read_text(), yaml.CSafeLoader) if each]


def _changes(objects: Objects, page: dict[str, Any], folder: Path) -> Objects:
    unknown = page.keys() - {
        *("apiVersion", "kind", "resources", "components", "patches", "images"),
        *("configurations", "namespace"),
    }
    assert not unknown, f"{folder}: {unknown}"
    objects = copy.deepcopy(objects)
    for patch in page.get("patches", ()):
        body = yaml.load(patch["patch"], yaml.CSafeLoader)
        wanted = [each for each in objects if _selected(each, patch["target"])]
        if isinstance(body, dict):
            assert body["$patch"] == "delete"
            objects = [each for each in objects if each not in wanted]
        else:
            for each in wanted:
                _apply(each, body)
    for image in page.get("images", ()):
        for each in objects:
            _replace(each, image)
    for each in objects:
        if namespace := page.get("namespace"):
            assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == namespace
    return objects


def _selected(each: dict[str, Any], target: dict[str, str]) -> bool:
    labels = each["metadata"].get("labels", {})
    selector = target.get("labelSelector", "")
    if selector.startswith("!") and selector[1:] in labels:
        return False
    if selector and not selector.startswith("!") and selector not in labels:
        return False
    return each["kind"] == target["kind"] and target.get("name") in {None, each["metadata"]["name"]}


def _apply(each: dict[str, Any], operations: Objects) -> None:
    for one in operations:
        *above, last = (
            part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]
        )
        at: Any = each
        for part in above:
            at = at[int(part) if isinstance(at, list) else part]
        match one["op"], at:
            case "add", list():
                at.insert(len(at) if last == "-" else int(last), one["value"])
            case "replace", _:
                assert last in at
                at[last] = one["value"]
            case "add", dict():
                at[last] = one["value"]
            case "remove", _:
                del at[int(last) if isinstance(at, list) else last]


def _replace(value: Any, image: dict[str, str]) -> None:
    """Give containers, wherever they are, another image."""
    if isinstance(value, list):
        for each in value:
            _replace(each, image)
    elif isinstance(value, dict):
        if str(value.get("image", "")).partition(":")[0] == image["name"]:
            value["image"] = f"{image['newName']}:{image['newTag']}"
        for each in value.values():
            _replace(each, image)
