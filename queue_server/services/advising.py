"""Advising on staff: what a site's own days have taught of its people and counters, put as the centre that `staffing` plays.

Reading and reckoning of averages only. A day that is over is read once and kept by the caller. Where there is little history the
answer says so; what cannot be seen in a log (how often a clerk is absent, when lunch is taken by turns) is assumed and said in the docs.
"""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.visit import Ticket
from queue_server.estimating.learned import fold
from queue_server.estimating.scene import CLOSED, Desk, Scene
from queue_server.services import teaching
from queue_server.services.picturing import picture
from queue_server.services.views import moment
from queue_server.staffing.live import Advice, Change, Range, advise
from queue_server.staffing.model import HALF_HOUR_MS, HALF_HOURS, HOUR_MS, Centre, Credits, Habits, Post, Span, Work, slot_of
from queue_server.staffing.waits import Target

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

DAYS_BACK, DAYS_MOST = 42, 24  # so far back is looked for so many days
LEAST_TODAY, LEAST_TODAY_MS = 30, 45 * calendar.MINUTE_MS  # a first day says something from so many people over so long
WEEKDAY_WEIGHT = 2.0  # days that the usual day counts as against one weekday's own
SPREAD_WEIGHT, USUAL_SPREAD = 5.0, 0.12
TODAY_WEIGHT = 20.0  # people
LUNCH: Span = (11 * HOUR_MS, 13 * HOUR_MS)
DAYS, TODAY, NOTHING = "days", "today", "nothing"


@dataclass(frozen=True)
class DayFacts:
    """What one day says: people by half hour and service, how many had a privilege, an appointment or several pieces, who was sent
    on to what, how many counters called in each half hour."""

    day: str
    came: Mapping[tuple[int, str], int]
    privileged: int = 0
    booked: int = 0
    several: int = 0
    onward: Mapping[tuple[str, str], int] = field(default_factory=dict)
    callers: Mapping[int, int] = field(default_factory=dict)
    first_ms: int = 0

    @property
    def people(self) -> int:
        return sum(self.came.values())

    @property
    def weekday(self) -> int:
        return date.fromisoformat(self.day).isoweekday()


@dataclass(frozen=True)
class Known:
    """A site as it is known for one day: its centre, what that rests on, and how many counters usually call by half hour."""

    day: str
    centre: Centre
    basis: str
    days: int
    people: int
    usual: Mapping[int, float]
    target: Target


def facts_of(tickets: Iterable[Ticket], day: str, offset_min: int) -> DayFacts:
    """One day's tickets as facts. A person who came before their time counts when they came."""
    start = calendar.midnight_ms(day, offset_min)
    came: Tally[tuple[int, str]] = Tally()
    onward: Tally[tuple[str, str]] = Tally()
    callers: dict[int, set[str]] = {}
    sums: Tally[str] = Tally()
    first_ms = calendar.DAY_MS
    for ticket in tickets:
        if ticket.voided or not ticket.steps:
            continue
        at_ms = ticket.issued_at - start
        first_ms = min(first_ms, at_ms)
        came[slot_of(at_ms), ticket.steps[0].service] += 1
        sums["booked"] += ticket.appointment is not None
        sums["privileged"] += ticket.priority_class is not None
        sums["several"] += ticket.quantity > 1
        for before, after in pairwise(ticket.steps):
            onward[before.service, after.service] += 1
        for step in ticket.steps:
            if step.first_called_at is not None and step.counter:
                callers.setdefault(slot_of(step.first_called_at - start), set()).add(step.counter)
    seen = {slot: len(codes) for slot, codes in callers.items()}
    return DayFacts(day, dict(came), sums["privileged"], sums["booked"], sums["several"], dict(onward), seen, first_ms)


def past_days(day: str) -> list[str]:
    """The days before, newest first."""
    today = date.fromisoformat(day)
    return [(today - timedelta(days=n)).isoformat() for n in range(1, DAYS_BACK + 1)]


