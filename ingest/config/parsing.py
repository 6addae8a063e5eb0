"""Parsing YAML by libyaml where it reads what the parser in Python reads, in a tenth of the time.

Half the time of composing a job went into the parser in Python. libyaml differs from it in three
ways, which must not show: it takes tabs for spaces, it recurses in C, where a few thousand brackets
end the process, and it words its errors differently. So a text with a tab or with deep nesting is
left to the parser in Python, and so is one that libyaml refuses.
"""

import re
from functools import cache
from typing import Any

import yaml

_LEFT = re.compile(r"\t|^ {100}|(?:[-?:] +){50}", re.MULTILINE)
_BRACKETS = re.compile(r"[\[\]{}]")
_DEEPEST = 50


def nodes(text: str) -> yaml.Node | None:
    """Return the nodes of a text with their lines, None of an empty one.

    What stands without quotes has a false `style`.

    Raises:
        yaml.YAMLError, RecursionError: the text is not YAML, or nested too deeply.
    """
    node: yaml.Node | None = _by(yaml.SafeLoader, text, "get_single_node")
    return node


def data(text: str, loader: type[yaml.SafeLoader]) -> Any:
    """Return what `loader` makes of a text.

    Raises:
        yaml.YAMLError, RecursionError: see `nodes`.
    """
    return _by(loader, text, "get_single_data")


def _by(safe: Any, text: str, method: str) -> Any:
    if yaml.__with_libyaml__ and not _LEFT.search(text) and _depth(text) <= _DEEPEST:
        try:
            return _called(_quick(safe), text, method)
        except yaml.YAMLError:
            pass  # to be worded by the parser below
    return _called(safe, text, method)


def _called(loader: Any, text: str, method: str) -> Any:
    parser = loader(text)
    try:
        return getattr(parser, method)()
    finally:
        parser.dispose()


def _depth(text: str) -> int:
    """Return how many brackets are open at once, with those in strings and comments."""
    depth = deepest = 0
    for bracket in _BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


@cache
def _quick(safe: Any) -> type[Any]:
    """Return a loader with libyaml for its parser."""
    from yaml._yaml import CParser  # noqa: PLC0415 - PyYAML can be built without

    def begin(self: Any, stream: str) -> None:
        CParser.__init__(self, stream)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.Resolver.__init__(self)

    return type("Quick", (CParser, safe), {"__init__": begin})
