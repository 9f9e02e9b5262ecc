"""Asking to be let in, by the rules of RFC 8628: interval, slow down, expiry, the next server; and whom a join key is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from queue_server.device import identity as own
from queue_server.device.enrolling import Enrolling
from queue_server.device.files import Places
from queue_server.device.joining import BadJoin, Join, read
from queue_server.device.signing import signer
from queue_server.device.standing import Board, Phase, Standing

Answer = tuple[int, dict[str, Any]]
PENDING = {"state": "pending", "enrolment": "e1", "user_code": "BCDF-GHJK", "interval_s": 5, "expires_in_s": 600}
LET_IN = {"state": "accepted", "device": "kiosk-07", "site": "S", "role": "kiosk"}


class Waits(Event):
    """Waiting costs no time here and is written down; it ends by itself where a test forgot to let the device in."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        if len(self.waited) > 300:
            self.set()
        return self.is_set()


class Time:
    """Moves by what was waited."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    def wall_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return sum(self._waits.waited)

    def sleep_until(self, monotonic: float) -> None:
        raise AssertionError("waits by its event")


class FarEnd:
    """Answers by turns; the last one again and again. `asked` holds what came."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, str(request.url), json.loads(request.content or b"{}")))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer[0], json=answer[1])


def refusal(status: int, code: str) -> Answer:
    return status, {"code": code, "status": status, "title": code}


def asking(folder: Path, far: Callable[[httpx.Request], httpx.Response], **about: Any) -> tuple[Enrolling, Board, Waits]:
    key = own.load_or_make(folder / "identity", Places(folder))
    join = Join(**{"servers": ("http://one",), **about})
    board, waits = Board(Standing()), Waits()
    made = Enrolling(
        key, join, signer(key, key.folder), board, hardware={"model": "Pi"}, clock=Time(waits), stop=waits,
        transport=lambda: httpx.MockTransport(far),
    )  # fmt: skip
    return made, board, waits


def test_it_asks_every_interval_until_a_person_decides(tmp_path: Path) -> None:
    far = FarEnd((202, PENDING), (202, PENDING), (202, PENDING), (200, LET_IN))
    made, board, waits = asking(tmp_path, far, name="kiosk-07")
    answer = made.ask()
    assert answer is not None
    assert answer["device"] == "kiosk-07"
    assert waits.waited == [5.0, 5.0, 5.0]
    method, url, body = far.asked[0]
    assert (method, url, body["role"], body["name"], body["hardware"]) == (
        "POST",
        "http://one/api/v1/enrol",
        "kiosk",
        "kiosk-07",
        {"model": "Pi"},
    )
    assert [url for _, url, _ in far.asked[1:]] == ["http://one/api/v1/enrol/e1"] * 3
    shown = board.now()
    assert (shown.phase, shown.user_code, len(shown.words), shown.plain) == (Phase.WAITING, "BCDF-GHJK", 4, True)


def test_told_to_slow_down_it_stays_slow(tmp_path: Path) -> None:
    far = FarEnd((202, PENDING), refusal(429, "slow_down"), (202, PENDING), (200, LET_IN))
    made, _, waits = asking(tmp_path, far)
    assert made.ask()
    assert waits.waited == [5.0, 10.0, 10.0]


def test_what_ran_out_is_asked_for_anew(tmp_path: Path) -> None:
    far = FarEnd((202, {**PENDING, "expires_in_s": 12}), (202, PENDING), (202, PENDING), (202, PENDING), (202, PENDING), (200, LET_IN))
    made, _, _ = asking(tmp_path, far)
    assert made.ask()
    assert [method for method, _, _ in far.asked] == ["POST", "GET", "GET", "GET", "POST", "GET"]


def test_an_enrolment_that_is_gone_is_asked_for_anew(tmp_path: Path) -> None:
    far = FarEnd((202, PENDING), refusal(404, "not_found"), (200, LET_IN))
    made, _, _ = asking(tmp_path, far)
    assert made.ask()
    assert [method for method, _, _ in far.asked] == ["POST", "GET", "POST"]


def test_a_server_that_is_away_is_passed_over_and_said(tmp_path: Path) -> None:
    def far(request: httpx.Request) -> httpx.Response:
        if request.url.host == "one":
            raise httpx.ConnectError("nobody")
        return httpx.Response(200, json=LET_IN)

    made, board, _ = asking(tmp_path, far, servers=("http://one", "http://two"))
    assert made.ask()
    assert (board.now().phase, board.now().server) == (Phase.UNREACHABLE, "http://one")


@pytest.mark.parametrize(
    ("code", "phase"),
    [("enrolment_refused", Phase.REFUSED), ("device_suspended", Phase.SUSPENDED), ("device_revoked", Phase.REVOKED)],
)
def test_a_refusal_is_shown_and_asked_again_seldom(tmp_path: Path, code: str, phase: Phase) -> None:
    far = FarEnd(refusal(403, code), (200, LET_IN))
    made, board, waits = asking(tmp_path, far)
    assert made.ask()
    assert board.now().phase is phase
    assert waits.waited == [60.0]


def test_a_join_key_is_told_once_to_a_server_and_a_used_one_leaves_it_to_a_person(tmp_path: Path) -> None:
    far = FarEnd(refusal(403, "forbidden"), (202, PENDING), (200, LET_IN))
    made, _, _ = asking(tmp_path, far, join_key="tlj_once")
    assert made.ask()
    assert [body.get("join_key") for _, _, body in far.asked] == ["tlj_once", None, None]


def test_a_join_key_is_told_to_no_stranger(tmp_path: Path) -> None:
    """Over TLS without the card's authority nobody has vouched for the far end."""
    far = FarEnd((202, PENDING), (200, LET_IN))
    made, _, _ = asking(tmp_path, far, servers=("https://one",), join_key="tlj_once")
    assert made.ask()
    assert all("join_key" not in body for _, _, body in far.asked)


def test_asked_once_it_does_not_wait(tmp_path: Path) -> None:
    far = FarEnd((202, PENDING))
    made, _, waits = asking(tmp_path, far)
    assert made.ask(once=True) is None
    assert waits.waited == []


# ---------------------------------------------------------------- the join file
def test_a_join_file_is_read_with_what_the_card_knows(tmp_path: Path) -> None:
    path = tmp_path / "join.toml"
    path.write_text('servers = ["https://a/", "https://b"]\nrole = "board"\nname = "bang-1"\nca_pem = """X\nY\n"""\n')
    join = read(path)
    assert (join.servers, join.role, join.name, join.ca_pem) == (("https://a", "https://b"), "board", "bang-1", "X\nY")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "servers"),
        ('servers = ["ftp://a"]', "servers"),
        ("servers = []", "servers"),
        ('servers = ["http://a"]\nrole = "king"', "role"),
        ('servers = ["http://a"]\nname = 7', "name"),
        ('servers = ["http://a"]\nsecret = "x"', "secret"),
        ("servers = [", "cannot be read"),
    ],
)
def test_a_join_file_that_cannot_be_used_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "join.toml"
    path.write_text(text)
    with pytest.raises(BadJoin, match=says):
        read(path)
