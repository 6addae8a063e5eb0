"""Made-up words: for `jsonl`."""

import numpy as np

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyzéüß"))


def words(dice: np.random.Generator, count: int) -> list[str]:
    """Return words of 2 to 9 letters; one in seven begins with a capital."""
    made = ["".join(dice.choice(LETTERS, dice.integers(2, 10))) for _ in range(count)]
    return [word.capitalize() if place % 7 == 0 else word for place, word in enumerate(made)]
