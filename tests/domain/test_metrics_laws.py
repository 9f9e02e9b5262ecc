"""Laws that the figures keep on any day: Little's, and that sums do not depend on order or on how the day was cut up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.domain import metrics
from queue_server.domain.event import canonical
from queue_server.domain.metrics import Days, Spread
from tests.made_day import OFFSET_MIN, MadeDay, made_days

DAY_AND_A_HALF_MS = 129_600_000
EXAMPLES = settings(max_examples=12, deadline=None)


def days_of(day: MadeDay) -> Days:
    return metrics.days_of(day.tickets.values(), day.spells, offset_min=OFFSET_MIN)


def text(days: Days) -> str:
    return canonical(days.stored())


# ---------------------------------------------------------------- Little's law
def changes(day: MadeDay) -> Iterator[tuple[int, int]]:
    """When the line grew and shrank by one, read off the events alone: somebody stands in it from being available until the first call
    of the step, or until they are gone. Who stands in it still when the day is over has left no wait."""
    waiting: dict[str, int] = {}
    for event in day.events:
        if event.type in ("issued", "transferred", "carried"):
            yield from _left(waiting, event.label or "", event.at, event.data)
            waiting[event.label or ""] = event.data.get("available_from", event.at)
        elif event.type in ("called", "cancelled", "expired"):
            yield from _left(waiting, event.label or "", event.at, event.data)


def _left(waiting: dict[str, int], label: str, at: int, data: dict[str, Any]) -> Iterator[tuple[int, int]]:
    since = waiting.pop(label, None)
    until = at if since is None or "elapsed_ms" not in data else min(at, since + data["elapsed_ms"])
    if since is not None and until > since:
        yield from ((since, 1), (until, -1))


def area(steps: list[tuple[int, int]]) -> int:
    """People times milliseconds under the curve of the line, swept from left to right."""
    total = people = before = 0
    for at, change in sorted(steps):
        total += people * (at - before)
        people, before = people + change, at
    assert people == 0
    return total


@EXAMPLES
@given(made_days(calm=True))
def test_the_waits_are_the_area_under_the_line_to_the_millisecond(day: MadeDay) -> None:
    whole = days_of(day).whole()
    waited = sum(whole.steps.get(name, Spread()).sum_ms for name in ("wait", "unserved"))
    assert waited == area(list(changes(day)))


@EXAMPLES
@given(made_days(calm=True))
def test_what_a_visit_waited_is_what_its_steps_waited(day: MadeDay) -> None:
    """Once every visit is over, and where none waited for another day, both ways of adding up are the same."""
    over = [each for each in day.tickets.values() if each.state not in ("waiting", "called", "serving", "held")]
    figures = metrics.figures(each for each in over if each.carried_to is None)
    by_step, by_visit = (_waited(table) for table in (figures.steps, figures.visits))
    assert by_step == by_visit


def _waited(table: dict[str, Spread]) -> int:
    return sum(table.get(name, Spread()).sum_ms for name in ("wait", "unserved"))


# ---------------------------------------------------------------- adding up
@EXAMPLES
@given(st.lists(made_days(), min_size=3, max_size=3))
def test_days_add_up_alike_in_any_grouping_and_order(days: list[MadeDay]) -> None:
    a, b, c = map(days_of, days)
    left, right, turned = Days(), Days(), Days()
    for each in (a, b, c):
        left.merge(each)
    right.merge(b)
    right.merge(c)
    right.merge(a)
    for each in (c, b, a):
        turned.merge(each)
    assert text(left) == text(right) == text(turned)
    together = [each for day in days for each in day.tickets.values()]
    assert text(left) == text(metrics.days_of(together, [row for day in days for row in day.spells], offset_min=OFFSET_MIN))


@EXAMPLES
@given(made_days(), st.randoms(use_true_random=False))
def test_the_order_of_visits_changes_no_figure(day: MadeDay, chance: random.Random) -> None:
    visits, spells = list(day.tickets.values()), list(day.spells)
    chance.shuffle(visits)
    chance.shuffle(spells)
    shuffled = metrics.days_of(visits, spells, offset_min=OFFSET_MIN)
    assert shuffled.digest(site="S") == days_of(day).digest(site="S")


@EXAMPLES
@given(made_days())
def test_the_parts_of_every_table_are_the_whole(day: MadeDay) -> None:
    days = days_of(day)
    whole = canonical(days.whole().stored())
    for parts in (days.by(0), days.by(1), days.by(2), days.by_half_hour()):
        added = metrics.Figures()
        for part in parts.values():
            added.merge(part)
        assert canonical(added.stored()) == whole
    services = metrics.Figures()
    for code in days.by(0):
        services.merge(days.whole(code))
    assert canonical(services.stored()) == whole


@EXAMPLES
@given(made_days())
def test_what_is_kept_is_all_there_is(day: MadeDay) -> None:
    days = days_of(day)
    again = Days.restored(days.stored())
    assert again.as_data() == days.as_data()
    assert again.digest(site="S", date="D") == days.digest(site="S", date="D") != days.digest(site="T", date="D")


# ---------------------------------------------------------------- single rules
@given(st.lists(st.integers(0, DAY_AND_A_HALF_MS), min_size=1, max_size=60), st.integers(1, 100))
@settings(max_examples=30, deadline=None)
def test_a_percentile_is_the_nearest_rank(durations: list[int], p: int) -> None:
    spread = Spread()
    for each in durations:
        spread.add(each)
    found = spread.percentile(p)
    seconds = [each // 1000 for each in durations]
    assert found in seconds
    assert 100 * sum(each <= found for each in seconds) >= p * len(seconds) > 100 * sum(each < found for each in seconds)


@EXAMPLES
@given(made_days())
def test_a_later_target_is_met_by_no_fewer(day: MadeDay) -> None:
    early, late = days_of(day).as_data(targets_s=(900, 1800))["shares"]
    assert early["within"] <= late["within"] <= late["of"] <= early["of"]
