"""What a setting decides of a run, marked once: on the field of its model.

    name: Annotated[str, ROWS]

A mark holds for all that lies below the field, unless a field there has its own. What has none
decides nothing. The identity of a job, what may change before a run is resumed, and the docs are
read off the marks.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ingest.core.dataclass import dataclass

Decided = Literal["rows", "place", "later", "nothing", "outside"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What another value of a field would do to an unfinished run.

    `rows`: other rows would come out. `place`: they would go elsewhere. `later`: it counts when the
    next plan is made. `nothing`: it can be changed at any time. `outside`: it is no setting of the
    run, such as how a storage is reached.
    """

    decides: Decided


ROWS, PLACE, LATER, NOTHING, OUTSIDE = (
    Mark("rows"),
    Mark("place"),
    Mark("later"),
    Mark("nothing"),
    Mark("outside"),
)


def decided_by(field: FieldInfo) -> Decided | None:
    """Return what a field is marked with, if anything."""
    return next((mark.decides for mark in field.metadata if isinstance(mark, Mark)), None)


def decided_at(model: BaseModel, key: str) -> Decided:
    """Return what the setting at a key decides, such as `transforms[0].where`."""
    at: Any = model
    decided: Decided = "nothing"
    for name in key.replace("[", ".").replace("]", "").split("."):
        match at:
            case BaseModel() if field := _field(type(at), name):
                decided, at = decided_by(field[1]) or decided, getattr(at, field[0])
            case Mapping():
                at = at.get(name)
            case Sequence() if name.isdecimal() and int(name) < len(at):
                at = at[int(name)]
            case _:
                break
    return decided


def settings(model: BaseModel, wanted: Collection[Decided]) -> dict[str, Any]:
    """Return, as JSON values, the settings of a model that decide one of what is wanted."""
    page = _kept(model.model_dump(mode="json"), model, wanted, "nothing")
    return page if isinstance(page, dict) else {}


_NONE = object()
"""Stands for what is left out: null is a value."""


def _kept(page: Any, value: Any, wanted: Collection[Decided], decided: Decided) -> Any:
    """Return what is wanted of a dumped page; `value` is what it was dumped from."""
    match value, page:
        case BaseModel(), dict():
            fields = type(value).model_fields
            parts = {
                (field.alias or name): (getattr(value, name), decided_by(field) or decided)
                for name, field in fields.items()
            }
            found = {
                name: _kept(page[name], part, wanted, mark)
                for name, (part, mark) in parts.items()
                if name in page
            }
        case Mapping(), dict():
            found = {name: _kept(each, value[name], wanted, decided) for name, each in page.items()}
        case ((list() | tuple()), list()):
            items = [_kept(*pair, wanted, decided) for pair in zip(page, value, strict=True)]
            return items if decided in wanted else _NONE
        case _:
            return page if decided in wanted else _NONE
    found = {name: each for name, each in found.items() if each is not _NONE}
    return found if found or decided in wanted else _NONE


def _field(model: type[BaseModel], key: str) -> tuple[str, FieldInfo] | None:
    """Return the field that is written by this key, and its name in the class."""
    fields = model.model_fields.items()
    return next(((name, field) for name, field in fields if key in {field.alias, name}), None)