def planned_day(config: SiteConfig, now_ms: int) -> str:
    """Today until the house closes, then the next day on which it opens."""
    offset = config.utc_offset_min
    today = calendar.business_day(now_ms, offset)
    for n in range(15):
        day = (date.fromisoformat(today) + timedelta(days=n)).isoformat()
        spans = opening_of(config, day)
        if spans and (n or now_ms < calendar.midnight_ms(day, offset) + spans[-1][1]):
            return day
    return today


def opening_of(config: SiteConfig, day: str) -> list[Span]:
    """When anything is served on a day, in milliseconds after midnight."""
    windows = sorted(
        window for code, service in config.services.items() if service.open for window in config.calendar_of(code).windows(day)
    )
    found: list[Span] = []
    for begin, end in windows:
        a, b = begin * calendar.MINUTE_MS, end * calendar.MINUTE_MS
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], b))
        else:
            found.append((a, b))
    return found


# ---------------------------------------------------------------- the hall now
def scene_now(reader: Reader, site: str, config: SiteConfig, now_ms: int) -> Scene:
    """The hall with closed counters too, and everything learned of visits and counters in it."""
    seen = picture(reader, site, config, now_ms)
    there = {desk.counter for desk in seen.desks}
    shut = [Desk(code, CLOSED, config.served_by(code)) for code in config.counters if code not in there]
    whole = replace(seen, desks=(*seen.desks, *shut))
    return fold(teaching.at_start(reader, site, config, now_ms)).completed(whole)


# ---------------------------------------------------------------- a centre out of facts
def known(config: SiteConfig, scene: Scene, days: Sequence[DayFacts], today: DayFacts | None, day: str, now_ms: int) -> Known:
    """The site for one day, from whole days before it (newest first), or from today alone where there is no other."""
    whole = [one for one in days if one.people][:DAYS_MOST]
    codes = [code for code, service in config.services.items() if service.open or any(c == code for one in whole for _, c in one.came)]
    opening = _hours(opening_of(config, day), whole or ([today] if today else []))
    elapsed_ms = now_ms - calendar.midnight_ms(today.day, config.utc_offset_min) - today.first_ms if today and today.people else 0
    if whole:
        basis, rates, used = DAYS, _rates(whole, codes, date.fromisoformat(day).isoweekday()), whole
    elif today and today.people >= LEAST_TODAY and elapsed_ms >= LEAST_TODAY_MS:
        basis, rates, used = TODAY, _flat(today, codes, opening, elapsed_ms), [today]
    else:
        basis, rates, used = NOTHING, tuple((0.0,) * len(codes) for _ in range(HALF_HOURS)), []
    posts = _posts(config, scene, codes)
    centre = Centre(_works(scene, codes, used), posts, rates, tuple(opening), _habits(scene, used, whole, opening), _credits(config))
    return Known(day, centre, basis, len(whole), sum(one.people for one in used), _usual(whole), target_of(config))


def target_of(config: SiteConfig) -> Target:
    """The house's own targets: the mean within the first, 95 of 100 within the last."""
    targets = config.policy.targets_s
    return Target(targets[0], targets[-1])


def _rates(days: Sequence[DayFacts], codes: Sequence[str], weekday: int) -> tuple[tuple[float, ...], ...]:
    """The mean day, lifted or lowered to what this weekday is; few such days move it little."""
    mean = sum(one.people for one in days) / len(days)
    own = [one.people for one in days if one.weekday == weekday]
    factor = (sum(own) + WEEKDAY_WEIGHT * mean) / ((len(own) + WEEKDAY_WEIGHT) * mean)
    return tuple(tuple(factor * sum(one.came.get((h, code), 0) for one in days) / len(days) for code in codes) for h in range(HALF_HOURS))


