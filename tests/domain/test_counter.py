"""A counter's table against a copy written by hand, what an event leaves, and what is lawful there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from queue_server.domain.counter import AT_DESK, COMMANDS, OTHER_COUNTER, STATES, TRANSITIONS, Counter, apply, lawful
from queue_server.domain.errors import Refusal
from queue_server.domain.event import Event

# From the design, not from the code: event -> {state before: state after}.
DESIGN = {
    "counter.opened": {"closed": "open"},
    "counter.closed": {"open": "closed", "paused": "closed", "wrapping_up": "closed"},
    "counter.paused": {"open": "paused", "paused": "paused", "wrapping_up": "paused"},
    "counter.resumed": {"paused": "open", "wrapping_up": "open"},
    "counter.wrapping_up": {"open": "wrapping_up"},
    "counter.taken_over": {"open": "open", "paused": "paused", "wrapping_up": "wrapping_up"},
    "counter.serves": {"open": "open", "paused": "paused", "wrapping_up": "wrapping_up"},
    "counter.alarmed": {state: state for state in ("closed", "open", "paused", "wrapping_up")},
}
DESK = Counter("S", "3", "open", "person:1", ("one",), 500, 600, "lunch", "cmd-1", 9000)


def event(kind: str, **data: Any) -> Event:
    body = {"clerk": "person:2", "services": ["two"]} | data
    return Event("S", 1, 2, 1000, kind, "counter:3", "2026-11-23", "c2", "person:2", 1, body, counter="3")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", TRANSITIONS)
def test_every_arrow_of_the_design_and_no_other(state: str, kind: str) -> None:
    desk = replace(DESK, state=state)
    if state in DESIGN[kind]:
        assert apply(desk, event(kind)).state == DESIGN[kind][state]
        return
    with pytest.raises(Refusal) as refused:
        apply(desk, event(kind))
    assert refused.value.detail == {"command": kind.partition(".")[2], "state": state, "allowed_from": sorted(DESIGN[kind])}


def test_the_table_names_every_event_of_the_design() -> None:
    assert set(TRANSITIONS) == set(DESIGN)
    assert STATES == ("closed", "open", "paused", "wrapping_up")
    assert COMMANDS == {
        "open": "counter.opened", "close": "counter.closed", "pause": "counter.paused", "resume": "counter.resumed",
        "wrap-up": "counter.wrapping_up", "alarm": "counter.alarmed",
    }  # fmt: skip


def test_a_counter_begins_closed_and_empty() -> None:
    assert Counter("S", "3") == Counter("S", "3", "closed", None, (), None, None, None, None, None)


def test_opening_brings_the_clerk_the_services_and_the_time() -> None:
    desk = replace(DESK, state="closed", clerk=None)
    opened = apply(desk, event("counter.opened", reason="early"))
    assert opened == replace(desk, state="open", clerk="person:2", services=("two",), opened_at=1000, since=1000, reason="early")
    assert apply(desk, event("counter.opened", services=[])).services == ("one",)
    assert apply(desk, event("counter.opened", services=None)).reason is None


def test_closing_forgets_who_was_there_and_what_might_be_undone() -> None:
    closed = Counter("S", "3", "closed", None, ("one",), None, 1000, None, None, None, None)
    assert apply(replace(DESK, freed_at=700), event("counter.closed")) == closed


@pytest.mark.parametrize(("kind", "state"), [("counter.paused", "paused"), ("counter.wrapping_up", "wrapping_up")])
def test_a_pause_keeps_clerk_and_services(kind: str, state: str) -> None:
    assert apply(DESK, event(kind, reason="tea")) == replace(DESK, state=state, since=1000, reason="tea")


def test_whoever_takes_over_stands_there_and_nothing_else_changes() -> None:
    assert apply(DESK, event("counter.taken_over")) == replace(DESK, clerk="person:2", services=("two",))
    assert apply(DESK, event("counter.alarmed")) == DESK


CALLED = ("recall", "serve", "hold", "release", "transfer", "no-show", "complete", "reclassify", "procedures")
SERVING = ("hold", "transfer", "complete", "reclassify", "procedures")


@pytest.mark.parametrize(
    ("state", "at_desk", "names"),
    [
        ("closed", None, ("open", "alarm")),
        ("closed", "called", ("open", "alarm")),
        ("open", None, ("close", "pause", "wrap-up", "alarm", "hand-over", "next", "call")),
        ("open", "called", ("pause", "wrap-up", "alarm", "hand-over", "next", *CALLED)),
        ("open", "serving", ("pause", "wrap-up", "alarm", "hand-over", "next", *SERVING)),
        ("wrapping_up", None, ("close", "pause", "resume", "alarm", "hand-over", "next", "call")),
        ("wrapping_up", "serving", ("pause", "resume", "alarm", "hand-over", "next", *SERVING)),
        ("paused", None, ("close", "pause", "resume", "alarm", "hand-over")),
        ("paused", "called", ("pause", "resume", "alarm", "hand-over", *CALLED)),
    ],
)
def test_what_is_lawful(state: str, at_desk: str | None, names: tuple[str, ...]) -> None:
    desk = Counter("S", "3", state)
    assert lawful(desk, at_desk) == names
    assert lawful(replace(desk, undo_cmd="c1"), at_desk) == (*names, "undo")


def test_the_reason_of_a_pause_may_be_told_after_the_key() -> None:
    paused = apply(replace(DESK, reason=None), event("counter.paused"))
    assert (paused.since, paused.reason) == (1000, None)
    told = apply(replace(paused, since=400), event("counter.paused", reason="họp"))
    assert (told.state, told.since, told.reason) == ("paused", 400, "họp")


@pytest.mark.parametrize("at_desk", [None, "called", "serving"])
def test_little_is_lawful_at_a_counter_whose_clerk_works_at_another(at_desk: str | None) -> None:
    desk = Counter("S", "3", "paused", reason=OTHER_COUNTER, undo_cmd="c1")
    assert desk.inactive
    assert not replace(desk, state="open").inactive
    assert not replace(desk, reason="lunch").inactive
    close = ("close",) if at_desk is None else ()
    assert lawful(desk, at_desk) == (*close, "resume", "alarm", "hand-over", "activate")


def test_a_counter_is_a_value() -> None:
    with pytest.raises(AttributeError):
        DESK.state = "closed"  # type: ignore[misc]
    assert set(AT_DESK) == {"called", "serving"}


def test_a_counter_that_serves_more_keeps_its_clerk() -> None:
    assert apply(DESK, event("counter.serves")) == replace(DESK, services=("two",))
