"""The local look-up: one answer for each thing that can happen, nothing kept, nothing shown to strangers."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.dossier.adapters import Dossier, NotOffered, Refusal, Wait
from queue_server.dossier.look_up import application

KEY, CODE = "0123456789abcdef", "G09.20-20260609-0000001"


class Answering:
    """A partner that gives one answer."""

    name = "mock"

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0

    def look_up(self, code: str) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def ask(answer: Any, code: str = CODE, key: str = KEY) -> tuple[Any, Answering]:
    partner: Any = Answering(answer)
    http = application(KEY, lambda: partner).test_client()
    return http.get(f"/dossiers/{code}", headers={"Authorization": f"Bearer {key}"}), partner


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (None, 404, "not_found"),
        (NotOffered(), 501, "not_offered"),
        (Refusal(400, "x", "vì sao"), 502, "refused"),
        (Wait("no answer"), 503, "unavailable"),
    ],
)
def test_every_end_has_its_word(answer: Any, status: int, code: str) -> None:
    got, _ = ask(answer)
    assert (got.status_code, got.get_json()["code"]) == (status, code)
    assert got.headers["Cache-Control"] == "no-store"


def test_what_is_known_and_nothing_more() -> None:
    got, _ = ask(Dossier(CODE, 9, "1.001612", None, "Quầy 1"))
    told = {"code": CODE, "state": 9, "state_name": "Đã xử lý xong", "procedure": "1.001612", "collect_at": "Quầy 1"}
    assert (got.status_code, got.get_json()) == (200, told)


def test_the_partner_says_when_to_come_again() -> None:
    assert ask(Wait("busy", 7.4))[0].headers["Retry-After"] == "7"
    assert ask(Wait("busy"))[0].headers["Retry-After"] == "15"


@pytest.mark.parametrize("key", ["", "another key"])
def test_strangers_are_told_nothing_and_nobody_is_asked(key: str) -> None:
    got, partner = ask(Dossier(CODE, 1), key=key)
    assert (got.status_code, partner.asked) == (401, 0)


@pytest.mark.parametrize("code", ["a/b", "..", "a b", "x" * 65, "%0d%0a", "%2e%2e%2fadmin"])
def test_what_is_no_code_is_asked_of_nobody(code: str) -> None:
    got, partner = ask(Dossier(CODE, 1), code)
    assert (got.status_code in (404, 422), partner.asked) == (True, 0)
