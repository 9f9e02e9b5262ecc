"""Numbers on slips: per site, series and local business day, from 1. Pure arithmetic; the row that counts is storage's."""

from __future__ import annotations

RESERVE_FIRST, RESERVE_LAST = 700, 999  # never an ordinary number: leased to kiosks, and from 900 printed in the paper book
PAPER_FIRST = 900
EPOCH_JUMP = 200  # beyond the highest known number, and again for each whole hour of which a copy of the log knows nothing
RESERVE_JUMP = 100  # the same for leased numbers when a standby that followed closely takes over
LETTERS = ("A", "C", "H", "K", "L", "M", "N", "X")  # told apart by ear and by eye in a Vietnamese hall


def next_ordinary(last: int) -> int:
    """The ordinary number after `last` (0 at the start of a day): 1 to 699, then from 1000."""
    following = last + 1
    return RESERVE_LAST + 1 if RESERVE_FIRST <= following <= RESERVE_LAST else following


def jump(highest: int, lost_h: int = 0) -> int:
    """The last number to count as used when an epoch starts: `highest` known ordinary one plus 200, and 200 more for each
    whole hour of which nothing is known; never in the band."""
    beyond = highest + EPOCH_JUMP * (1 + lost_h)
    return beyond + (RESERVE_LAST - RESERVE_FIRST + 1) if highest < RESERVE_FIRST <= beyond else beyond


def jump_reserved(last: int) -> int:
    """The last number of the band to count as leased when a standby takes over."""
    return min(RESERVE_LAST, max(RESERVE_FIRST - 1, last) + RESERVE_JUMP)


def label(series: str, number: int) -> str:
    """What is printed, shown and spoken: series and at least three digits."""
    return f"{series}{number:03d}"
