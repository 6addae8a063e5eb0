"""What `${...}` may be: a reference to another key, and nothing that runs or reads anything."""

from collections.abc import Iterator
from typing import Any

from omegaconf import grammar_parser
from omegaconf.errors import GrammarParseError

ESCAPE = r"If no reference is meant, write \${ instead of ${"


def unreadable(text: str) -> str | None:
    """Say that the `${...}` in a text cannot be parsed, or return None if it can."""
    try:
        _parse(text)
    except GrammarParseError:
        return f'"{text}" is not a complete reference to another key: ${{KEY}}. {ESCAPE}.'
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
            f'"{text}": environment variables are not allowed here, because their values would be '
            "recorded with each run. Where an option takes a secret, write {env: NAME}. Set other "
            "values on the command line: KEY=VALUE."
        )
    return (
        f'"{text}" calls "{name}". Only references to other keys of the job are allowed: '
        f"${{source.path}}. {ESCAPE}."
    )


def _parse(text: str) -> Any:
    return grammar_parser.parse(text) if "${" in text else None


def _resolvers(tree: Any) -> Iterator[str]:
    if type(tree).__name__ == "ResolverNameContext":
        yield tree.getText()
    for child in getattr(tree, "children", None) or ():
        yield from _resolvers(child)
