"""A second, plain reckoning of a day's published figures, from tickets as `plain` read them off the log.

Shares no code with `queue_server.domain`, on purpose: the definitions are read once more from `docs/metrics.md`. Done differently:
every duration stands in a list of its own, a percentile is looked up in the sorted list, a part of the day is a list filtered
once more, and nothing is ever merged. The answer has the form of the published one, so the two can be laid side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

Plain = dict[str, Any]
SILENT = ("print_outcome", "reprinted", "print_wanted", "annotated", "rated", "let_passed")  # rows that change no figure
STATES = {"served": "completed", "no_show": "no_show", "cancelled": "cancelled", "expired": "expired", "moved": "moved"}
LIVE = ("waiting", "called", "serving", "held")
ENDED_BY_CLERK = ("done", "incomplete", "referred", "left", "refused_service", "not_needed", "transferred", "moved")
STEP_TIMES = (
    "wait", "wait_estimated", "before_opening", "over_breaks", "unserved", "unserved_estimated", "call_to_arrival", "service_time",
    "on_hold", "sojourn",
)  # fmt: skip
VISIT_TIMES = ("wait", "wait_estimated", "first_wait", "unserved", "unserved_estimated", "service_time", "door_to_door")
MARKS = ("machine_closed", "entered_late", "start_inferred", "called_anew", "wait_negative", "wait_estimated", "clock_moved")
COUNTS = (
    "issued", "arrived", "called", "served", "no_show", "cancelled", "expired", "moved", "abandoned", "recalls", "transfers",
    "machine_closed", "entered_late", "voided", "carried", "priority", "priority_confirmed", "priority_refused",
)  # fmt: skip
ROW_TIMES = ("wait", "unserved", "call_to_arrival", "service_time", "sojourn")


def day(tickets: Iterable[Plain], events: Iterable[Mapping[str, Any]], date: str, *, offset_min: int, targets_s: Iterable[int]) -> Plain:
    """The figures of one business day, in the form in which they are published."""
    today, log, targets = [ticket for ticket in tickets if ticket.get("business_day") == date], list(events), list(targets_s)
    visits = [_visit(ticket, offset_min) for ticket in today]
    steps = [_step(ticket, n, offset_min) for ticket in today if not ticket["void"] for n in range(len(ticket["steps"]))]
    desks = _desks(log, date)
    whole = _whole(visits, steps, targets)
    for name in ("wrap_up", "paused"):
        whole[name] = _spread([ms for spent in desks.values() for ms in spent[name]], histogram=True)
    for table, key in (("by_service", "service"), ("by_counter", "counter"), ("by_channel", "channel"), ("by_half_hour", "half")):
        whole[table] = _table(visits, steps, targets, key, desks if key == "counter" else {})
    closed = [event["seq"] for event in log if event["type"] == "day.closed" and event["subject"] == f"day:{date}"]
    return whole | {"closed": bool(closed), "version": _version(today, log, max(closed)) if closed else 0}


def _version(today: list[Plain], log: list[Mapping[str, Any]], closed_seq: int) -> int:
    """1 at the close, and one more with each later row that changed one of the day's visits."""
    own = {ticket["id"] for ticket in today}
    return 1 + len([1 for event in log if event["seq"] > closed_seq and event["ticket"] in own and event["type"] not in SILENT])


# ---------------------------------------------------------------- one step, one visit
def _unknown_clock(ticket: Plain) -> bool:
    return bool(ticket["lease"]) and (ticket["synced"] is not True or _moved_clock(ticket))


def _moved_clock(ticket: Plain) -> bool:
    told = ticket["device_at"]
    return bool(ticket["lease"]) and told is not None and not -2000 <= told - ticket["issued_at"] <= 2000


def _waited(step: Plain) -> int | None:
    return None if step["first_called_at"] is None else max(0, step["first_called_at"] - step["available_from"])


def _gone(step: Plain) -> int | None:
    if step["first_called_at"] is not None or step["ended_at"] is None:
        return None
    return int(step["elapsed_ms"]) if step["elapsed_ms"] is not None else max(0, step["ended_at"] - step["available_from"])


def _starts_with_last_call(step: Plain) -> bool:
    return step["started_at"] is not None and not (step["last_called_at"] is not None and step["started_at"] < step["last_called_at"])


def _served(step: Plain) -> int | None:
    seen = not (step["inferred"] or step["machine"] or step["late"]) and step["outcome"] in ENDED_BY_CLERK
    if not seen or step["ended_at"] is None or not _starts_with_last_call(step):
        return None
    return max(0, int(step["ended_at"] - step["started_at"] - step["away_ms"]))


