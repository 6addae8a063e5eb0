"""Templates to HTML: a whole page, and the parts of it that change while somebody looks at it.

Everything that comes from data is hostile: the templates escape all of it, and no template marks
anything as safe.
"""

from dataclasses import field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ingest import __version__
from ingest.core.dataclass import dataclass
from ingest.core.templates import environment
from ingest.watch.page.words import FILTERS

HERE = Path(__file__).parent
ENVIRONMENT = environment(HERE / "templates")
ENVIRONMENT.filters.update(FILTERS)
STATIC = {
    path.name: path.read_bytes() for path in (HERE / "static").iterdir() if path.suffix != ".py"
}
_STAMP = blake2b(b"".join(STATIC.values()), digest_size=6).hexdigest()
ENVIRONMENT.globals.update(version=__version__, stamp=_STAMP)
# a global, because a block that is rendered alone does not see what its template imports
ENVIRONMENT.globals["p"] = ENVIRONMENT.get_template("pieces.html").module
for _name in ENVIRONMENT.list_templates():  # compiled now: it would be the first page's 0.1 s
    ENVIRONMENT.get_template(_name)


@dataclass(frozen=True, slots=True)
class View:
    """A page, ready to be rendered. `status` is that of HTTP.

    Its live parts are the blocks of the template whose name begins with `live_`; the element
    around each has the name as its id. `rows` name the template of one line of the block
    `live_rows`, and the lines: of a long list, only lines that change are sent.
    """

    template: str
    values: dict[str, Any]
    status: int = 200
    row_template: str = ""
    rows: dict[str, Any] = field(default_factory=dict)

    def page(self) -> str:
        """Return all of it."""
        lines = "".join(self._line(key) for key in self.rows)
        return ENVIRONMENT.get_template(self.template).render(**self.values, lines=_Html(lines))

    def parts(self) -> dict[str, str]:
        """Return the live parts by the ids of their elements, lines of a list among them."""
        template = ENVIRONMENT.get_template(self.template)
        lines = {key: self._line(key) for key in self.rows}
        context = template.new_context({**self.values, "lines": _Html("".join(lines.values()))})
        blocks = {
            name: "".join(block(context))
            for name, block in template.blocks.items()
            if name.startswith("live_")
        }
        return blocks | {f"row-{key}": line for key, line in lines.items()}

    def _line(self, key: str) -> str:
        return ENVIRONMENT.get_template(self.row_template).render(row=self.rows[key])


class _Html(str):
    """HTML that this module has rendered itself, from templates that escape."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def changed(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """Return the parts to send: what is new, but of a list with the same lines only those."""
    sent = {name: html for name, html in after.items() if before.get(name) != html}
    same_lines = _lines(before) == _lines(after)
    if "live_rows" in sent and same_lines:
        del sent["live_rows"]
    if "live_rows" in sent:
        sent = {name: html for name, html in sent.items() if not name.startswith("row-")}
    return sent


def _lines(parts: dict[str, str]) -> list[str]:
    return [name for name in parts if name.startswith("row-")]
