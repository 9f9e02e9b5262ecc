"""What is unusual about a day is counted, each against its own limit, and names a number, a device or an actor, never a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain import unusual
from queue_server.domain.unusual import Move, Outlier, fastest, outliers


def moves(kind: str, n: int, label: str = "A{n}", actor: str = "person:one", count: int = 1) -> list[Move]:
    return [Move(at, kind, label.format(n=at), actor, count=count) for at in range(n)]


def found(of: list[Move]) -> list[Outlier]:
    return outliers((), {}, of, alarm_count=30, alarm_s=600)


@pytest.mark.parametrize(("kind", "least"), [("chosen", unusual.CHOSEN_CALLS), ("amended", unusual.CHANGED)])
def test_what_one_person_does_often(kind: str, least: int) -> None:
    assert found(moves(kind, least - 1)) == []
    assert found(moves(kind, least)) == [Outlier(kind, "person:one", least, tuple(f"A{n}" for n in range(least)))]
    assert found([*moves(kind, least - 1), *moves(kind, least - 1, actor="person:two")]) == []


@pytest.mark.parametrize(("kind", "least"), [("transferred", unusual.TRANSFERS), ("readmitted", unusual.READMISSIONS)])
def test_what_happens_to_one_number_often(kind: str, least: int) -> None:
    assert found(moves(kind, least)) == []  # each another number
    assert found(moves(kind, least, label="A001")) == [Outlier(kind, "A001", least, ("A001",))]


def test_people_who_were_let_pass_are_counted_one_by_one() -> None:
    assert found(moves("let_passed", 1, label="A001", count=5)) == []
    assert found(moves("let_passed", 2, label="A001", count=3)) == [Outlier("let_passed", "A001", 6, ("A001",))]
    assert found(moves("released", 50, label="A001")) == []


def test_many_numbers_of_one_card_and_bursts_at_one_machine() -> None:
    cards = [["A001", "A002", "A003"], ["A004", "A005", "A006", "H001"]]
    assert outliers(cards, {}, (), alarm_count=3, alarm_s=10) == [Outlier("card", "", 4, ("A004", "A005", "A006", "H001"))]
    taken = {"kiosk-02": [0, 4_000, 9_999, 10_000], "kiosk-01": [0, 20_000, 40_000]}
    assert outliers((), taken, (), alarm_count=3, alarm_s=10) == [Outlier("burst", "kiosk-02", 3)]
    assert outliers((), taken, (), alarm_count=0, alarm_s=10) == []


@given(st.lists(st.integers(0, 300), max_size=40).map(sorted), st.integers(1, 100))
def test_the_most_in_any_window_is_what_counting_every_window_gives(instants: list[int], window: int) -> None:
    assert fastest(instants, window) == max((sum(at <= one < at + window for one in instants) for at in instants), default=0)


def test_numbers_in_a_row_whose_holders_never_came_are_one_line_for_each_run() -> None:
    def of(service: str, *states: str) -> list[tuple[str, str, str]]:
        return [(service, state, f"{service}{n}") for n, state in enumerate(states, start=1)]

    five = ["no_show"] * unusual.ABSENT_RUN
    assert unusual.absent_runs(of("A", *five[1:])) == []
    assert unusual.absent_runs(of("A", *five[1:], "completed", "no_show")) == []
    assert unusual.absent_runs(of("A", *five[1:], "waiting", "cancelled", "no_show")) == [
        unusual.Outlier("absent_run", "A", 5, ("A1", "A2", "A3", "A4", "A7"))
    ]
    two = unusual.absent_runs(of("A", *five, "no_show", "completed", *five))
    assert [(each.who, each.count) for each in two] == [("A", 6), ("A", 5)]
    mixed = [row for pair in zip(of("A", *five), of("B", *["completed"] * 5), strict=True) for row in pair]
    assert [each.who for each in unusual.absent_runs(mixed)] == ["A"], "another service's people break no run"
