"""Amounts of CPU and memory, as Kubernetes writes them."""

import re
from decimal import Decimal

_FORM = re.compile(r"(?P<number>\d+(\.\d+)?|\.\d+)(?P<unit>[KMGTPE]i|[numkMGTPE]|e[+-]?\d+)?")
_UNITS = {
    name: Decimal(1024) ** power
    for power, name in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], 1)
}
_UNITS |= {name: Decimal(1000) ** power for power, name in enumerate("kMGTPE", 1)}
_UNITS |= {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")}


def number(text: str) -> Decimal | None:
    """Return the number that a quantity stands for; None if it is not one."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    unit = match["unit"] or ""
    factor = Decimal(f"1{unit}") if unit.startswith("e") else _UNITS.get(unit, Decimal(1))
    return Decimal(match["number"]) * factor


def memory(size: int) -> str:
    """Return bytes as a quantity, exactly."""
    for name in ("Gi", "Mi", "Ki"):
        if size % int(_UNITS[name]) == 0:
            return f"{size // int(_UNITS[name])}{name}"
    return str(size)
