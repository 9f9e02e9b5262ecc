"""Shares of opening hours: against counting the minutes one by one."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain.availability import Share, all_of, share, union

SPAN = st.tuples(st.integers(0, 60), st.integers(0, 60))
SPANS = st.lists(SPAN, max_size=6)


def minutes(spans: list[tuple[int, int]]) -> set[int]:
    return {at for begin, end in spans for at in range(begin, end)}


@given(opened=SPANS, away=SPANS)
def test_a_share_is_what_counting_gives(opened: list[tuple[int, int]], away: list[tuple[int, int]]) -> None:
    assert share(opened, away) == Share(len(minutes(opened)), len(minutes(opened) & minutes(away)))
    joined = union(opened)
    assert minutes(joined) == minutes(opened)
    assert all(a[1] < b[0] for a, b in pairwise(joined))


@given(groups=st.lists(SPANS, max_size=4))
def test_all_away_is_what_counting_gives(groups: list[list[tuple[int, int]]]) -> None:
    common = set.intersection(*map(minutes, groups)) if groups else set()
    assert minutes(all_of(groups)) == common


def test_a_second_lost_is_never_shown_as_none() -> None:
    assert Share(0, 0).percent is None
    assert Share(28_800_000, 1).percent == 99.99
    assert Share(28_800_000, 0).percent == 100.0
    assert Share(100, 100).percent == 0.0
