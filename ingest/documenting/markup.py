"""HTML and SVG that cannot be broken by what stands in them: whatever is not markup is escaped."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"meta", "link", "input", "br"})


class Markup(str):
    """Text that is markup already. Made by `element` and `joined` only."""

    __slots__ = ()


Child = str | Markup | Iterable["str | Markup"]


def element(tag: str, *children: Child, **attributes: object) -> Markup:
    """Return an element. Children that are no markup, and all attributes, are escaped.

    `class_` stands for `class`, `data_from` for `data-from`; an attribute that is None is left out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Markup:
    """Return children one after the other, as markup."""
    return Markup("".join(_one(child) for child in children))


def _one(child: Child) -> str:
    if isinstance(child, Markup):
        return str(child)
    if isinstance(child, str):
        return escape(child)
    return "".join(_one(each) for each in child)
