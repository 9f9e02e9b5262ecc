"""The server's line to its dossier program: what is told, how long anybody waits, the breaker, the memory, and who tries numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services.looking_up import Known
from queue_server.web.breaker import Breaker
from queue_server.web.dossier_line import AT_ONCE, KEPT_S, DossierLine, Seen, safe_base
from tests.hall import HandClock
from tests.web.dossier_end import KEY, DossierEnd

CODE = "000.00.53.H48-220921-0001"


class Heard:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda text, **about: self.lines.append((text, about))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def line(end: DossierEnd, clock: HandClock, heard: Heard) -> Iterator[DossierLine]:
    made = DossierLine(end.url, KEY, clock, heard, whole_s=30)
    yield made
    made.close()


def ask(line: DossierLine, code: str = CODE, who: str = "k1") -> Seen:
    return line.look_up(code, who, 7)


def refused(line: DossierLine, code: str = CODE, who: str = "k1") -> str:
    with pytest.raises(Refusal) as refusal:
        ask(line, code, who)
    return refusal.value.code


def test_a_state_a_day_and_a_place_are_all_that_comes_in(line: DossierLine, end: DossierEnd) -> None:
    end.known[CODE] = {
        "code": CODE, "state": 9, "due": "2026-11-30", "collect_at": "Quầy 1", "procedure": "1.001612", "state_name": "x",
        "applicant": {"fullname": "Người Được Bịa", "identityNumber": "0" * 12}, "collect_by": "Người Được Bịa",
    }  # fmt: skip
    assert ask(line) == Seen(Known(9, "2026-11-30", "Quầy 1"), 7)
    assert end.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"nothing", b'{"state": 0}', b'{"state": 11}', b'{"state": "9"}', b'{"state": true}', b"[" * 9000, b" " * 20_000]
)
def test_what_cannot_be_read_is_no_answer(line: DossierLine, end: DossierEnd, said: bytes) -> None:
    end.status, end.body = 200, said
    assert refused(line) == "dossier_silent"


@pytest.mark.parametrize("due", ["", "soon", 7, None, "2026-13-40", "Người Được Bịa"])
def test_a_day_that_is_none_is_left_out(line: DossierLine, end: DossierEnd, due: Any) -> None:
    end.known[CODE] = {"state": 4, "due": due, "collect_at": ["a"]}
    assert ask(line).known == Known(4)


def test_a_moment_ago_is_remembered_and_a_minute_ago_is_not(line: DossierLine, end: DossierEnd, clock: HandClock) -> None:
    end.known[CODE] = {"state": 4}
    assert ask(line) == ask(line, who="k2") == Seen(Known(4), 7)
    assert end.asked == [CODE]
    end.known[CODE] = {"state": 9}
    clock.forward(KEPT_S)
    assert ask(line).known == Known(9)
    assert end.asked == [CODE, CODE]


def test_the_memory_is_small_and_holds_no_code(end: DossierEnd, clock: HandClock, heard: Heard) -> None:
    line = DossierLine(end.url, KEY, clock, heard, whole_s=30, kept_most=3)
    for n in (0, 1, 2, 3, 0):
        end.known[f"H48-220921-{n:04d}"] = {"state": 4}
        ask(line, f"H48-220921-{n:04d}")
    assert len(end.asked) == 5
    assert len(line._kept) == 3
    assert "220921" not in repr(line._kept)
    line.close()


def test_nobody_waits_longer_than_the_whole_time(end: DossierEnd, clock: HandClock, heard: Heard) -> None:
    end.silent = threading.Event()
    quick = DossierLine(end.url, KEY, clock, heard, whole_s=0.05)
    codes = [refused(quick, who=f"k{n}") for n in range(AT_ONCE + 2)]
    assert set(codes) == {"dossier_silent"}
    end.silent.set()
    quick.close()


def test_a_slow_far_end_holds_a_few_seats_and_no_more(end: DossierEnd, clock: HandClock, heard: Heard) -> None:
    end.known[CODE] = {"state": 4}
    end.silent = threading.Event()
    line = DossierLine(end.url, KEY, clock, heard, whole_s=30)
    found: list[Seen] = []
    waiting = [threading.Thread(target=lambda n=n: found.append(ask(line, who=f"k{n}")), daemon=True) for n in range(AT_ONCE)]
    for each in waiting:
        each.start()
    poll = threading.Event()
    while line._seats._value:  # all of them are asking
        poll.wait(0.01)
    assert refused(line) == "dossier_silent"
    assert line.standing().state == "closed"  # a full house is no failure of the far end
    end.silent.set()
    for each in waiting:
        each.join(30)
    assert found == [Seen(Known(4), 7)] * AT_ONCE
    line.close()


def test_a_failing_far_end_is_left_alone_and_tried_again(line: DossierLine, end: DossierEnd, clock: HandClock, heard: Heard) -> None:
    end.status = 503
    assert {refused(line) for _ in range(5)} == {"dossier_silent"}
    assert len(end.asked) == 3  # after that nobody is kept waiting
    assert (line.standing().state, line.standing().why) == ("open", "status_503")
    clock.forward(10)
    assert line.standing().state == "half_open"
    assert refused(line) == refused(line) == "dossier_silent"
    assert len(end.asked) == 4  # one tried for all
    clock.forward(10)
    assert refused(line) == "dossier_silent"
    assert len(end.asked) == 4  # and rests twice as long
    clock.forward(10)
    end.status, end.known[CODE] = None, {"state": 9}
    assert ask(line).known == Known(9)
    assert line.standing().state == "closed"
    assert [text for text, _ in heard.lines] == ["dossier system left alone for a while", "dossier system answers again"]
    assert CODE not in repr(heard.lines)


def test_a_far_end_that_stops_and_starts(line: DossierLine, end: DossierEnd, clock: HandClock) -> None:
    end.known[CODE] = {"state": 2}
    end.stop()
    assert {refused(line) for _ in range(3)} == {"dossier_silent"}
    assert line.standing().why == "unreachable"
    end.start()
    clock.forward(10)
    assert ask(line).known == Known(2)


def test_what_nobody_knows_is_an_answer_and_costs_who_tries_numbers(line: DossierLine, end: DossierEnd, clock: HandClock) -> None:
    end.known[CODE] = {"state": 2}
    for n in range(10):
        assert ask(line, f"H48-220921-{n:04d}").known is None
    assert line.standing().state == "closed"
    assert refused(line, "H48-220921-0010") == refused(line) == "rate_limited"
    assert ask(line, who="k2").known == Known(2)  # another kiosk of the hall
    clock.forward(60)
    assert ask(line).known == Known(2)


def test_many_at_once_from_one_machine_are_too_many(line: DossierLine, end: DossierEnd, clock: HandClock) -> None:
    end.known[CODE] = {"state": 2}
    for _ in range(20):
        ask(line)
    assert refused(line) == "rate_limited"
    clock.forward(2)
    assert ask(line).known == Known(2)


def test_a_partner_without_a_look_up_says_so_and_is_no_failure(line: DossierLine, end: DossierEnd) -> None:
    end.status = 501
    assert {refused(line) for _ in range(5)} == {"dossier_off"}
    assert line.standing().state == "closed"


def test_an_answer_from_before_the_breaker_opened_says_nothing_new() -> None:
    clock = HandClock()
    breaker = Breaker(clock.monotonic, failures=2, rest_s=10)
    assert all(breaker.enter() for _ in range(4))
    assert [breaker.failed("timeout") for _ in range(4)] == [False, True, False, False]
    clock.forward(10)
    assert breaker.enter()
    assert not breaker.enter()
    assert breaker.passed()
    assert not breaker.passed()


@pytest.mark.parametrize(
    "address", ["http://10.0.0.9:8791", "ftp://127.0.0.1", "127.0.0.1:8791", "http://a:b@127.0.0.1", "https://x/?a=1", ""]
)
def test_the_line_stays_in_the_machine_or_is_encrypted(address: str) -> None:
    with pytest.raises(ValueError, match="--dossier"):
        safe_base(address)


def test_addresses_that_may_be_asked() -> None:
    assert safe_base("http://127.0.0.1:8791/") == "http://127.0.0.1:8791"
    assert safe_base("https://ho-so.example.gov.vn/api") == "https://ho-so.example.gov.vn/api"
