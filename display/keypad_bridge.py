"""What a clerk's key does: a table of keys and of what stands at the counter, giving one command or one sign.

Holds the table, what is remembered of each keypad, and the signs. PURE: no socket, no clock (seconds are an argument), no
random number (the request id is an argument). Asking the server and sending the command is `display.keys`'.

A key is for this moment. Pressed twice within a bounce it is one; pressed while the line is cut, or while the last command is
still on its way, it is refused with a sign and never done later. Every command says whom it means (`if_ticket`, `cmd`), so that
a screen that was quicker wins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

BOUNCE_S = 0.4
GUARD_S = 5.0  # so soon after a call nobody has been served: a second "next" is a mistake or another hand's; a site may set another
NOBODY = "nobody"

# (key, who is at the counter: nobody, called or serving) -> the command of the contract.
TABLE: dict[tuple[str, str], str] = {
    ("next", "nobody"): "next",
    ("next", "called"): "next",
    ("next", "serving"): "next",
    ("recall", "called"): "recall",
    ("serve", "called"): "serve",
    ("hold", "called"): "hold",
    ("hold", "serving"): "hold",
    ("no-show", "called"): "no-show",
    ("complete", "called"): "complete",
    ("complete", "serving"): "complete",
    ("undo", "nobody"): "undo",
    ("undo", "called"): "undo",
    ("undo", "serving"): "undo",
}
RATES = {f"rate-{stars}": stars for stars in range(1, 5)}  # a citizen's keypad: the four faces, about the visit that has just ended
KEYS = frozenset(key for key, _ in TABLE) | RATES.keys()

# Signs on a keypad's own digits. Letters that seven segments can show.
CUT = "--"  # no line to the server: nothing was done, nothing will be done later
EMPTY = "0"  # nobody waits
ILLEGAL = "E1"  # this key means nothing now
CLOSED = "E2"  # the counter is closed or paused
OVERTAKEN = "E3"  # another hand was quicker, or it is too late to undo
UNKNOWN = "E4"  # the command went out and no answer came: look at the board


@dataclass(frozen=True, slots=True)
class Desk:
    """A counter as the server tells it. `there` is nobody, called or serving."""

    state: str
    there: str = NOBODY
    ticket: str = ""
    label: str = ""
    undo_cmd: str = ""
    called_s_ago: float | None = None
    guard_s: float = GUARD_S


@dataclass(frozen=True, slots=True)
class Pad:
    """What is remembered of one keypad."""

    key: str = ""
    pressed_s: float = float("-inf")
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One command of the contract. `if_ticket` is the person it means, `cmd` the command to undo."""

    command: str
    request_id: str
    if_ticket: str = ""
    cmd: str = ""
    stars: int = 0


def of_pad(key: str, *, rating: bool) -> str:
    """A key as this keypad may use it: in a citizen's hand only the faces mean anything, in a clerk's everything else."""
    return key if rating == (key in RATES) else ""


def press(pad: Pad, key: str, now_s: float, *, live: bool) -> tuple[Pad, str | None]:
    """A key went down. The pad, and None to go on and look at the desk, or the sign that ends it ("" is no sign at all)."""
    bounced = key == pad.key and now_s - pad.pressed_s < BOUNCE_S
    if bounced:
        return pad, ""
    pad = replace(pad, key=key, pressed_s=now_s)
    if key not in KEYS:
        return pad, ILLEGAL
    if pad.busy:
        return pad, ""
    if not live:
        return pad, CUT
    return replace(pad, busy=True), None


def decide(key: str, desk: Desk, request_id: str) -> Order | str:
    """The command, or the sign that says why there is none."""
    if desk.state not in ("open", "wrapping_up"):
        return CLOSED
    command = TABLE.get((key, desk.there))
    if command is None:
        return ILLEGAL
    if command == "undo":
        return Order(command, request_id, cmd=desk.undo_cmd) if desk.undo_cmd else OVERTAKEN
    if command == "next" and desk.called_s_ago is not None and desk.called_s_ago < desk.guard_s:
        return OVERTAKEN
    return Order(command, request_id, if_ticket=desk.ticket or NOBODY)


def done(pad: Pad) -> Pad:
    """The command has its answer, or never will."""
    return replace(pad, busy=False)


# ---------------------------------------------------------------- what the keypad says afterwards
# code of the contract -> sign
REFUSALS = {
    "counter_closed": CLOSED,
    "counter_inactive": CLOSED,
    "illegal_transition": OVERTAKEN,
    "undo_too_late": OVERTAKEN,
    "undo_overtaken": OVERTAKEN,
    "rating_over": OVERTAKEN,
    "rating_given": OVERTAKEN,
}


def refused(code: str) -> str:
    return REFUSALS.get(code, ILLEGAL)


def confirmed(command: str, label: str) -> str:
    """The number now at the counter; after a `next` with nobody waiting 0; nothing where the person has left."""
    return label or (EMPTY if command == "next" else "")