def _flat(today: DayFacts, codes: Sequence[str], opening: Sequence[Span], elapsed_ms: int) -> tuple[tuple[float, ...], ...]:
    """The pace of today so far, all day: there is no shape to be known yet."""
    per_ms = {code: sum(n for (_, c), n in today.came.items() if c == code) / elapsed_ms for code in codes}
    found = []
    for h in range(HALF_HOURS):
        begin = h * HALF_HOUR_MS
        ms = sum(max(0, min(begin + HALF_HOUR_MS, b) - max(begin, a)) for a, b in opening)
        found.append(tuple(per_ms[code] * ms for code in codes))
    return tuple(found)


def _works(scene: Scene, codes: Sequence[str], days: Sequence[DayFacts]) -> tuple[Work, ...]:
    onward: Tally[tuple[str, str]] = Tally()
    came: Tally[str] = Tally()
    for one in days:
        onward.update(one.onward)
        for (_, code), n in one.came.items():
            came[code] += n
    works = []
    for code in codes:
        model = scene.services[code]
        targets = {after: n for (before, after), n in onward.items() if before == code and after in codes}
        best = max(targets, key=lambda after: targets[after], default=None)
        share = min(0.9, sum(targets.values()) / came[code]) if best is not None and came[code] else 0.0
        works.append(Work(code, model.mean_s, model.log_sd, share, codes.index(best) if best is not None else None))
    return tuple(works)


def _posts(config: SiteConfig, scene: Scene, codes: Sequence[str]) -> tuple[Post, ...]:
    factors = {desk.counter: desk.factor for desk in scene.desks}
    place = {code: k for k, code in enumerate(codes)}
    found = []
    for code in config.counters:
        skills = tuple(place[each] for each in config.served_by(code) if each in place)
        if skills:
            found.append(Post(code, skills, factors.get(code, 1.0)))
    return tuple(found)


def _habits(scene: Scene, used: Sequence[DayFacts], whole: Sequence[DayFacts], opening: Sequence[Span]) -> Habits:
    usual, people = Habits(), max(1, sum(one.people for one in used))
    models = list(scene.services.values())
    no_show = sum(model.no_show_p for model in models) / max(1, len(models))
    over_noon = any(a <= LUNCH[0] and b >= LUNCH[1] for a, b in opening)
    return replace(
        usual,
        day_sd=_spread(whole),
        pauses_per_hour=scene.pauses_per_hour,
        pause_s=scene.pause_s,
        lunch=LUNCH if over_noon else None,
        walk_s=scene.turnover_s,
        no_show_p=no_show,
        no_show_s=scene.no_show_s,
        priority_p=sum(one.privileged for one in used) / people,
        appointment_p=sum(one.booked for one in used) / people,
        more_p=sum(one.several for one in used) / people,
        more_share=scene.more_share,
    )


def _spread(days: Sequence[DayFacts]) -> float:
    """The spread of the logarithm of a day's volume beyond the chance of single arrivals; few days stay near what is usual."""
    if len(days) < 2:
        return USUAL_SPREAD
    logs = [math.log(one.people) for one in days]
    mean = sum(logs) / len(logs)
    squares = sum((each - mean) ** 2 for each in logs) - len(logs) / math.exp(mean)
    return math.sqrt(max(0.0025, (SPREAD_WEIGHT * USUAL_SPREAD**2 + max(0.0, squares)) / (SPREAD_WEIGHT + len(logs) - 1)))


def _credits(config: SiteConfig) -> Credits:
    classes = [each.credit_s for each in config.priority_classes.values()]
    priority = max(classes, default=1800)
    return Credits(priority, config.policy.appointment_credit_s, config.policy.transfer_credit_s)


