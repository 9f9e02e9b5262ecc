"""Ranges that hold: coverage of the scores, the cold start, and what may change a range."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.domain.waiting import round_outward
from queue_server.estimating.calibrator import (
    COLD_SCORES,
    PADDING_S,
    STRETCH,
    TAIL,
    WINDOW,
    Bucket,
    Calibrator,
    quantiles,
    spread_s,
)
from queue_server.estimating.scene import Raw


def fed(count: int, seed: int, *, days: int = 10) -> Calibrator:
    made, rng = Calibrator(), np.random.default_rng(seed)
    for n in range(count):
        said = float(rng.uniform(30, 3000))
        made.feed(said, said + spread_s(said) * float(rng.normal(0.3, 1.2)), str(n * days // count))
    return made


def test_four_fifths_of_the_next_ones_lie_within_where_all_are_of_one_kind() -> None:
    made, rng = fed(3000, 1), np.random.default_rng(2)
    held = []
    for _ in range(3000):
        said = float(rng.uniform(30, 3000))
        low, _, high = made._around(said, TAIL)
        held.append(low <= said + spread_s(said) * float(rng.normal(0.3, 1.2)) <= high)
    assert np.mean(held) == pytest.approx(0.8, abs=0.03)


def test_what_is_printed_holds_as_often_as_promised_and_not_much_more() -> None:
    """Rounding makes ranges wider than the scores ask for; the tails give that back."""
    made, rng, held, plain = fed(600, 3), np.random.default_rng(4), [], []
    for n in range(3000):
        said = float(rng.uniform(300, 1500))
        real = max(0.0, said + spread_s(said) * float(rng.normal(0.3, 1.2)))
        low, high = round_outward(*made.range(Raw(0, round(said), 0))[::2])
        held.append(low <= real <= high)
        low, high = round_outward(*made._around(said, TAIL)[::2])
        plain.append(low <= real <= high)
        made.feed(said, real, str(20 + n // 300))
    assert 0.79 <= np.mean(held[1000:]) <= 0.86
    assert np.mean(held[1000:]) < np.mean(plain[1000:])


def test_the_first_days_stretch_the_model_s_own_range_by_a_half() -> None:
    made = Calibrator()
    assert made.range(Raw(600, 1000, 1600)) == (1000 - STRETCH * 400 - PADDING_S, 1000, 1000 + STRETCH * 600 + PADDING_S)
    assert made.range(Raw(0, 10, 30))[0] == 0.0


@pytest.mark.parametrize(
    ("days", "scores", "cold"),
    [
        (1, COLD_SCORES - 1, True),
        (1, COLD_SCORES, True),
        (2, COLD_SCORES, False),
        (3, 120, True),
        (4, 120, False),
        (30, 40, True),
        (30, 60, False),
    ],
)
def test_cold_for_a_day_and_until_three_days_or_five_hundred_people(days: int, scores: int, cold: bool) -> None:
    assert fed(scores, 0, days=days).cold is cold


def test_a_size_with_few_scores_borrows_from_all() -> None:
    made = Calibrator()
    for n in range(600):
        made.feed(500.0, 500.0 + spread_s(500.0) * (n % 10), str(n // 300))
    low, middle, high = made.range(Raw(0, 3000, 0))
    assert (low, high) == pytest.approx((3000 + spread_s(3000) * 0, 3000 + spread_s(3000) * 9), rel=0.05)
    assert low < middle < high


@given(st.lists(st.floats(-5, 5).map(lambda x: round(x, 3)), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_quantiles_are_scores_in_order_and_a_bucket_keeps_both_orders(scores: list[float]) -> None:
    bucket = Bucket()
    for score in scores:
        bucket.add(score)
    assert bucket.ordered == sorted(bucket.arrived)
    low, middle, high = quantiles(bucket.ordered)
    assert min(scores) <= low <= middle <= high <= max(scores)


def test_the_window_forgets_the_oldest() -> None:
    bucket = Bucket()
    for n in range(WINDOW + 500):
        bucket.add(float(n))
    assert bucket.ordered == [float(n) for n in range(500, WINDOW + 500)] == list(bucket.arrived)


def test_plain_data_there_and_back() -> None:
    made = fed(700, 5)
    again = Calibrator.from_data(json.loads(json.dumps(made.as_data())))
    assert again == made
    assert again.range(Raw(1, 700, 2)) == made.range(Raw(1, 700, 2))
