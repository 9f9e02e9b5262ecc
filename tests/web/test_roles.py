"""Every route × every role: refused exactly where the table says, whoever asks and however."""

from __future__ import annotations

import re

import httpx
import pytest

from queue_server.domain.principal import PERSON_ROLES, ROLES
from queue_server.web.call import Route
from queue_server.web.routes import ROUTES, full_path
from tests.web.helpers import Site

GUARDED = [route for route in ROUTES if route.needs]


def address(route: Route) -> str:
    return re.sub(r"\{\w+\}", "1", full_path(route))


def asked(browser: httpx.Client, route: Route) -> httpx.Response:
    """The request with an empty body: what is allowed goes on to be refused for its content, and changes nothing."""
    if route.kind == "stream":
        with browser.stream("GET", address(route)) as answer:
            if answer.status_code != 200:
                answer.read()
            return answer
    return browser.request(route.method, address(route), json={} if route.message else None)


def may(permissions: frozenset[str], route: Route) -> bool:
    return "*" in route.needs or bool({"admin", *route.needs} & permissions)


@pytest.mark.parametrize("role", PERSON_ROLES)
def test_a_person_of_each_role_gets_exactly_what_the_table_says(site: Site, role: str) -> None:
    browser = site.signed_in(role)
    for route in GUARDED:
        answer = asked(browser, route)
        forbidden = answer.status_code == 403
        assert forbidden is not may(ROLES[role], route), (role, route.name, answer.status_code)
        if forbidden:
            assert answer.json()["code"] == "forbidden", route.name


@pytest.mark.parametrize("scope", ["issue", "call", "read", "feed", "fleet", "manage", "admin"])
def test_a_key_of_each_scope_gets_exactly_what_the_table_says(site: Site, scope: str) -> None:
    program = site.http(scope)
    for route in GUARDED:
        answer = asked(program, route)
        assert (answer.status_code == 403) is not may(frozenset({scope}), route), (scope, route.name, answer.status_code)


def test_a_board_reads_the_board_and_its_stream_only(site: Site) -> None:
    browser = site.nobody()
    browser.get(f"/b/{site.board_token}")
    for route in GUARDED:
        answer = asked(browser, route)
        assert (answer.status_code == 403) is not may(ROLES["board"], route), (route.name, answer.status_code)


def test_nobody_gets_nothing_but_what_is_open(site: Site) -> None:
    nobody = site.nobody()
    for route in ROUTES:
        answer = asked(nobody, route)
        if route.needs:
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), route.name
            assert answer.headers.get("WWW-Authenticate", "Bearer") == "Bearer"
        else:
            assert answer.status_code in (200, 404, 422), route.name


def test_every_command_needs_a_permission_of_its_own() -> None:
    for route in ROUTES:
        if route.kind in ("command", "beat") and not route.root:
            assert route.needs, route.name
            assert "*" not in route.needs
            assert "read" not in route.needs, f"{route.name} changes something"


def test_no_two_rows_of_the_table_share_an_address() -> None:
    rows = [(route.method, re.sub(r"\{\w+\}", "{}", full_path(route))) for route in ROUTES]
    assert len(rows) == len(set(rows))
    assert len({route.name for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", "Basic YTpi", "Bearer " + "x" * 5000, "bearer\ttl_x", "Bearer \u00e9"])
def test_a_bad_key_is_no_key(site: Site, value: str) -> None:
    answer = site.nobody().get("/api/v1/services", headers=[(b"Authorization", value.encode("latin-1"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_bad_key_is_not_saved_by_a_good_cookie(site: Site) -> None:
    browser = site.signed_in("clerk")
    assert browser.get("/api/v1/services", headers={"Authorization": "Bearer tl_wrong"}).status_code == 401
