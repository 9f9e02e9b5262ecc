"""The fold, what rings, and the link: pure rules, tried against a small honest hall."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.board import (
    ASK_AGAIN,
    EFFECTS,
    FRESH_MS,
    LINK,
    Board,
    Call,
    Row,
    Settings,
    Snapshot,
    link_state,
    on_row,
    on_snapshot,
    place,
)
from queue_server.domain.ticket import TRANSITIONS

T0 = 1_764_000_000_000
LAWFUL = {
    "": ("issued",),
    "waiting": ("called",),
    "called": ("recalled", "serving_started", "held", "completed", "no_show", "released", "transferred"),
    "serving": ("completed", "held", "transferred", "closed_by_system"),
    "no_show": ("readmitted",),
    "held": ("released",),
}
AFTER = {"issued": "waiting", "called": "called", "recalled": "called", "serving_started": "serving", "held": "held"}
BACK = ("released", "transferred", "readmitted")


class Hall:
    """Tickets and counters as the server keeps them, the plain way."""

    def __init__(self) -> None:
        self.state: dict[str, str] = {}
        self.calls: dict[str, Call] = {}
        self.rows: list[Row] = []

    def step(self, ticket: int, choice: int) -> None:
        label = f"A{ticket:03d}"
        kinds = LAWFUL.get(self.state.get(label, ""), ())
        if not kinds:
            return
        kind, at = kinds[choice % len(kinds)], T0 + 1000 * len(self.rows)
        counter = self.calls[label].counter if label in self.calls else str(ticket % 4 + 1)
        if kind == "called" and any(call.counter == counter for call in self.calls.values()):
            return
        self.state[label] = "waiting" if kind in BACK else AFTER.get(kind, kind)
        if kind == "called":
            self.calls[label] = Call(label, counter, at, at)
        elif kind == "recalled":
            before = self.calls[label]
            self.calls[label] = dataclasses.replace(before, last_called_at_ms=at, recalls=before.recalls + 1)
        elif kind == "serving_started":
            self.calls[label] = dataclasses.replace(self.calls[label], state="serving")
        else:
            self.calls.pop(label, None)
        self.rows.append(Row(kind, (1, len(self.rows) + 1), at, label, counter))

    def snapshot(self) -> Snapshot:
        newest = sorted(self.calls.values(), key=lambda call: -call.last_called_at_ms)
        waiting = sum(state == "waiting" for state in self.state.values())
        return Snapshot("P1", "Phường Một", "", (1, len(self.rows)), waiting, tuple(newest))


steps = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=60)


@given(steps, st.integers(0, 60), st.integers(0, 60))
def test_a_snapshot_and_the_rows_after_it_give_what_a_later_snapshot_says(history: list[tuple[int, int]], cut: int, overlap: int) -> None:
    hall = Hall()
    early = hall.snapshot()
    for n, (ticket, choice) in enumerate(history):
        hall.step(ticket, choice)
        if n + 1 == cut:
            early = hall.snapshot()
    board = on_snapshot(Board(), early, T0).board
    # Rows from before the snapshot come again after a resume: they must change nothing.
    for row in hall.rows[max(0, early.position[1] - overlap) :]:
        board = on_row(board, row).board
    truth = hall.snapshot()
    assert (board.position, board.waiting) == (truth.position, truth.waiting)
    assert board.calls == truth.calls


@given(steps, st.lists(st.integers(0, 60), max_size=6))
def test_no_call_rings_twice_and_each_new_one_rings_once(history: list[tuple[int, int]], snapshots: list[int]) -> None:
    hall, rung = Hall(), []
    board = on_snapshot(Board(), hall.snapshot(), T0).board
    told = 0
    for n, (ticket, choice) in enumerate(history):
        hall.step(ticket, choice)
        if n in snapshots:  # a reconnect in the middle: the whole board, then the last rows once more
            step = on_snapshot(board, hall.snapshot(), T0 + 1000 * len(hall.rows))
            board, rung = step.board, [*rung, *step.rings]
            told = max(0, len(hall.rows) - 3)
        for row in hall.rows[told:]:
            step = on_row(board, row)
            board, rung = step.board, [*rung, *step.rings]
        told = len(hall.rows)
    heard = [(call.label, call.last_called_at_ms) for call in rung]
    assert len(heard) == len(set(heard))
    if not snapshots:
        assert heard == [(row.label, row.at_ms) for row in hall.rows if row.type in ("called", "recalled")]


def snapshot(*calls: Call, seq: int = 10) -> Snapshot:
    return Snapshot("P1", "Phường Một", "", (1, seq), 3, calls)


def call(label: str, age_s: float, **more: Any) -> Call:
    at = T0 - int(age_s * 1000)
    return Call(label, label[-1], at, at, **more)


def test_after_a_reconnect_only_the_newest_three_fresh_unanswered_calls_ring_oldest_first() -> None:
    board = on_snapshot(Board(), snapshot(seq=1), T0).board
    missed = [call(f"A00{n}", 5 * n) for n in range(1, 6)]
    old, answered = call("C001", FRESH_MS / 1000), call("H002", 1, state="serving")
    step = on_snapshot(board, snapshot(*missed, old, answered), T0)
    assert [ring.label for ring in step.rings] == ["A003", "A002", "A001"]
    assert on_snapshot(step.board, snapshot(*missed, old, answered), T0).rings == ()


def test_the_first_snapshot_and_a_log_that_starts_anew_are_silent() -> None:
    first = on_snapshot(Board(), snapshot(call("A001", 1)), T0)
    assert first.rings == ()
    anew = on_snapshot(first.board, snapshot(call("A001", 0), seq=4), T0)
    assert anew.rings == ()
    assert anew.board.position == (1, 4)


def test_nothing_rings_while_the_servers_time_is_unknown() -> None:
    board = on_snapshot(Board(), snapshot(seq=1), None).board
    assert on_snapshot(board, snapshot(call("A001", 1)), None).rings == ()


def test_a_recall_counts_as_a_call() -> None:
    board = on_snapshot(Board(), snapshot(call("A001", 30), call("A002", 10)), T0).board
    step = on_row(board, Row("recalled", (1, 11), T0, "A001", "1"))
    assert [ring.label for ring in step.rings] == ["A001"]
    first = step.board.calls[0]
    assert (first.label, first.recalls, first.called_at_ms, first.last_called_at_ms) == ("A001", 1, T0 - 30_000, T0)


def test_a_counter_has_one_person_at_a_time() -> None:
    board = on_snapshot(Board(), snapshot(Call("A001", "3", T0, T0)), T0).board
    assert [c.label for c in on_row(board, Row("called", (1, 11), T0, "A002", "3")).board.calls] == ["A002"]


def test_a_person_who_went_to_another_hall_leaves_this_one() -> None:
    told = dataclasses.replace(snapshot(call("A001", 5)), zone="T1")
    board = on_snapshot(Board(), told, T0).board
    step = on_row(board, Row("called", (1, 11), T0, "A001", "7", zone="T2"))
    assert (step.board.calls, step.rings, step.board.waiting) == ((), (), 3)


@pytest.mark.parametrize("kind", [*sorted(ASK_AGAIN), "day.opened", "config.applied", "site.epoch_started", "called", "recalled"])
def test_what_a_row_cannot_tell_is_asked_for(kind: str) -> None:
    board = on_snapshot(Board(), snapshot(call("A001", 5)), T0).board
    step = on_row(board, Row(kind, (1, 11), T0))
    assert (step.ask_again, step.rings, step.board.calls) == (True, (), board.calls)


def test_every_event_of_a_ticket_has_a_meaning_here() -> None:
    nothing = {"print_outcome", "reprinted", "annotated", "rated", "let_passed", "print_wanted", "priority_confirmed", "priority_refused"}
    assert set(TRANSITIONS) <= set(EFFECTS) | ASK_AGAIN | nothing


def test_an_unknown_event_type_is_passed_over() -> None:
    board = on_snapshot(Board(), snapshot(call("A001", 5)), T0).board
    step = on_row(board, Row("counter.sang", (1, 11), T0, "A001", "1"))
    assert step.board == dataclasses.replace(board, position=(1, 11))


@pytest.mark.parametrize(
    ("silence_s", "state"), [(0, "live"), (20, "live"), (20.01, "stale"), (90, "stale"), (90.01, "dead"), (9e9, "dead")]
)
def test_the_link_is_stale_after_20_s_and_dead_after_90_s_unless_the_server_says_otherwise(silence_s: float, state: str) -> None:
    assert link_state(silence_s, Settings()) == state


def test_a_stale_board_warns_and_is_silent_and_a_dead_one_shows_no_number() -> None:
    assert [(name, shows.numbers, shows.banner, shows.rings) for name, shows in LINK.items()] == [
        ("live", True, False, True),
        ("stale", True, True, False),
        ("dead", False, True, False),
    ]


def test_there_is_no_field_for_a_person() -> None:
    fields = {field.name for kind in (Call, Row) for field in dataclasses.fields(kind)}
    assert fields == {
        "label", "counter", "counter_name", "called_at_ms", "last_called_at_ms", "zone", "recalls", "state", "type", "position", "at_ms",
    }  # fmt: skip


PLACES = [
    ("3", "", "3"), ("Q03", "Quầy 3", "3"), ("Q03", "", "3"), ("07", "Quầy số 7", "7"), ("C-12", "Tư pháp – Hộ tịch", "12"),
    ("T1.4", "Quầy 4A", "4A"), ("MOT-CUA", "Một cửa", "MOT-CUA"), ("12", "quầy 12 ", "12"),
]  # fmt: skip


@pytest.mark.parametrize(("counter", "name", "shown"), PLACES)
def test_a_counter_is_shown_as_its_digits(counter: str, name: str, shown: str) -> None:
    assert place(counter, name) == shown
