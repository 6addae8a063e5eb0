"""The map of all data flows: data sets and jobs as one graph, as Mermaid and as a drawing."""

import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from ingest.core.dataclass import dataclass
from ingest.documenting.collecting import LOOKUP, JobDocs, shown

WIDTH, HEIGHT, ACROSS, DOWN = 230, 46, 70, 18
LONGEST = 30


@dataclass(frozen=True, slots=True)
class Node:
    """A job or a data set. `link` is the page of a job, empty for data sets."""

    id: str
    kind: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """Nodes, and which leads to which, with what the one is to the other."""

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A node in a drawing. `text` is what fits into it of the `whole`; `link` may be empty."""

    x: int
    y: int
    round: int
    kind: str
    text: str
    whole: str
    link: str
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Line:
    """An edge in a drawing: the path of its curve, and what the one node is to the other."""

    path: str
    role: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map as it is drawn, in pixels."""

    title: str
    width: int
    height: int
    lines: Sequence[Line]
    boxes: Sequence[Box]


def flow_map(pages: Iterable[JobDocs], folder: str = "") -> Map:
    """Return the map of some jobs; `folder` is where their pages are from the page it stands on.

    What one job reads is what another one writes if it lies there or below.
    """
    pages = list(pages)
    written = sorted({uri.rstrip("/") for page in pages for uri in page.outputs.values()}, key=len)
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], str] = {}
    for page in pages:
        job = f"job:{page.file}"
        nodes[job] = Node(job, "job", page.file, f"{folder}{page.page}")
        for role, uri in page.inputs.items():
            above = (each for each in written if f"{uri.rstrip('/')}/".startswith(f"{each}/"))
            place = next(above, uri.rstrip("/"))
            nodes.setdefault(place, Node(place, "data", shown(place)))
            edges.setdefault((place, job), role)
        for role, uri in page.outputs.items():
            place = uri.rstrip("/")
            kind = "quarantine" if role == "quarantine" else "data"
            if place not in nodes or kind == "data":
                nodes[place] = Node(place, kind, shown(place))
            edges.setdefault((job, place), role)
    return Map(nodes, tuple((one, other, role) for (one, other), role in edges.items()))


def step_map(page: JobDocs) -> Map:
    """Return the way of the rows through one job: source, each step, contract, outputs."""
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str, str]] = []
    steps = [f"step:{number}" for number in range(len(page.steps))]
    for number, (kind, _) in enumerate(page.steps):
        nodes[steps[number]] = Node(steps[number], "job", f"{number} {kind}")
    nodes["contract"] = Node("contract", "job", "contract")
    way = [*steps, "contract"]
    edges += [(one, other, "rows") for one, other in itertools.pairwise(way)]
    for role, uri in page.inputs.items():
        nodes.setdefault(uri, Node(uri, "data", shown(uri)))
        _, looked_up, step = role.rpartition(LOOKUP)
        edges.append((uri, steps[int(step)] if looked_up else way[0], role))
    for role, uri in page.outputs.items():
        node = f"{role}:{uri}"  # a job may write where it reads
        nodes[node] = Node(node, "quarantine" if role == "quarantine" else "data", shown(uri))
        edges.append(("contract", node, role))
    return Map(nodes, tuple(edges))


def mermaid(flows: Map) -> str:
    """Return the map as Mermaid, which GitHub and GitLab draw in Markdown."""
    ids = {name: f"n{number}" for number, name in enumerate(flows.nodes)}
    lines = ["flowchart LR"]
    for name, node in flows.nodes.items():
        left, right = ('["', '"]') if node.kind == "job" else ('[("', '")]')
        lines.append(f"  {ids[name]}{left}{_quoted(node.text)}{right}")
    for one, other, role in flows.edges:
        said = f'|"{_quoted(role)}"|' if role not in {"source", "output", "rows"} else ""
        lines.append(f"  {ids[one]} -->{said} {ids[other]}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return text that means nothing to Mermaid, nor to HTML, which its labels may hold."""
    entities = {"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "#": "#35;"}
    return "".join(entities.get(sign, sign) for sign in " ".join(text.split()))


def drawing(flows: Map, title: str) -> Drawing:
    """Return the map as a drawing, from left to right."""
    columns = _columns(flows)
    places: dict[str, tuple[int, int]] = {}
    for x, names in enumerate(columns):
        for y, name in enumerate(names):
            places[name] = 10 + x * (WIDTH + ACROSS), 10 + y * (HEIGHT + DOWN)
    return Drawing(
        title,
        width=20 + len(columns) * (WIDTH + ACROSS) - ACROSS,
        height=20 + max(map(len, columns), default=1) * (HEIGHT + DOWN) - DOWN,
        lines=[_line(places[one], places[other], role) for one, other, role in flows.edges],
        boxes=[_box(node, *places[name]) for name, node in flows.nodes.items()],
    )


def _columns(flows: Map) -> Sequence[Sequence[str]]:
    """Return the nodes by how many others stand before them; of a circle, some edge leads back.

    What nothing leads to stands just before what it leads to: its edge would cross other nodes.
    """
    rank = dict.fromkeys(flows.nodes, 0)
    for _ in flows.nodes:
        moved = False
        for one, other, _role in flows.edges:
            if rank[other] <= rank[one] and rank[one] + 1 < len(rank):
                rank[other] = rank[one] + 1
                moved = True
        if not moved:
            break
    led_to = {other for _, other, _ in flows.edges}
    for name in flows.nodes.keys() - led_to:
        behind = [rank[other] for one, other, _ in flows.edges if one == name]
        rank[name] = max(min(behind, default=1) - 1, 0)
    used = sorted(set(rank.values()))
    return [[name for name in flows.nodes if rank[name] == each] for each in used]


def _box(node: Node, x: int, y: int) -> Box:
    text = textwrap.shorten(node.text, LONGEST, placeholder="…") if " " in node.text else node.text
    if len(text) > LONGEST:
        text = f"…{text[1 - LONGEST :]}"
    corner = 4 if node.kind == "job" else HEIGHT // 2
    return Box(x, y, corner, node.kind, text, node.text, node.link)


def _line(one: tuple[int, int], other: tuple[int, int], role: str) -> Line:
    x, y = one[0] + WIDTH, one[1] + HEIGHT // 2
    to_x, to_y = other[0], other[1] + HEIGHT // 2
    middle = (x + to_x) // 2
    return Line(f"M {x} {y} C {middle} {y}, {middle} {to_y}, {to_x} {to_y}", role)