def _step(ticket: Plain, n: int, offset_min: int) -> Plain:
    step, times = ticket["steps"][n], dict.fromkeys(STEP_TIMES)
    guessed = n == 0 and _unknown_clock(ticket)
    if not step["late"]:
        times["wait"], times["unserved"], times["service_time"] = _waited(step), _gone(step), _served(step)
        if times["wait"] is not None:
            times["before_opening"], times["over_breaks"] = step["before_opening_ms"], step["over_breaks_ms"]
        if guessed:
            times["wait_estimated"], times["unserved_estimated"] = times["wait"], times["unserved"]
        straight = step["first_called_at"] is not None and step["turns"] < 2 and not step["inferred"]
        if straight and _starts_with_last_call(step):
            times["call_to_arrival"] = max(0, step["started_at"] - step["first_called_at"] - step["away_before_ms"])
        away = step["away_ms"] + step["away_before_ms"]
        if away > 0 and step["away_since"] is None and not step["machine"]:
            times["on_hold"] = away
        if step["ended_at"] is not None and step["outcome"] in ENDED_BY_CLERK and not step["machine"]:
            times["sojourn"] = max(0, step["ended_at"] - step["available_from"])
    early = step["first_called_at"] is not None and step["first_called_at"] < step["available_from"]
    marks = {
        "machine_closed": step["machine"], "entered_late": step["late"], "start_inferred": step["inferred"],
        "called_anew": step["turns"] > 1,
        "wait_negative": early and not step["late"], "wait_estimated": guessed and not step["late"],
        "clock_moved": n == 0 and _moved_clock(ticket) and not step["late"],
    }  # fmt: skip
    where = {"service": step["service"], "counter": step["counter"] or "-", "channel": ticket["channel"]}
    return where | {"half": _half(step["available_from"], offset_min), "times": times, "marks": marks}


def _visit(ticket: Plain, offset_min: int) -> Plain:
    steps, over = ticket["steps"], ticket["state"] not in LIVE
    outside = ticket["void"] or any(step["late"] or step["outcome"] == "carried" for step in steps)
    times = dict.fromkeys(VISIT_TIMES)
    if over and not outside:
        waits = [_waited(step) for step in steps]
        whole = sum(each for each in [*waits, *map(_gone, steps)] if each is not None)
        name = "unserved" if None in waits else "wait"
        times[name], times["first_wait"] = whole, waits[0]
        if _unknown_clock(ticket):
            times[f"{name}_estimated"] = whole
        if ticket["state"] == "completed" and not any(step["machine"] for step in steps):
            times["door_to_door"] = max(0, ticket["ended_at"] - ticket["issued_at"])
            served = [_served(step) for step in steps]
            times["service_time"] = None if None in served else sum(each for each in served if each is not None)
    counters = [step["counter"] for step in steps if step["counter"]]
    where = {"service": ticket["service"], "counter": counters[-1] if counters else "-", "channel": ticket["channel"]}
    facts = {"over": over, "several_steps": over and len(steps) > 1, "left_out": over and outside, "length": len(steps)}
    return (
        where
        | facts
        | {"half": _half(ticket["issued_at"], offset_min), "times": times, "counts": _counts(ticket), "state": ticket["state"]}
    )


def _counts(ticket: Plain) -> dict[str, int]:
    steps = ticket["steps"]
    called = any(step["first_called_at"] is not None for step in steps)
    found = {
        "issued": ticket["moved_from"] is None, "arrived": ticket["moved_from"] is not None, "called": called,
        "abandoned": not called and ticket["state"] in ("cancelled", "expired"),
        "recalls": sum(step["recalls"] for step in steps), "transfers": sum(step["outcome"] == "transferred" for step in steps),
        "machine_closed": ticket["by_system"], "entered_late": any(step["late"] for step in steps), "voided": ticket["void"],
        "carried": any(step["outcome"] == "carried" for step in steps), "priority": ticket["priority_class"] is not None,
        "priority_confirmed": ticket["priority_check"] == "confirmed", "priority_refused": ticket["priority_check"] == "refused",
    }  # fmt: skip
    return {name: int(n) for name, n in found.items()} | {name: int(ticket["state"] == state) for name, state in STATES.items()}


