"""Numbers on slips: per site, series and local business day, from 1. Pure arithmetic; the row that counts is storage's."""

from __future__ import annotations

RESERVE_FIRST, RESERVE_LAST = 700, 999  # leased to kiosks; an ordinary number never falls in here
EPOCH_JUMP = 200  # beyond the highest known number, after a copy of the log takes over
LETTERS = ("A", "C", "H", "K", "L", "M", "N", "X")  # told apart by ear and by eye in a Vietnamese hall


def next_ordinary(last: int) -> int:
    """The ordinary number after `last` (0 at the start of a day): 1 to 699, then from 1000."""
    following = last + 1
    return RESERVE_LAST + 1 if RESERVE_FIRST <= following <= RESERVE_LAST else following


def jump(highest: int) -> int:
    """The last number to count as used when an epoch starts: `highest` known ordinary one plus 200, never in the band."""
    beyond = highest + EPOCH_JUMP
    return beyond + (RESERVE_LAST - RESERVE_FIRST + 1) if highest < RESERVE_FIRST <= beyond else beyond


def label(series: str, number: int) -> str:
    """What is printed, shown and spoken: series and at least three digits."""
    return f"{series}{number:03d}"
