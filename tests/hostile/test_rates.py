"""Limits at the running server. The server takes an address from `X-Forwarded-For` of its own machine, as from a proxy."""

from __future__ import annotations

import httpx
import pytest

from tests.hostile.conftest import Own
from tests.web.helpers import Site, rid, until


def from_address(site: Site, address: str, token: str = "") -> httpx.Client:
    browser = site.nobody()
    browser.headers["X-Forwarded-For"] = address
    if token:
        browser.headers["Authorization"] = f"Bearer {token}"
    return browser


def is_rate_limited(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    return True


def test_a_key_has_its_own_allowance(own_server: Own) -> None:
    _, site = own_server("--per-key", "5")
    busy, calm = site.http("read"), site.http("read")
    answers = [busy.get("/api/v1/services") for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert [is_rate_limited(answer) for answer in answers[:10]] == [False] * 10
    assert any(is_rate_limited(answer) for answer in answers)
    assert calm.get("/api/v1/services").status_code == 200
    with busy.stream("GET", "/api/v1/stream") as stream:
        assert stream.status_code in (403, 429)


def test_by_default_a_crowd_with_one_key_is_never_refused(site: Site) -> None:
    http = site.http("read")
    assert {http.get("/api/v1/session").status_code for _ in range(300)} == {200}


def test_without_a_credential_the_address_is_counted(own_server: Own) -> None:
    _, site = own_server("--per-address", "2")
    crowd, other = from_address(site, "203.0.113.7"), from_address(site, "203.0.113.8")
    answers = [crowd.get("/api/v1/services") for _ in range(30)]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert all(is_rate_limited(answer) for answer in answers if answer.status_code == 429)
    assert is_rate_limited(crowd.get("/api/v1/stream"))
    assert is_rate_limited(crowd.get(f"/b/{site.board_token}", headers={"Accept": "application/json"}))
    assert other.get("/api/v1/services").status_code == 401
    assert from_address(site, "203.0.113.7", site.key("read")).get("/api/v1/services").status_code == 200
    assert {crowd.get("/healthz").status_code for _ in range(30)} == {200}


@pytest.mark.parametrize("path", ["/t/{}.json", "/t/{}", "/b/{}", "/b/{}/stream"])
def test_guessing_tokens_ends_soon_and_disturbs_nobody(own_server: Own, path: str) -> None:
    _, site = own_server("--guesses", "0.5")
    client = site.client()
    held, fresh = (client.issue(rid(), service="ho-tich", source="kiosk")["url"].rsplit("/", 1)[1] for _ in range(2))
    address = "198.51.100.4"
    phone = from_address(site, address)
    phone.headers["Accept"] = "application/json"
    kiosk = from_address(site, address, site.key("read"))
    assert phone.get(f"/t/{held}.json").status_code == 200
    assert kiosk.get("/api/v1/services").status_code == 200
    guesses = [phone.get(path.format(f"guess-number-{n}")) for n in range(20)]
    assert {answer.status_code for answer in guesses[:10]} <= {404, 401}
    assert [is_rate_limited(answer) for answer in guesses[-5:]] == [True] * 5
    assert is_rate_limited(phone.get(f"/t/{fresh}.json"))  # a hit would tell the guesser
    assert phone.get(f"/t/{held}.json").status_code == 200  # what was open stays open
    assert kiosk.get("/api/v1/services").status_code == 200
    assert from_address(site, "198.51.100.5").get(f"/t/{fresh}.json").status_code == 200
    assert client.issue(rid(), service="ho-tich")["number"]


def test_guessing_keys_ends_soon(own_server: Own) -> None:
    _, site = own_server("--guesses", "0.5")
    statuses = [from_address(site, "198.51.100.6", f"tl_guess{n}").get("/api/v1/services").status_code for n in range(20)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:].count(429) >= 5  # one comes back every two seconds
    asked: list[str] = []

    def refused_with_the_house() -> bool:
        from_address(site, "198.51.100.6", "tl_one_more").get("/api/v1/services")  # whatever came back meanwhile is used up
        asked.append(site.key("read"))  # a new one each time: a key that was let through once is proved, and refused no more
        return is_rate_limited(from_address(site, "198.51.100.6", asked[-1]).get("/api/v1/services"))

    until(refused_with_the_house)
    held = asked[-1]
    assert from_address(site, "198.51.100.9", held).get("/api/v1/services").status_code == 200
    assert from_address(site, "198.51.100.6", held).get("/api/v1/services").status_code == 200  # proved elsewhere, no guess


def test_an_ended_session_is_no_guess(own_server: Own) -> None:
    _, site = own_server("--guesses", "0.5")
    browser = from_address(site, "198.51.100.7")
    browser.cookies.set("toiluot_session", "ended")
    assert {browser.get("/api/v1/services").status_code for _ in range(30)} == {401}
    browser.cookies.clear()
    assert browser.get(f"/b/{site.board_token}").status_code == 200
