"""The results as one picture: SVG by hand, because it is small, sharp, and text in Git."""

from collections.abc import Iterator, Mapping
from html import escape

from benchmarks.results import Result
from benchmarks.scenario import OURS, scenarios

WIDTH, LEFT, RIGHT = 860, 150, 190
BAR, GAP, HEAD = 16, 6, 44
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.title { font-size: 14px; font-weight: 600 }
.soft { fill: #6b7280 }
.ours { font-weight: 700 }
.bar { fill: #94a3b8 } .bar.us { fill: #0f766e }
.start { fill: #cbd5e1 } .start.us { fill: #99d5cd }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .soft { fill: #9ca3af } .ground { fill: #0d1117 }
  .bar { fill: #64748b } .bar.us { fill: #2dd4bf } .start { fill: #334155 } .start.us { fill: #115e59 }
}
"""  # noqa: E501 - a rule is a line


def steady(found: Mapping[str, Result]) -> str:
    """Return a panel for each scenario with peers: steady time solid, start-up pale before it."""
    top = 34
    parts: list[str] = []
    for name in scenarios():
        if name in found and len(rows := _rows(found[name])) > 1:
            parts += _panel(found[name], rows, top)
            top += HEAD + len(rows) * (BAR + GAP)
    head = (
        '<text x="16" y="22" class="soft">Seconds; pale: start-up, solid: steady work. '
        "In brackets: steady time as a multiple of ours.</text>"
    )
    frame = f'viewBox="0 0 {WIDTH} {top + 10}" width="{WIDTH}" height="{top + 10}"'
    ground = f'<rect class="ground" width="{WIDTH}" height="{top + 10}"/>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {frame}>'
    opening += "<title>Seconds that each contender takes, by scenario</title>"
    return "\n".join([opening, f"<style>{STYLE}</style>", ground, head, *parts, "</svg>"]) + "\n"


Row = tuple[str, float, float, float | None]


def _rows(result: Result) -> list[Row]:
    """Return name, start-up, steady time and its ratio to ours, the fastest first."""
    rows = []
    for name, session in result.latest().items():
        figures = session.figures
        if "steady_s" in figures.get(name, {}):
            ours = figures.get(OURS, {}).get("steady_s")
            took = figures[name]["steady_s"]
            rows.append((name, figures[name]["startup_s"], took, took / ours if ours else None))
    return sorted(rows, key=lambda row: row[2])


def _panel(result: Result, rows: list[Row], top: int) -> Iterator[str]:
    scale = (WIDTH - LEFT - RIGHT) / max(start + took for _, start, took, _ in rows)
    yield (
        f'<text x="16" y="{top + 26}" class="title">{escape(result.scenario)}'
        f'<tspan class="soft" font-weight="400" dx="8">{escape(result.title)}</tspan></text>'
    )
    for place, (name, start, took, ratio) in enumerate(rows):
        y = top + HEAD - 6 + place * (BAR + GAP)
        us, middle = " us" if name == OURS else "", LEFT + start * scale
        note = f" ({ratio:.2f} ×)" if ratio and not us else ""
        yield (
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end"'
            f"{' class=' + chr(34) + 'ours' + chr(34) if us else ''}>{escape(name)}</text>"
            f'<rect class="start{us}" x="{LEFT}" y="{y}" width="{start * scale:.1f}" '
            f'height="{BAR}"/>'
            f'<rect class="bar{us}" x="{middle:.1f}" y="{y}" width="{took * scale:.1f}" '
            f'height="{BAR}"/>'
            f'<text x="{middle + took * scale + 6:.1f}" y="{y + 12}">{took:.1f}'
            f'<tspan class="soft">{note}</tspan></text>'
        )
