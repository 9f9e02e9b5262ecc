"""By hand: how many days it takes to find each planted mistake. Prints the table that `seeds` keeps.

`python -m tests.sim.hunt 50` looks for those in `SOUGHT`, and for those that are named behind it.
"""

from __future__ import annotations

import sys

from tests.sim import planted_edges, planted_server, planted_takeover
from tests.sim.centre import TINY, play
from tests.sim.checker import judge
from tests.sim.planted import planted
from tests.sim.seeds import SOUGHT

ROOMS = (planted_edges, planted_server, planted_takeover)


def seeds_needed(name: str, most: int) -> tuple[int, str]:
    """The first seed that finds it, and how; 0 where none of them does."""
    for seed in range(1, most + 1):
        with planted(name):
            wrong = found(seed)
        if wrong and not found(seed):
            return seed, wrong[0]
    return 0, ""


def found(seed: int) -> list[str]:
    """What is wrong with the day; a client that breaks on what it was told says so by breaking."""
    try:
        return judge(play(seed, TINY))
    except Exception as broken:  # noqa: BLE001 - a planted mistake may break anything
        return [f"somebody broke: {broken!r}"]


if __name__ == "__main__":
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for fault in sys.argv[2:] or SOUGHT:
        seed, how = seeds_needed(fault, most)
        print(f'    "{fault}": {seed},  # {how[:110]}', flush=True)
