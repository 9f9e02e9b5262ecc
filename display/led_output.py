"""What LED panels show, as a projection of the board: rows of text for each panel, and whether it blinks.

Holds the plans of panels and the projection. PURE: no socket, no clock (`now_ms` is the server's time), no wire format. How
a text is made to fit a panel's digits is the drivers' affair, sending it `display.outside`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import Formatter

from display.board import LINK, Board, Call, place

BLINK_MS = 10_000  # after a call the panel blinks so long, unless the person is served before
CUT = "--"  # no server: the same moment at which a board shows no numbers any more
COUNTER_FORM = "{label}"
MAIN_FORM = "{label} {counter:>2}"
FIELDS = frozenset({"label", "counter"})
FOOT_FIELDS = frozenset({"waiting"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One panel: over one counter, or (`counter` empty) the hall's newest calls, in as many rows as it has. `foot` tells how many
    wait: in the last row, or on a panel of one row while nobody is called there."""

    slot: str
    counter: str = ""
    zone: str = ""
    rows: int = 1
    form: str = ""
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """What a panel shows, from the top row. Nothing of a person but the number."""

    rows: tuple[str, ...]
    blink: bool = False


def fields_of(form: str) -> set[str]:
    """The fields a form asks for; ValueError for a form that cannot be read."""
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


def face(plan: Plan, board: Board, link: str, now_ms: int | None) -> Face:
    """A panel follows the board: where a board shows no numbers, neither does a panel."""
    if not board.primed or not LINK[link].numbers:
        return Face((CUT,) * plan.rows)
    foot = [plan.foot.format(waiting=board.waiting) if LINK[link].rings else ""] if plan.foot else []  # an old count is no count
    room = max(1, plan.rows - len(foot))
    calls = [call for call in board.calls if _meant(plan, call)][:room]
    form = plan.form or (COUNTER_FORM if plan.counter else MAIN_FORM)
    rows = [form.format(label=call.label, counter=place(call.counter, call.counter_name)) for call in calls]
    rows += [""] * (room - len(rows)) if plan.rows > 1 or not foot else []
    return Face(tuple([*rows, *foot][: plan.rows]), blink=LINK[link].rings and any(_fresh(call, now_ms) for call in calls))


def faces(plans: Iterable[Plan], board: Board, link: str, now_ms: int | None) -> dict[str, Face]:
    return {plan.slot: face(plan, board, link, now_ms) for plan in plans}


def changes_at(board: Board, now_ms: int | None) -> int | None:
    """When a panel stops blinking by itself: until then nothing changes but by what the server says."""
    ends = [call.last_called_at_ms + BLINK_MS for call in board.calls if _fresh(call, now_ms)]
    return min(ends, default=None)


def _meant(plan: Plan, call: Call) -> bool:
    if plan.counter:
        return call.counter == plan.counter
    return not plan.zone or not call.zone or call.zone == plan.zone


def _fresh(call: Call, now_ms: int | None) -> bool:
    return call.state == "called" and now_ms is not None and now_ms - call.last_called_at_ms < BLINK_MS
