"""What `${...}` may be: a reference to another key, and nothing that runs or reads anything."""

from collections.abc import Iterator
from typing import Any

from omegaconf import grammar_parser
from omegaconf.errors import GrammarParseError

ESCAPE = r"Write \${ for a literal ${"


def unreadable(text: str) -> str | None:
    """Say that the `${...}` in a text cannot be parsed, or return None if it can."""
    try:
        _parse(text)
    except GrammarParseError:
        return f'"{text}" starts a reference with ${{ that cannot be read. {ESCAPE}.'
    return None


def mistake(text: str) -> str | None:
    """Say what is wrong with the `${...}` in a text, or return None if nothing is.

    OmegaConf's own grammar decides, because a resolver's name can be put together from pieces
    (`${oc.${x}:HOME}`), which no pattern would find.
    """
    if wrong := unreadable(text):
        return wrong
    name = next(_resolvers(_parse(text)), None)
    if name is None:
        return None
    if name == "oc.env":
        return (
            f'"{text}" would copy an environment variable into the stored configuration. Name '
            "a secret as {env: NAME} or {file: PATH}; it is read where it is used."
        )
    return (
        f'"{text}" calls "{name}". Only references to other keys are allowed, '
        f"as in ${{lib.mask}}. {ESCAPE}."
    )


def _parse(text: str) -> Any:
    return grammar_parser.parse(text) if "${" in text else None


def _resolvers(tree: Any) -> Iterator[str]:
    if type(tree).__name__ == "ResolverNameContext":
        yield tree.getText()
    for child in getattr(tree, "children", None) or ():
        yield from _resolvers(child)