def _half(at_ms: int, offset_min: int) -> str:
    minute = (at_ms // 60_000 + offset_min) % 1440
    return f"{minute // 60:02d}:{'30' if minute % 60 >= 30 else '00'}"


# ---------------------------------------------------------------- lists of them
def _spread(durations: Iterable[int | None], *, histogram: bool) -> Plain:
    found = sorted(each for each in durations if each is not None)
    seconds = [each // 1000 for each in found]
    shown: Plain = {"n": len(found), "sum_ms": sum(found), "mean_s": None, "max_s": None, "p50_s": None, "p90_s": None, "p95_s": None}
    if found:
        shown["mean_s"] = _rounded(Fraction(sum(found), 1000 * len(found)))
        shown["max_s"] = seconds[-1]
        shown |= {f"p{p}_s": seconds[(p * len(seconds) + 99) // 100 - 1] for p in (50, 90, 95)}
    return shown | ({"histogram": {str(second): n for second, n in Counter(seconds).items()}} if histogram else {})


def _shares(rows: list[Plain], targets_s: list[int]) -> list[Plain]:
    found = []
    for target in targets_s:
        known = [row["times"] for row in rows if row["times"]["wait_estimated"] is None and row["times"]["unserved_estimated"] is None]
        called = [each["wait"] // 1000 for each in known if each["wait"] is not None]
        lost = sum(each["unserved"] is not None and each["unserved"] // 1000 > target for each in known)
        within, of = sum(each <= target for each in called), len(called) + lost
        permille = _rounded(Fraction(1000 * within, of)) if of else None
        found.append({"target_s": target, "within": within, "of": of, "unserved_over": lost, "permille": permille})
    return found


def _rounded(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def _summed(visits: list[Plain]) -> dict[str, int]:
    return {name: sum(visit["counts"][name] for visit in visits) for name in COUNTS}


def _now(visits: list[Plain]) -> dict[str, int]:
    return {state: sum(visit["state"] == state for visit in visits) for state in LIVE}


def _all(rows: list[Plain], name: str, histogram: bool = True) -> Plain:
    return _spread((row["times"][name] for row in rows), histogram=histogram)


def _whole(visits: list[Plain], steps: list[Plain], targets: list[int]) -> Plain:
    over = [visit for visit in visits if visit["over"]]
    lengths = Counter(str(visit["length"]) for visit in over)
    facts = {name: sum(visit[name] for visit in visits) for name in ("over", "several_steps", "left_out")}
    return {
        "counts": _summed(visits), "now": _now(visits), "marks": {name: sum(step["marks"][name] for step in steps) for name in MARKS},
        **{name: _all(steps, name) for name in STEP_TIMES}, "shares": _shares(steps, targets),
        "visit": facts | {"steps": dict(lengths), "shares": _shares(visits, targets)} | {name: _all(visits, name) for name in VISIT_TIMES},
    }  # fmt: skip


def _table(visits: list[Plain], steps: list[Plain], targets: list[int], key: str, desks: Mapping[str, Plain]) -> Plain:
    rows = {}
    for code in {each[key] for each in (*visits, *steps)} | set(desks):
        here, there = ([each for each in every if each[key] == code] for every in (visits, steps))
        facts = {name: sum(visit[name] for visit in here) for name in ("over", "several_steps")}
        rows[code] = _summed(here) | {"now": _now(here), "shares": _shares(there, targets)}
        rows[code] |= {name: _all(there, name, False) for name in ROW_TIMES}
        rows[code]["visit"] = facts | {name: _all(here, name, False) for name in ("wait", "door_to_door")}
        if key == "counter":
            spent = desks.get(code, {"wrap_up": [], "paused": []})
            rows[code] |= {f"{name}_n": len(each) for name, each in spent.items()} | {
                f"{name}_ms": sum(each) for name, each in spent.items()
            }
    return rows


# ---------------------------------------------------------------- counters
COUNTER_STATE = {
    "counter.opened": "open", "counter.closed": "closed", "counter.paused": "paused", "counter.resumed": "open",
    "counter.wrapping_up": "wrapping_up",
}  # fmt: skip


def _desks(events: list[Mapping[str, Any]], date: str) -> dict[str, Plain]:
    """How long each counter wrapped up and stood paused on one day, stretch by stretch, read off the log alone."""
    began: dict[str, tuple[str, int]] = {}
    found: dict[str, Plain] = {}
    for event in events:
        state = COUNTER_STATE.get(event["type"])
        was, since = began.get(event["counter"], ("", 0))
        if state is None or state == was:
            continue
        if was in ("wrapping_up", "paused") and event["business_day"] == date and event["data"].get("reason") != "day_close":
            desk = found.setdefault(event["counter"], {"wrap_up": [], "paused": []})
            desk["wrap_up" if was == "wrapping_up" else "paused"].append(event["at"] - since)
        began[event["counter"]] = (state, event["at"])
    return found
