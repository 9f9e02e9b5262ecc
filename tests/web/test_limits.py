"""How often one may ask: by key, by address, by guessing; and that nobody else pays for it."""

from __future__ import annotations

from queue_server.domain.errors import Refusal
from queue_server.web import limits
from queue_server.web.limits import Bucket, Limits, Rate, digest, home


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def wall_ms(self) -> int:
        return int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now

    def sleep_until(self, monotonic: float) -> None:
        self.now = monotonic


def refused(work: object, *words: object) -> int:
    """The seconds to wait, 0 where it was let through."""
    try:
        work(*words)  # type: ignore[operator]
    except Refusal as no:
        return int(no.detail["retry_after_s"]) if no.code == "rate_limited" else -1
    return 0


def test_so_many_at_once_and_so_many_a_second() -> None:
    clock = Hand()
    bucket = Bucket(Rate(2, 4), clock)
    assert [bucket.take("a") > 0 for _ in range(6)] == [False] * 4 + [True] * 2
    assert abs(bucket.take("a") - 0.5) < 1e-6
    assert bucket.take("b") == 0
    clock.now += 0.5
    assert [bucket.take("a") > 0 for _ in range(2)] == [False, True]
    clock.now += 100
    assert [bucket.take("a") > 0 for _ in range(5)] == [False] * 4 + [True]


def test_looking_takes_nothing() -> None:
    clock = Hand()
    bucket = Bucket(Rate(1, 1), clock)
    assert [bucket.empty("a") for _ in range(3)] == [0, 0, 0]
    bucket.take("a")
    assert bucket.empty("a") == 1
    clock.now += 1
    assert bucket.empty("a") == 0


def test_zero_is_no_limit() -> None:
    bucket = Bucket(Rate(0, 1), Hand())
    assert {bucket.take("a") for _ in range(1000)} == {0}
    assert bucket.empty("a") == 0


def test_memory_is_bounded_whoever_asks() -> None:
    clock = Hand()
    bucket = Bucket(Rate(1, 3), clock)
    for number in range(3 * limits.REMEMBERED):
        clock.now += 0.00001
        bucket.take(number)
    assert len(bucket._full_at) <= limits.REMEMBERED
    house = made(clock)
    for number in range(limits.REMEMBERED + 10):
        house.tried("a", digest(str(number)), True)
    assert len(house._proved) <= limits.REMEMBERED


def made(clock: Hand) -> Limits:
    return Limits(clock, per_key=Rate(10, 2), per_address=Rate(10, 2), guesses=Rate(1, 3), log_ins=Rate(1, 6), accounts=Rate(0.1, 2))


def test_who_guesses_too_often_learns_nothing_more_and_others_go_on() -> None:
    clock = Hand()
    house = made(clock)
    known, unknown = digest("known"), digest("unknown")
    house.tried("10.0.0.1", known, True)
    for _ in range(3):
        assert refused(house.before_trying, "10.0.0.1", unknown) == 0
        house.tried("10.0.0.1", unknown, False)
    assert refused(house.before_trying, "10.0.0.1", unknown) == 1
    assert refused(house.before_trying, "10.0.0.1", known) == 0
    assert refused(house.before_trying, "10.0.0.2", unknown) == 0
    clock.now += 1
    assert refused(house.before_trying, "10.0.0.1", unknown) == 0


def test_a_secret_that_was_right_once_is_no_guess() -> None:
    house = made(Hand())
    old = digest("revoked")
    house.tried("a", old, True)
    for _ in range(50):
        house.tried("a", old, False)
    assert refused(house.before_trying, "a", digest("another")) == 0


def test_an_address_stands_for_a_household() -> None:
    assert home("2001:db8:1:2:3::4") == home("2001:db8:1:2:ffff::1") != home("2001:db8:1:3::1")
    assert home("fe80::1%eth0") == home("fe80::2")
    assert (home("10.0.0.1"), home("local"), home("not:an:address")) == ("10.0.0.1", "local", "not:an:address")


def test_failed_log_ins_are_counted_by_account_and_by_address() -> None:
    bounds = made(clock := Hand())
    assert refused(bounds.before_log_in, "a", "clerk") == 0
    for _ in range(2):
        bounds.log_in_failed("a", "clerk")
    assert refused(bounds.before_log_in, "b", "clerk") == 10  # whoever tries: the account rests
    assert refused(bounds.before_log_in, "a", "other") == 0
    for n in range(4):
        bounds.log_in_failed("a", f"guess-{n}")
    assert refused(bounds.before_log_in, "a", "other") == 1
    clock.now += 1
    assert refused(bounds.before_log_in, "a", "other") == 0


def test_bookings_of_one_address_are_few_and_its_neighbours_pay_nothing() -> None:
    clock = Hand()
    house = Limits(
        clock, per_key=Rate(10, 2), per_address=Rate(10, 2), guesses=Rate(1, 3), log_ins=Rate(1, 6), accounts=Rate(0.1, 2),
        bookings=Rate(0.1, 3),
    )  # fmt: skip
    assert [refused(house.booking, "10.0.0.1") for _ in range(4)] == [0, 0, 0, 10]
    assert refused(house.booking, "10.0.0.2") == 0
    assert [refused(made(clock).booking, "10.0.0.1") for _ in range(9)] == [0] * 9  # without a bound there is none
