"""The types of one kind by name: built in, or brought by installed packages as entry points.

Nothing is looked for before a name comes up that is not built in, and nothing is imported but what
a job names: a job of built-in types does not pay for what is installed beside it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, TypeVar, Union, get_args

from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from ingest.core.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T", bound=BaseModel)


class Origin(NamedTuple):
    """Another kind of which types of this one can be made, and how; None where it cannot."""

    types: "Types[Any]"
    derive: Callable[..., Any]


class Types(Generic[T]):
    """The types of one kind.

    As metadata of a field, `Annotated[Sink, SINKS]`, it is the union of all types that are known
    when the model is built. `builtin` are those of this package. Another package adds one by an
    entry point of the `group`, whose name is the `type`, and whose object is a class derived from
    `base`. It is imported once it is named: see `load`.
    """

    def __init__(
        self,
        base: Any,  # a class, which mypy refuses if it is abstract
        group: str,
        builtin: tuple[type[T], ...],
        origin: Origin | None = None,
    ) -> None:
        self.base = base
        self.group = group
        self.builtin = builtin
        self._origin = origin
        self._known = {type_of(kind): kind for kind in builtin}

    def __iter__(self) -> Iterator[type[T]]:
        """Iterate over all that are built in or have been imported."""
        return iter(self._known.values())

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build the union for pydantic."""
        return handler.generate_schema(
            Annotated[Union[tuple(self)], Field(discriminator="type")]  # noqa: UP007 - from a tuple
        )

    def names(self) -> list[str]:
        """Return the names of all types, those of installed packages last; imports none of them."""
        installed = dict.fromkeys(entry.name for entry in entries(self.group))
        if self._origin is not None:
            installed |= dict.fromkeys(entry.name for entry in entries(self._origin.types.group))
        own = [type_of(kind) for kind in self.builtin]
        return [*own, *(name for name in sorted(installed) if name not in own)]

    @property
    def imported(self) -> tuple[type[T], ...]:
        """The types of other packages that have been imported by now."""
        return tuple(self)[len(self.builtin) :]

    def is_builtin(self, name: str) -> bool:
        """Say whether a type is one of this package."""
        return name in {type_of(kind) for kind in self.builtin}

    def package(self, name: str) -> dict[str, str]:
        """Return the package that brings a type, with its version; empty if it is built in."""
        if self.is_builtin(name):
            return {}
        entry = next((entry for entry in entries(self.group) if entry.name == name), None)
        if entry is None:
            return self._origin.types.package(name) if self._origin else {}
        return {entry.dist.name: entry.dist.version} if entry.dist else {}

    def load(self, name: str) -> type[T] | None:
        """Return a type by its name, importing it if a package brings it; None if nobody does.

        Raises:
            ConfigError: several packages bring it, or it cannot be used; the text begins with the
                name and says which package is at fault.
        """
        if name not in self._known and (kind := self._installed(name)) is not None:
            self._known[name] = kind
        return self._known.get(name)

    def load_all(self) -> list[str]:
        """Import all types of installed packages; return a sentence for each that cannot be used.

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
        kind: type[T] | None = found(self.group, name)
        if kind is not None:
            self._check(name, kind)
            return kind
        if self._origin is None:
            return None
        given = self._origin.types.load(name)
        made: type[T] | None = None if given is None else self._origin.derive(given)
        return made

    def _check(self, name: str, kind: Any) -> None:
        where = f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', kind)}"
        wanted = f"{self.base.__module__}.{self.base.__qualname__}"
        if not (isinstance(kind, type) and issubclass(kind, self.base)):
            what = f"{where} is not derived from {wanted}"
        elif type_of(kind) != name:
            what = f'{where} has type: Literal["{type_of(kind)}"], and its name must be the same'
        else:
            return
        package = _package(next(entry for entry in entries(self.group) if entry.name == name))
        raise ConfigError(
            f'"{name}": the entry point of {package} in {self.group}: {what}. Update or uninstall '
            "that package"
        )


def type_of(kind: type[BaseModel]) -> str:
    """Return the name of a type: the one word that its field `type` allows; empty if none."""
    field = kind.model_fields.get("type")
    words = get_args(field.annotation) if field else ()
    return str(words[0]) if words else ""


def entries(group: str) -> "list[EntryPoint]":
    """Return the entry points of a group, sorted by name; those of one package once."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - 0.1 s, which few jobs need

    try:
        named = entry_points(group=group)
    except Exception as error:  # whatever the parser makes of a damaged file of any package
        raise ConfigError(damaged(error)) from error
    unlike = {(entry.name, entry.value, _package(entry)): entry for entry in named}
    return [unlike[key] for key in sorted(unlike)]


def damaged(error: Exception) -> str:
    """Say which installed package has entry points that cannot be read."""
    from importlib.metadata import distributions  # noqa: PLC0415 - see `entries`

    for package in distributions():
        try:
            _ = package.entry_points
        except Exception:  # noqa: BLE001 - the one that is sought
            return (
                f"the entry points of package {package.name} {package.version} cannot be read: "
                f"{type(error).__name__}: {error}. Update or uninstall that package"
            )
    return f"the entry points of installed packages cannot be read: {type(error).__name__}: {error}"


def found(group: str, name: str) -> Any:
    """Import what an installed package has under a name in a group; None if none has.

    Raises:
        ConfigError: several packages have it, or importing it fails.
    """
    named = [entry for entry in entries(group) if entry.name == name]
    if not named:
        return None
    if len(named) > 1:
        packages = " and ".join(map(_package, named))
        raise ConfigError(
            f'"{name}": {packages} both have an entry point of this name in {group}. Uninstall '
            "one of them"
        )
    entry = named[0]
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # sys.exit(0) there must not end a run as a success
        raise ConfigError(
            f'"{name}": the entry point of {_package(entry)} in {group} cannot be imported from '
            f"{entry.value}: {type(error).__name__}: {error}. Update or uninstall that package"
        ) from error


def _package(entry: "EntryPoint") -> str:
    """Return the package that an entry point is of, with its version."""
    if entry.dist is None:
        return "an unknown package"
    return f"package {entry.dist.name} {entry.dist.version}"
