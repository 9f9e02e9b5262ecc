"""Small counts: every published group is large enough, nobody is lost or told twice, and nothing depends on who asks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain.suppression import LEAST, grouped

COUNTS = st.lists(st.integers(0, 12), max_size=48)


@pytest.mark.parametrize(
    ("counts", "ranges"),
    [
        ([], []),
        ([4], []),
        ([5], [(0, 1)]),
        ([0, 2, 3, 0], [(1, 3)]),
        ([6, 1, 7, 2], [(0, 1), (1, 4)]),  # what is left over at the end goes to the last
        ([1, 0, 0, 4], [(0, 4)]),
        ([9, 9], [(0, 1), (1, 2)]),
    ],
)
def test_neighbours_are_put_together(counts: list[int], ranges: list[tuple[int, int]]) -> None:
    assert grouped(counts) == ranges


@given(COUNTS)
def test_every_group_is_large_enough_and_together_they_are_everybody(counts: list[int]) -> None:
    ranges = grouped(counts)
    sizes = [sum(counts[begin:end]) for begin, end in ranges]
    assert all(size >= LEAST for size in sizes)
    assert sum(sizes) == (sum(counts) if sum(counts) >= LEAST else 0)
    assert all(a[1] == b[0] for a, b in pairwise(ranges))