def _hours(opening: Sequence[Span], days: Sequence[DayFacts]) -> list[Span]:
    """The opening hours; of a house that never closes, the hours in which people come and an hour after."""
    if not (len(opening) == 1 and opening[0] == (0, calendar.DAY_MS)):
        return list(opening) or [(8 * HOUR_MS, 17 * HOUR_MS)]
    slots = [slot for one in days for slot, _ in one.came]
    if not slots or len(set(slots)) < 4:
        return [(0, calendar.DAY_MS)]
    return [(min(slots) * HALF_HOUR_MS, min(calendar.DAY_MS, (max(slots) + 3) * HALF_HOUR_MS))]


def _usual(days: Sequence[DayFacts]) -> dict[int, float]:
    slots = {slot for one in days for slot in one.callers}
    return {slot: sum(one.callers.get(slot, 0) for one in days) / len(days) for slot in slots}


# ---------------------------------------------------------------- one counter more or fewer, now
def advice(config: SiteConfig, scene: Scene, site: Known, today: DayFacts | None, stop: Callable[[], bool]) -> Advice:
    """What one counter more or fewer does now. The day's volume so far corrects what was expected of it."""
    offset = config.utc_offset_min
    day = calendar.business_day(scene.now_ms, offset)
    midnight_ms = calendar.midnight_ms(day, offset)
    now_ms = scene.now_ms - midnight_ms
    rates = [dict(zip((work.code for work in site.centre.services), row, strict=True)) for row in site.centre.rates]
    factor = _so_far(rates, today, now_ms) if site.basis == DAYS else 1.0
    if site.basis == NOTHING and today is not None and today.people:
        rates = _recent(today, now_ms)
    rates = [{code: n * factor for code, n in row.items()} for row in rates]
    spans = opening_of(config, day)
    close_ms = spans[-1][1] if spans else now_ms
    return advise(
        scene,
        rates,
        midnight_ms=midnight_ms,
        close_ms=close_ms,
        habits=site.centre.habits,
        credits=site.centre.credits,
        stop=stop,
    )


def _so_far(rates: Sequence[Mapping[str, float]], today: DayFacts | None, now_ms: int) -> float:
    """Today against what was expected until now; early in the morning it says little."""
    part = (now_ms % HALF_HOUR_MS) / HALF_HOUR_MS
    expected = sum(sum(row.values()) * (1.0 if h < slot_of(now_ms) else part) for h, row in enumerate(rates[: slot_of(now_ms) + 1]))
    came = today.people if today else 0
    return min(2.0, max(0.5, (came + TODAY_WEIGHT) / (expected + TODAY_WEIGHT)))


def _recent(today: DayFacts, now_ms: int) -> list[dict[str, float]]:
    """The pace of the last hour or of what there is of it, for every half hour to come."""
    since = max(today.first_ms, (slot_of(now_ms) - 2) * HALF_HOUR_MS)
    half_hours = max(0.5, (now_ms - since) / HALF_HOUR_MS)
    recent: Tally[str] = Tally()
    for (slot, code), n in today.came.items():
        if slot * HALF_HOUR_MS >= since - HALF_HOUR_MS:
            recent[code] += n
    return [{code: n / half_hours for code, n in recent.items()}] * HALF_HOURS


def advice_data(found: Advice, midnight_ms: int) -> dict[str, object]:
    """The advice as plain JSON values: ranges as [low, middle, high] in whole seconds."""

    def seconds(one: Range) -> list[int]:
        return [round(one.low_s), round(one.mid_s), round(one.high_s)]

    def change(one: Change) -> dict[str, object]:
        return {
            "counters": list(one.counters), "services": list(one.services), "before_s": seconds(one.before), "after_s": seconds(one.after),
            "saved_min": round(one.saved_min), "people": round(one.people), "only": one.only,
        }  # fmt: skip

    return {
        "opening": [change(one) for one in found.opening],
        "closing": [change(one) for one in found.closing],
        "ahead": [
            {"from_at": moment(midnight_ms + one.at_ms), "wait_s": seconds(one.wait), "waiting": round(one.waiting)} for one in found.ahead
        ],
        "paths": found.paths,
    }
