"""Numbers turned into the few words a citizen reads: people ahead, a wait as a range, when a service opens again.

Pure; the translator is an argument. A range is only ever widened by rounding: a printed wait must not promise more
than the estimate did.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.values import Found, Home, Service, Ticket

Translate = Callable[[str], str]
STEP_MIN = 5
LONG_MIN = 120
SHORT_ZONE = 3


def ahead(count: int | None, _: Translate) -> str:
    if count is None:
        return ""
    if count == 0:
        return _("You are next")
    return _("Ahead of you: %(count)s people") % {"count": count} if count > 1 else _("Ahead of you: 1 person")


def waiting(count: int, _: Translate) -> str:
    if count == 0:
        return _("Nobody is waiting")
    return _("Waiting: %(count)s people") % {"count": count} if count > 1 else _("Waiting: 1 person")


def wait(low_s: int | None, high_s: int | None, _: Translate) -> str:
    """`about 20–30 minutes`: low rounded down, high rounded up, to 5 minutes; hours above two."""
    if low_s is None or high_s is None or high_s < low_s:
        return ""
    low, high = low_s // 60 // STEP_MIN * STEP_MIN, -(-high_s // (60 * STEP_MIN)) * STEP_MIN
    high += STEP_MIN if high == low else 0  # a point is not a range
    if low > LONG_MIN:
        return _("about %(low)s–%(high)s hours") % {"low": low // 60, "high": max(-(-high // 60), low // 60 + 1)}
    if low == 0:
        return _("less than %(high)s minutes") % {"high": high}
    return _("about %(low)s–%(high)s minutes") % {"low": low, "high": high}


def at_clock(begin: str, end: str, _: Translate) -> str:
    """`about 13:40–14:10`: widened to whole five minutes. Nothing where no two instants of one day were told."""
    try:
        low, high = datetime.fromisoformat(begin), datetime.fromisoformat(end)
    except ValueError:
        return ""
    early = low - timedelta(minutes=low.minute % STEP_MIN, seconds=low.second, microseconds=low.microsecond)
    late = high + timedelta(seconds=-(high.minute * 60 + high.second) % (STEP_MIN * 60), microseconds=-high.microsecond)
    if high < low or early.date() != late.date():
        return ""
    late += timedelta(minutes=STEP_MIN if late == early else 0)
    return _("about %(from)s–%(to)s") % {"from": early.strftime("%H:%M"), "to": late.strftime("%H:%M")}


def expected(of: Service | Ticket | Found, _: Translate, *, short: bool = False) -> str:
    """When somebody is called: as a wait, or past a break as a time of day, which is what a person can go by then."""
    clock = at_clock(of.called_from, of.called_to, _)
    if clock:
        return (_("Your turn: %(time)s") if short else _("Expected call: %(time)s")) % {"time": clock}
    span = wait(of.low_s, of.high_s, _)
    return ((_("Wait: %(wait)s") if short else _("Expected wait: %(wait)s")) % {"wait": span}) if span else ""


def opens(instant: str, now: str, _: Translate) -> str:
    """When a closed service opens again, with the day where it is not today. Nothing where nobody knows."""
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        return ""
    time = at.strftime("%H:%M")
    if now[:10] == at.strftime("%Y-%m-%d"):
        return _("Opens at %(time)s") % {"time": time}
    return _("Opens at %(time)s on %(day)s") % {"time": time, "day": f"{weekday(at.weekday(), _)} {at.strftime('%d/%m')}"}


def offer(service: Service, now: str, _: Translate) -> str:
    """What a service's button says below its name: how many wait, or why not now and when next."""
    then = opens(service.next_open_at, now, _)
    if service.open:
        away = service.why == "absent" and bool(then)
        if away:
            return _("The officer comes later today. %(then)s") % {"then": then}
        span = _wait_of(service, _)  # with nobody before them people wait for a counter that serves others: "nobody" would mislead
        return ", ".join(part for part in (waiting(service.waiting, _) if service.waiting or not span else "", span) if part)
    why = {
        "absent": _("The officer is not in."),
        "quota": _("No numbers are left."),
        "capacity": _("No more time today."),
        "ended": _("This has ended."),
    }.get(service.why, "")
    return " ".join(part for part in (why, then) if part) or _("Closed today")


def _wait_of(service: Service, _: Translate) -> str:
    """What whoever takes a number now should expect; nothing beside "nobody is waiting" where that says it already."""
    clock = at_clock(service.called_from, service.called_to, _)
    return clock or (wait(service.low_s, service.high_s, _) if service.waiting or service.low_s else "")


def from_when(instant: str, now: str, _: Translate) -> str:
    """`08:30`, with the day where it is not today."""
    at = datetime.fromisoformat(instant)
    time = at.strftime("%H:%M")
    return time if now[:10] == at.strftime("%Y-%m-%d") else f"{time}, {weekday(at.weekday(), _)} {at.strftime('%d/%m')}"


def weekday(number: int, _: Translate) -> str:
    days = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
    return days[number]


def place(zone: str, _: Translate) -> str:
    """Where to wait. A bare code ("1", "B2") is called a zone; a name speaks for itself."""
    if not zone:
        return ""
    name = _("zone %(zone)s") % {"zone": zone} if len(zone) <= SHORT_ZONE else zone
    return _("Please wait in: %(zone)s") % {"zone": name}


def service_name(home: Home, code: str, lang: str, _: Translate) -> str:
    """A service by its own name; the help desk has one even where it is not among the buttons."""
    service = home.service(code)
    if service:
        return service.name(lang)
    return _("Help desk") if code and code == home.help_service else ""


def standing(state: str, counter: str, _: Translate) -> tuple[str, str]:
    """How it stands with a number whose slip was laid on the reader, and its tone."""
    match state:
        case "waiting":
            return _("Keep your slip and watch the board."), "calm"
        case "called" | "serving":
            return (_("Please go to %(counter)s now.") % {"counter": counter} if counter else _("Please look at the board now.")), "good"
        case "held":
            return _("Please wait: you will be called again."), "calm"
        case "no_show":
            return _("This number was called. Please ask at the help desk."), "care"
    return _("This number has ended."), "care"
