"""The simulated centre against the house's rules: the order of calling, nobody lost, clerks away when they should be."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import replace
from itertools import pairwise

import pytest

from queue_server.domain import routing
from queue_server.domain.counter import Counter
from queue_server.domain.visit import Ticket
from queue_server.staffing.centre import Played, Start, play
from queue_server.staffing.draw import draw
from queue_server.staffing.invent import invent
from queue_server.staffing.look import Look, Waiting
from queue_server.staffing.model import HOUR_MS, Centre, Habits

SMALL = invent(11, visits=160, posts=5, services=5)


def as_ticket(waiting: Waiting, order: int) -> Ticket:
    at = waiting.available_from_ms
    return Ticket(
        waiting.ticket, "S", "2026-11-20", "A", 1, "A001", waiting.service, "waiting", at, order, at, at, waiting.effective_at_ms, ()
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_counter_calls_whom_the_house_would_call(seed: int) -> None:
    order: dict[str, int] = {}
    calls = []

    def issued(look: Look) -> None:
        order[look.ticket] = len(order)

    def called(look: Look) -> None:
        desk = next(desk for desk in look.desks() if desk.code == look.post)
        own = Waiting(look.ticket, look.service, look.effective_at_ms, look.available_from_ms, look.quantity, look.privileged)
        line = [as_ticket(waiting, order[waiting.ticket]) for waiting in [own, *look.line()]]
        chosen = routing.choose(line, Counter("S", desk.code, "open", services=desk.services))
        assert chosen is not None
        assert chosen.id == look.ticket
        calls.append(look.ticket)

    play(SMALL, seed, on_issue=issued, on_call=called)
    assert len(calls) > 100


def test_nobody_is_lost_and_nobody_is_called_twice() -> None:
    played = play(SMALL, 3)
    steps = Tally((call.visitor, call.step) for call in played.calls)
    assert max(steps.values()) == 1
    first = {call.visitor for call in played.calls if call.step == 1}
    assert len(first) + len(played.left) + len([v for v, _ in played.unserved if v not in first]) == len(played.day.visitors)


def spans_at_work(centre: Centre, played: Played) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {n: [] for n in range(len(centre.posts))}
    for call in played.calls:
        person = played.day.visitors[call.visitor]
        takes = person.service_ms if call.step == 1 or person.second is None else person.second[1]
        came = not (call.step == 1 and (person.absent or call.called_ms - person.at_ms > person.leaves_ms))
        whole = (
            int(centre.habits.walk_s * 1000) + int(takes * centre.posts[call.post].factor) if came else int(centre.habits.no_show_s * 1000)
        )
        found[call.post].append((call.called_ms, call.called_ms + whole))
    return found


def test_a_counter_serves_one_person_at_a_time_and_only_what_it_can() -> None:
    played = play(SMALL, 4)
    for post, spans in spans_at_work(SMALL, played).items():
        assert all(a[1] <= b[0] for a, b in pairwise(spans)), post
    assert all(call.service in SMALL.posts[call.post].skills for call in played.calls)


def test_nobody_is_called_where_no_clerk_is() -> None:
    centre = replace(SMALL, habits=replace(SMALL.habits, pauses_per_hour=0.0, lunch=None, absent_p=0.0))
    nine, ten = 9 * HOUR_MS, 10 * HOUR_MS
    roster = tuple(((centre.open_ms, nine), (ten, centre.close_ms)) for _ in centre.posts)
    played = play(centre, 5, roster=roster)
    assert not [call for call in played.calls if nine <= call.called_ms < ten]
    assert not [call for call in played.calls if call.called_ms < centre.open_ms]
    absent = play(replace(centre, habits=replace(centre.habits, absent_p=1.0)), 5)
    assert {call.post for call in absent.calls} == {0}  # somebody always comes


def test_a_day_is_its_seed() -> None:
    again = play(SMALL, 6)
    assert again.calls == play(SMALL, 6).calls
    assert again.calls != play(SMALL, 7).calls


def test_one_counter_and_one_service_behave_as_the_formula_says() -> None:
    """M/M/1 at half load: the mean wait is the mean service time, on average over many long days (Pollaczek and Khinchine)."""
    even = Habits(0, 0, 0, 0, None, 0, walk_s=0, no_show_p=0, patience_s=None, priority_p=0, appointment_p=0, more_p=0)
    day = ((0, 24 * HOUR_MS),)
    log_sd = 0.5
    centre = replace(
        SMALL, services=(replace(SMALL.services[0], mean_s=120.0, log_sd=log_sd, transfer_p=0.0),),
        posts=(replace(SMALL.posts[0], skills=(0,), factor=1.0),), rates=tuple((7.5,) for _ in range(48)), opening=day, habits=even,
    )  # fmt: skip
    waits_s = [call.wait_ms / 1000 for seed in range(20) for call in play(centre, seed).calls]
    squared_variation = 2.718281828 ** (log_sd**2) - 1
    expected_s = 0.5 / (1 - 0.5) * (1 + squared_variation) / 2 * 120
    assert sum(waits_s) / len(waits_s) == pytest.approx(expected_s, rel=0.12)


def test_a_day_can_begin_in_its_middle() -> None:
    noon = 10 * HOUR_MS
    played = play(SMALL, draw(SMALL, 8), start=Start(noon, {0: noon + 600_000}))
    assert min(call.called_ms for call in played.calls) >= noon
    assert not [call for call in played.calls if call.post == 0 and call.called_ms < noon + 600_000]
