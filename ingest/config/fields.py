"""What a pydantic model allows at a place in its data: the way there, and the keys and types."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ingest.config.places import KeyPath
from ingest.core.registry import Types

TAG = "type"


def locate(model: type[BaseModel], data: Any, loc: Sequence[str | int]) -> tuple[KeyPath, Any]:
    """Turn pydantic's `loc` into the way in the data, and say what its last key belongs to.

    pydantic puts tags and members of unions between the keys (`source.csv.path.str`); those are
    left out. The second value is the annotation of the mapping or list that holds the last key.
    """
    path: KeyPath = ()
    here: Any = model
    holder: Any = model
    for part in loc:
        member = _member(here, data)
        if isinstance(data, dict) and part == data.get(TAG, part) and _is_tagged(here):
            here = _member(here, {**data, TAG: part})  # a tag that is left out was filled in
        elif isinstance(data, dict) and (part in data or part in keys(member)):
            path, holder = (*path, part), member
            here, data = _inner(member, part), data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int):
            path, holder = (*path, part), member
            here, data = _inner(member, part), data[part]
    return path, holder


def keys(annotation: Any) -> list[str]:
    """Return the keys that a mapping of this annotation may have; none if it is no model."""
    return list(_fields(annotation)) if _is_model(annotation) else []


def literals(annotation: Any, key: str | int) -> list[str]:
    """Return the words that may stand at a key of a mapping of this annotation, if it is closed."""
    field = annotation.model_fields.get(str(key)) if _is_model(annotation) else None
    closed = field is not None and get_origin(field.annotation) is Literal
    return [str(word) for word in get_args(field.annotation)] if closed and field else []


def tags(model: type[BaseModel], data: Any, path: KeyPath) -> list[str]:
    """Return the types that are known at a place."""
    here: Any = model
    for part in path:
        here, data = _inner(_member(here, data), part), data[part]
    if known := _types(here):
        return known.names()
    return [tag for option in _options(here) for tag in _tags(option)]


def instead(model: type[BaseModel], data: Any, path: KeyPath, name: str) -> str:
    """Return what to write at a place for a type that other tools have by this name, if known."""
    here: Any = model
    for part in path:
        here, data = _inner(_member(here, data), part), data[part]
    said = (option.instead(name) for option in _options(here) if hasattr(option, "instead"))
    return next(said, "")


def hint(annotation: Any, key: str | int) -> str:
    """Return what a mapping of this annotation says of a key that is missing, unknown or wrong."""
    return str(getattr(annotation, "hints", {}).get(key, ""))


def _member(annotation: Any, data: Any) -> Any:
    """Return the member of a union that the data belong to, as far as one can say."""
    options = _options(annotation)
    if isinstance(data, list):
        return next((one for one in options if get_origin(one) in (list, tuple, Sequence)), None)
    tag = data.get(TAG) if isinstance(data, dict) else None
    tagged = [option for option in options if tag in _tags(option)]
    models = [option for option in options if _is_model(option)]
    mappings = [option for option in options if get_origin(option) in (dict, Mapping)]
    return next(iter((*tagged, *models, *mappings)), None)


def _types(annotation: Any) -> Types[Any] | None:
    """Return the types of which one belongs to a place, if other packages may add to them."""
    if get_origin(annotation) is not Annotated:
        return None
    inner, *metadata = get_args(annotation)
    more = [each for one in metadata if isinstance(one, FieldInfo) for each in one.metadata]
    known = (each for each in (*metadata, *more) if isinstance(each, Types))
    return next(known, None) or _types(inner)


def _options(annotation: Any) -> list[Any]:
    if known := _types(annotation):
        return list(known)
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [option for member in get_args(annotation) for option in _options(member)]
    return [annotation]


def _is_tagged(annotation: Any) -> bool:
    """Whether pydantic chooses the member of a union by its tag, and then names it in `loc`."""
    if _types(annotation):
        return True
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return any(getattr(one, "discriminator", None) for one in metadata) or _is_tagged(inner)
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_is_tagged(member) for member in get_args(annotation))
    return False


def _inner(annotation: Any, part: Any) -> Any:
    if _is_model(annotation):
        field = _fields(annotation).get(part)
        return Annotated[field.annotation, field] if field else None
    members = get_args(annotation) or (None,)
    return members[0] if isinstance(part, int) else members[-1]


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by their keys in YAML: `schema` cannot be an attribute's name."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tags(annotation: Any) -> tuple[Any, ...]:
    field = annotation.model_fields.get(TAG) if _is_model(annotation) else None
    return get_args(field.annotation) if field else ()


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
