"""Small counts are not published: neighbours are put together until each row stands for enough people.

Every row that leaves here stands for at least `LEAST`, and the rows of one service and day always cover the same people whichever days or
services somebody asks for, so no subtraction of two answers gives a smaller group.
"""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 5
LEAST_FOR_TAIL = 20  # below this a ninetieth percentile would be the wait of one or two people


def grouped(counts: Sequence[int], least: int = LEAST) -> list[tuple[int, int]]:
    """Cells in order, as ranges `[from, to)` of which each has at least `least`; what is left over at the end goes to the last. Cells
    without anybody at either end of the whole are in no range; with fewer than `least` in all there is none."""
    busy = [n for n, count in enumerate(counts) if count]
    if sum(counts) < least:
        return []
    first, last = busy[0], busy[-1] + 1
    ranges: list[tuple[int, int]] = []
    begin, held = first, 0
    for n in range(first, last):
        held += counts[n]
        if held >= least:
            ranges.append((begin, n + 1))
            begin, held = n + 1, 0
    if begin < last:
        ranges[-1] = (ranges[-1][0], last)
    return ranges
