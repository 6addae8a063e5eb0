"""How a script hands its figures to `benchmarks.run`."""

import json
from collections.abc import Mapping


def report(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Print the figures by contender and name, as the line that the scenario reads."""
    print(f"FIGURES {json.dumps(figures)}", flush=True)
