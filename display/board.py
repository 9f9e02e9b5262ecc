"""What a hall board shows, as a fold over one snapshot and the rows of the log after it.

Holds the board's values, the effect of every event type, the link's states, and the decision what to ring. PURE: no
socket, no file, no clock (`now` is an argument), no wire format. It never holds a name, a dossier code or a clerk: the
values have no field for them. The page has the same rules in `web/static/board.js`; one table of cases judges both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

FRESH_MS = 60_000  # after a reconnect an older call is shown silently: its person is at the counter or gone
MAX_RINGS = 3  # so many missed calls are rung after a reconnect, the newest ones
MAX_CALLS = 50
MAX_HEARD = 200

# event type -> (what happens to the call, change of the waiting count). A type that is not here changes nothing.
EFFECTS: dict[str, tuple[str, int]] = {
    "issued": ("", +1),
    "arrived": ("", +1),
    "readmitted": ("", +1),
    "called": ("call", -1),
    "recalled": ("recall", 0),
    "serving_started": ("serve", 0),
    "held": ("drop", 0),
    "completed": ("drop", 0),
    "no_show": ("drop", 0),
    "closed_by_system": ("drop", 0),
    "released": ("drop", +1),
    "transferred": ("drop", +1),
}
# The public row does not say what these do to the board (which state it was before, which step was reversed): ask again.
ASK_AGAIN = frozenset({"undone", "amended", "cancelled", "expired", "carried", "moved", "resumed", "voided", "corrected", "told_late"})
ASK_AGAIN_FAMILIES = ("day.", "config.", "site.")


@dataclass(frozen=True, slots=True)
class Call:
    """One called person, who is a label and a counter here and nothing else."""

    label: str
    counter: str
    called_at_ms: int
    last_called_at_ms: int
    counter_name: str = ""
    zone: str = ""
    recalls: int = 0
    state: str = "called"


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds without a beat after which the board warns, and after which it shows no numbers at all."""

    stale_after_s: float = 20.0
    dead_after_s: float = 90.0


@dataclass(frozen=True, slots=True)
class Shows:
    """What a state of the link lets through."""

    numbers: bool
    banner: bool
    rings: bool


LINK: dict[str, Shows] = {
    "live": Shows(numbers=True, banner=False, rings=True),
    "stale": Shows(numbers=True, banner=True, rings=False),
    "dead": Shows(numbers=False, banner=True, rings=False),
}


