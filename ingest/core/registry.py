"""The types of one kind by name: built in, or brought by installed packages as entry points.

Both are known as an entry point knows them, by name and place: a job pays for the import of the
types that it names, and for no others. Nothing is looked for among installed packages before a name
comes up that is not built in.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ingest.core.errors import ConfigError
from ingest.core.plugins import Plugin, plugin, plugins

T = TypeVar("T", bound=BaseModel)
TAG = "type"


class Origin(NamedTuple):
    """Another kind of which types of this one can be made, and the place of what makes them.

    That returns None for one of which none can be made.
    """

    types: "Types[Any]"
    derive: str


class Types(Generic[T]):
    """The types of one kind.

    As metadata of a field, `Annotated[Sink, SINKS]`, it is the union of all types that have been
    imported when the model is built; see `core.model.rebuild`. `places` are the types of this
    package: their names, and where their classes are, `module:class`. Another package adds one by
    an entry point of the `group`, whose name is the `type`, and whose object is a class derived
    from `base`. Each is imported once it is named: see `load`.
    """

    def __init__(
        self,
        base: Any,  # a class, which mypy refuses if it is abstract
        group: str,
        places: Mapping[str, str],
        origin: Origin | None = None,
    ) -> None:
        self.base = base
        self.group = group
        self.places = places
        self._origin = origin
        self._imported: dict[str, type[T]] = {}

    def __iter__(self) -> Iterator[type[T]]:
        """Iterate over all that are built in, which are imported for it, or have been imported."""
        return iter(dict.fromkeys((*self.builtin, *self.imported)))

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build the union for pydantic.

        From Python, also a type is right that has been imported since or is imported now. From
        JSON it is not: only there a list may become a tuple, and what is read by another model's
        validator would come from Python.
        """
        choices = {type_of(kind): handler.generate_schema(kind) for kind in self.imported}
        union = core_schema.tagged_union_schema(choices, TAG)

        def known(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
            if isinstance(value, self.base):
                return value
            name = value.get(TAG) if isinstance(value, Mapping) else None
            new = isinstance(name, str) and name in self.places and name not in choices
            kind = self.load(str(name)) if new else None
            return kind.model_validate(value) if kind else validate(value)

        return core_schema.json_or_python_schema(
            union,
            core_schema.no_info_wrap_validator_function(known, union),
            serialization=core_schema.simple_ser_schema("any"),
        )

    def names(self) -> list[str]:
        """Return the names of all types, those of installed packages last; imports none of them."""
        groups = [self.group, *([self._origin.types.group] if self._origin else [])]
        installed = {each.name for group in groups for each in plugins(group)}
        return [*self.places, *sorted(installed.difference(self.places))]

    @property
    def builtin(self) -> tuple[type[T], ...]:
        """The types of this package, all of which are imported for it."""
        return tuple(kind for name in self.places if (kind := self.load(name)))

    @property
    def imported(self) -> tuple[type[T], ...]:
        """The types that have been imported by now, those of this package first, in its order."""
        own = (name for name in self.places if name in self._imported)
        other = (name for name in self._imported if name not in self.places)
        return tuple(self._imported[name] for name in (*own, *other))

    def is_builtin(self, name: Any) -> bool:
        """Say whether a type is one of this package."""
        return isinstance(name, str) and name in self.places

    def package(self, name: str) -> dict[str, str]:
        """Return the package that brings a type, with its version; empty if it is built in."""
        if self.is_builtin(name):
            return {}
        if installed := plugin(self.group, name):
            return installed.versions
        return self._origin.types.package(name) if self._origin else {}

    def load(self, name: str) -> type[T] | None:
        """Return a type by its name, after importing it; None if nobody brings it.

        Raises:
            ConfigError: several packages bring it, or it cannot be used; the text begins with the
                name and says which package is at fault.
        """
        if name not in self._imported:
            place = self.places.get(name)
            if (kind := at(place) if place else self._installed(name)) is not None:
                self._imported[name] = kind
        return self._imported.get(name)

    def load_all(self) -> list[str]:
        """Import all types; return a sentence for each of another package that cannot be used.

        For where no name is given, but the ending of a file.
        """
        problems: list[str] = []
        for name in self.names():
            try:
                self.load(name)
            except ConfigError as error:
                problems += error.lines
        return problems

    def _installed(self, name: str) -> type[T] | None:
        if installed := plugin(self.group, name):
            kind: type[T] = installed.load()
            self._check(installed, kind)
            return kind
        if self._origin is None:
            return None
        given = self._origin.types.load(name)
        derive: Callable[[type[Any]], type[T] | None] = at(self._origin.derive)
        return None if given is None else derive(given)

    def _check(self, installed: Plugin, kind: Any) -> None:
        where = f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', kind)}"
        wanted = f"{self.base.__module__}.{self.base.__qualname__}"
        if not (isinstance(kind, type) and issubclass(kind, self.base)):
            what = f"{where} is not derived from {wanted}"
        elif type_of(kind) != installed.name:
            what = f'{where} has type: Literal["{type_of(kind)}"], and its name must be the same'
        else:
            return
        raise ConfigError(f"{installed}: {what}. Update or uninstall that package")


def at(place: str) -> Any:
    """Import what is at a place, `module:name`."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def type_of(kind: type[BaseModel]) -> str:
    """Return the name of a type: the one word that its field `type` allows; empty if none."""
    field = kind.model_fields.get(TAG)
    words = get_args(field.annotation) if field else ()
    return str(words[0]) if words else ""
