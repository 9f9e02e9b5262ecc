"""The window of numbers against a plain model: a set of all that was taken, and the rule in one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queue_server.contract import device as shared
from queue_server.domain.replay import WIDTH, Window

NEAR = st.integers(1, 200)
FAR = st.integers(1, shared.MOST_COUNTER)


def plain(taken: set[int], number: int) -> str:
    """What the rule says, without bits."""
    high = max(taken, default=0)
    if number in taken and number > high - WIDTH:
        return "seen"
    return "new" if number > max(0, high - WIDTH) else "old"


@given(st.lists(st.one_of(NEAR, NEAR, FAR), max_size=120))
def test_it_says_what_the_plain_rule_says(numbers: list[int]) -> None:
    window, taken = Window(), set[int]()
    for number in numbers:
        verdict = window.verdict(number)
        assert verdict == plain(taken, number)
        if verdict == "new":
            window = window.take(number)
            taken.add(number)
            assert window.verdict(number) == "seen"


@given(st.sets(NEAR), st.sets(NEAR), NEAR)
def test_two_processes_joined_know_what_either_took(one: set[int], other: set[int], asked: int) -> None:
    def of(numbers: set[int]) -> Window:
        window = Window()
        for number in sorted(numbers):
            window = window.take(number)
        return window

    both = of(one).joined(of(other))
    assert both == of(other).joined(of(one))
    assert both.high == max(one | other, default=0)
    assert both.verdict(asked) == plain(one | other, asked)


def test_the_width_is_the_contracts() -> None:
    assert WIDTH == shared.WINDOW == 64
    window = Window().take(100)
    assert [window.verdict(n) for n in (100, 37, 36, 0, -1)] == ["seen", "new", "old", "old", "old"]
