"""The rule of outages, without a database: which waits stood under one, and how much time several marks are together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain.outages import Mark, Wait, touched, under, union

NEEDS = {"ho-tich": ("ho_tich",), "dkkd": ("dkkd", "dvcqg"), "hoi": ()}
MARK = Mark("ho_tich", 1000, 2000)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "stood"),
    [
        (0, 999, False),
        (0, 1000, False),  # called the moment before it began
        (0, 1001, True),
        (1500, 1500, True),  # called at once, while it was out
        (1000, 1000, True),
        (2000, 2000, False),
        (1999, 5000, True),
        (2000, 5000, False),  # came when it worked again
        (0, 9000, True),
    ],
)
def test_a_wait_stands_under_an_outage_that_any_part_of_it_fell_into(from_ms: int, to_ms: int, stood: bool) -> None:
    assert under(Wait("t", "ho-tich", from_ms, to_ms), [MARK], NEEDS["ho-tich"], 9999) is stood


def test_only_work_that_needs_the_system_stands_under_its_outage() -> None:
    assert not under(Wait("t", "hoi", 1200, 1300), [MARK], NEEDS["hoi"], 9999)
    chosen = Mark("ho_tich", 1000, 2000, ("hoi",))  # whoever marked it knew better than the configuration
    assert under(Wait("t", "hoi", 1200, 1300), [chosen], NEEDS["hoi"], 9999)
    assert not under(Wait("t", "ho-tich", 1200, 1300), [chosen], NEEDS["ho-tich"], 9999)


def test_an_outage_that_goes_on_reaches_until_now() -> None:
    going = Mark("ho_tich", 1000, None)
    assert under(Wait("t", "ho-tich", 4000, 4500), [going], NEEDS["ho-tich"], 5000)
    assert not under(Wait("t", "ho-tich", 5000, 6000), [going], NEEDS["ho-tich"], 5000)


def test_two_marks_over_one_wait_count_it_once_at_a_system_and_once_at_each() -> None:
    marks = [Mark("dkkd", 0, 10), Mark("dkkd", 5, 20), Mark("dvcqg", 8, 9)]
    found = touched([Wait("t1", "dkkd", 2, 30), Wait("t1", "dkkd", 6, 7, counted=False)], marks, NEEDS, 99)
    assert (found["dkkd"].waits, found["dkkd"].n, found["dkkd"].sum_ms, found["dkkd"].visits) == (2, 1, 28, {"t1"})
    assert (found["dvcqg"].waits, found["dvcqg"].sum_ms) == (1, 28)


@given(SPANS)
def test_the_union_is_the_same_set_of_instants_in_any_order(spans: list[tuple[int, int]]) -> None:
    covered = {instant for begin, end in spans for instant in range(begin, end)}
    merged = union(spans)
    assert {instant for begin, end in merged for instant in range(begin, end)} == covered
    assert merged == union(reversed(spans)) == union(merged)
    assert all(a[1] < b[0] for a, b in pairwise(merged))
    assert sum(end - begin for begin, end in merged) == len(covered)