def link_state(silence_s: float, settings: Settings) -> str:
    """live, stale or dead: what `silence_s` seconds without a beat make of the link."""
    if silence_s > settings.dead_after_s:
        return "dead"
    return "stale" if silence_s > settings.stale_after_s else "live"


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait that whoever comes now should expect, in seconds; past a break also as instants."""

    low_s: int
    high_s: int
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole board as the server tells it on every connect."""

    site: str
    name: str
    zone: str
    position: tuple[int, int]
    waiting: int
    calls: tuple[Call, ...]
    settings: Settings = Settings()
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log, cut down to what a hall may see."""

    type: str
    position: tuple[int, int]
    at_ms: int
    label: str = ""
    counter: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The board now. `heard` remembers when each label was last called, so nothing rings twice."""

    site: str = ""
    name: str = ""
    zone: str = ""
    position: tuple[int, int] = (0, 0)
    waiting: int = 0
    calls: tuple[Call, ...] = ()
    settings: Settings = Settings()
    counter_names: Mapping[str, str] = field(default_factory=dict)
    heard: Mapping[str, int] = field(default_factory=dict)
    primed: bool = False
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The board after one message, the calls to ring (oldest first), and whether a snapshot must be asked for."""

    board: Board
    rings: tuple[Call, ...] = ()
    ask_again: bool = False


def on_snapshot(board: Board, told: Snapshot, now_ms: int | None) -> Step:
    """A snapshot is the truth. What it holds beyond what was heard rings, unless it is old, answered, or the very
    first one; a log that starts anew (a lower position) counts as a first one."""
    same_log = board.primed and told.position >= board.position
    calls = tuple(sorted(told.calls, key=lambda call: -call.last_called_at_ms))[:MAX_CALLS]
    heard = dict(board.heard) if same_log else {}
    rings: tuple[Call, ...] = ()
    if same_log and now_ms is not None:
        fresh = [call for call in calls if _rings(call, heard, now_ms)]
        rings = tuple(reversed(fresh[:MAX_RINGS]))
    heard.update({call.label: max(call.last_called_at_ms, heard.get(call.label, 0)) for call in calls})
    names = {**board.counter_names, **{call.counter: call.counter_name for call in calls if call.counter_name}}
    after = Board(
        told.site,
        told.name,
        told.zone,
        told.position,
        told.waiting,
        calls,
        told.settings,
        names,
        _newest(heard),
        primed=True,
        wait=told.wait,
    )
    return Step(after, rings)


def on_row(board: Board, row: Row) -> Step:
    """One row of the log. Rows up to the snapshot's position are already in it and change nothing."""
    if not board.primed or row.position <= board.position:
        return Step(board)
    board = replace(board, position=row.position)
    deed, change = EFFECTS.get(row.type, ("", 0))
    nowhere = deed in ("call", "recall") and not (row.label and row.counter)
    if nowhere or row.type in ASK_AGAIN or row.type.startswith(ASK_AGAIN_FAMILIES):
        return Step(board, ask_again=True)
    if board.zone and row.zone and row.zone != board.zone:
        # The person now belongs to another hall: leave this one, count nothing here.
        return Step(replace(board, calls=_without(board.calls, row.label)), ask_again=row.type == "transferred")
    board = replace(board, waiting=max(0, board.waiting + change))
    if deed in ("call", "recall"):
        return _called(board, row, again=deed == "recall")
    if deed == "serve":
        calls = tuple(replace(call, state="serving") if call.label == row.label else call for call in board.calls)
        return Step(replace(board, calls=calls))
    return Step(replace(board, calls=_without(board.calls, row.label))) if deed == "drop" else Step(board)


def _called(board: Board, row: Row, *, again: bool) -> Step:
    before = next((call for call in board.calls if call.label == row.label), None)
    call = Call(
        label=row.label,
        counter=row.counter,
        called_at_ms=before.called_at_ms if again and before else row.at_ms,
        last_called_at_ms=row.at_ms,
        counter_name=board.counter_names.get(row.counter, ""),
        zone=row.zone,
        recalls=(before.recalls if before else 0) + 1 if again else 0,
    )
    # A counter has one person at a time: whoever was listed there is done, even if that row never came.
    others = tuple(other for other in board.calls if other.label != row.label and other.counter != row.counter)
    heard = _newest({**board.heard, row.label: row.at_ms})
    return Step(replace(board, calls=(call, *others)[:MAX_CALLS], heard=heard), rings=(call,))


def _rings(call: Call, heard: Mapping[str, int], now_ms: int) -> bool:
    unheard = call.last_called_at_ms > heard.get(call.label, -1)
    return call.state == "called" and unheard and now_ms - call.last_called_at_ms < FRESH_MS


def _without(calls: tuple[Call, ...], label: str) -> tuple[Call, ...]:
    return tuple(call for call in calls if call.label != label)


def _newest(heard: Mapping[str, int]) -> Mapping[str, int]:
    if len(heard) <= MAX_HEARD:
        return heard
    return dict(sorted(heard.items(), key=lambda item: item[1])[-MAX_HEARD:])


_QUAY = re.compile(r"quầy\s+(?:số\s+)?(\S{1,4})", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z]{0,2}[-_ ]?0*([0-9]{1,3})")


def place(counter: str, counter_name: str = "") -> str:
    """The counter as a citizen reads it behind the word "Quầy": `3` for the name "Quầy 3" or the code `Q03`."""
    named = _QUAY.fullmatch(counter_name.strip())
    text = named[1] if named else counter
    code = _CODE.fullmatch(text)
    return code[1] if code else text
