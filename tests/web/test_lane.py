"""The short way of a command and the long one: the same answers, headers and refusals, whichever a request takes.

A key that was looked up a moment ago takes the short way; a query in the address sends the same request the long way.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from queue_server.web.lane import DEEP, MOST_BYTES, Lane
from queue_server.web.routes import ROUTES, full_path
from tests.loops import run_story
from tests.web.helpers import Site

LONG = {"site": ""}  # an empty wish: no site named, and yet a query
OF_ONE_ANSWER = ("date", "x-request-id")


def ask(site: Site, path: str, body: dict[str, Any], query: dict[str, str] | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.a_key}", "Content-Type": "application/json"}
    return httpx.post(f"{site.base}/api/v1{path}", content=json.dumps(body), headers=headers, params=query)


@pytest.fixture
def known(site: Site) -> Site:
    """A site with a key that the server has just looked up, and a counter that is open."""
    site.a_key = site.key("issue", "call", "read")  # type: ignore[attr-defined]
    assert ask(site, "/counters/1/open", {"request_id": "open"}).status_code == 200
    return site


def worn(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_ONE_ANSWER}


def test_both_ways_dress_alike_and_a_repeat_finds_the_answer_of_the_other(known: Site, service: str) -> None:
    short = ask(known, "/tickets", {"request_id": "a", "service": service})
    long = ask(known, "/tickets", {"request_id": "a", "service": service}, LONG)
    again = ask(known, "/tickets", {"request_id": "a", "service": service})
    assert (short.status_code, long.status_code, again.status_code) == (201, 200, 200)
    assert short.content == long.content == again.content
    assert worn(long) == worn(again)
    assert worn(again) == worn(short) | {"idempotent-replayed": "true"}
    assert long.headers["x-request-id"] != again.headers["x-request-id"]


def test_who_is_called_the_short_way_is_called(known: Site, service: str) -> None:
    number = ask(known, "/tickets", {"request_id": "a", "service": service}).json()
    called = ask(known, "/counters/1/next", {"request_id": "b"}).json()["ticket"]
    assert called["id"] == number["id"]
    assert ask(known, f"/tickets/{number['id']}/serve", {"request_id": "c", "counter": "1"}).json()["state"] == "serving"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/tickets", {"request_id": "x", "service": "nothing-such"}, 422, "invalid"),
        ("/tickets", {"request_id": "x", "service": "ho-tich", "unknown": 1}, 422, "invalid"),
        ("/tickets", {"service": "ho-tich"}, 422, "invalid"),
        ("/counters/2/next", {"request_id": "x"}, 409, "counter_closed"),
        ("/counters/no-such/next", {"request_id": "x"}, 404, "not_found"),
        ("/tickets/no-such/serve", {"request_id": "x", "counter": "1"}, 404, "not_found"),
        ("/tickets/no-such/no-such", {"request_id": "x", "counter": "1"}, 404, "not_found"),
        ("/leases/no-such/settle", {"request_id": "x", "tickets": []}, 404, "not_found"),
        ("/counters/1/open", {"request_id": "x", "services": ["ho-tich"] * 4000}, 422, "invalid"),
    ],
)
def test_refusals_are_the_same_both_ways(known: Site, path: str, body: dict[str, Any], status: int, code: str) -> None:
    short, long = ask(known, path, body), ask(known, path, body, LONG)
    assert (short.status_code, short.json()["code"]) == (long.status_code, long.json()["code"]) == (status, code)
    assert worn(short) == worn(long)


def test_an_id_of_another_command_is_refused(known: Site, service: str) -> None:
    ask(known, "/tickets", {"request_id": "a", "service": service})
    assert ask(known, "/counters/1/next", {"request_id": "a"}).json()["code"] == "request_id_reused"


def test_every_command_of_a_program_has_its_short_way() -> None:
    """What it finds is the route that stands in the table, and it takes nothing else."""
    lane = Lane.__new__(Lane)
    Lane.set_out(lane)
    for route in ROUTES:
        path = re.sub(r"\{(\w+)\}", r"-\1-", full_path(route))
        found, args = lane.find(path)
        deep = "{" in route.path and len(path.split("/")) != DEEP  # orders to devices: nobody is in a hurry there
        wanted = route.kind == "command" and bool(route.needs) and not (route.form or route.careful or deep)
        assert (found is route) == wanted, route.name
        assert not wanted or set(args.values()) == set(re.findall(r"-\w+-", path))


def test_what_it_leaves_alone_it_does_not_touch() -> None:
    lane = Lane.__new__(Lane)
    for scope, body in (({"query_string": b"site=x"}, b""), ({"query_string": b""}, b"x" * (MOST_BYTES + 1))):

        async def story(scope: dict[str, Any] = scope, body: bytes = body) -> None:
            assert await lane.take(scope, body, pytest.fail) is False

        run_story(story)
