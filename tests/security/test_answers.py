"""What every answer wears, which doors there are at all, and what a body may not be: looked up in the application, not in a list."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from queue_server.contract.vocabulary import MAX_BODY_BYTES
from queue_server.web.pages.table import PAGES
from queue_server.web.routes import ROUTES, full_path
from tests.web.helpers import PASSWORD, Site, rid

# Beside the two tables: log-in and log-out (they set cookies), a board by its token, files. Nothing else is served.
APART = {
    "/login", "/logout", "/login/sso", "/login/sso/back", "/b/<token>", "/b/static/<path:name>", "/static/<path:filename>",
}  # fmt: skip
WORN = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
}


def rules() -> list[Any]:
    """Every rule of the assembled application."""
    import tempfile

    from queue_server.bootstrap import build, prepare

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/site.db"
        prepare(url).close()
        server = build(url)
        try:
            return list(server.flask.url_map.iter_rules())
        finally:
            server.close()


def ruled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"<\1>", path)


@pytest.mark.full
def test_nothing_is_served_that_stands_in_no_table() -> None:
    tables = {ruled(full_path(route)) for route in ROUTES} | {ruled(page.path) for page in PAGES}
    found = {str(rule) for rule in rules()}
    assert found - tables - APART == set()


@pytest.mark.full
def test_whatever_changes_something_by_a_session_asks_for_its_token(site: Site) -> None:
    """Every unsafe rule of the application, as a page of another site would post it: with the cookie and nothing more."""
    browser = site.signed_in("site_head")
    browser.headers.pop("X-CSRF-Token")
    by_token = {ruled(full_path(route)) for route in ROUTES if not route.needs}
    asked = 0
    for rule in rules():
        unsafe = sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"})
        if not unsafe or str(rule) in by_token | {"/login"}:
            continue
        address = re.sub(r"<[^>]+>", "1", str(rule))
        for how in ({"data": {"request_id": rid()}}, {"json": {"request_id": rid()}}):
            answer = browser.request(unsafe[0], address, **how)
            assert answer.status_code == 403, (str(rule), answer.text)
            assert answer.json()["code"] in ("csrf_failed", "forbidden"), str(rule)
            asked += 1
    assert asked > 60
    assert browser.get("/api/v1/session").status_code == 200  # nothing of it ended the session


def worn(answer: Any) -> None:
    for name, begins in WORN.items():
        assert answer.headers.get(name, "").startswith(begins), (answer.request.url, answer.status_code, name)
    assert answer.headers["cache-control"] in ("no-store", "private, no-cache"), answer.request.url
    assert "server" not in answer.headers


def test_every_answer_wears_the_safety_headers_refusals_at_the_door_too(site: Site) -> None:
    nobody, program = site.nobody(), site.http()
    for path in ("/login", "/healthz", "/api/v1/services", "/no/such/page", "/t/nothing-here-at-all", "//api/v1/services"):
        worn(nobody.get(path))
    for path in ("/api/v1/services", "/api/v1/board", "/api/v1/tickets/none"):
        worn(program.get(path))
    worn(nobody.get("/api/v1/stream"))  # refused before any of the application is asked
    worn(nobody.post("/api/v1/stream"))
    worn(program.post("/api/v1/tickets", content=b"x" * (MAX_BODY_BYTES + 1)))
    issued = program.post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"})
    worn(issued)
    worn(program.post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"}))  # the short way
    with program.stream("GET", "/api/v1/stream") as stream:
        assert stream.headers["x-content-type-options"] == "nosniff"
        assert stream.headers["content-security-policy"].startswith("default-src 'none'")
        assert stream.headers["cache-control"] == "no-store"


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    nobody = site.nobody()
    cookies = nobody.post("/login", json={"login": site.person("clerk"), "password": PASSWORD}).headers.get_list("set-cookie")
    cookies += nobody.get(f"/b/{site.board_token}").headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}, cookie


def test_a_packed_body_is_refused_before_anybody_unpacks_it(site: Site) -> None:
    """Eight megabytes of spaces in eight kilobytes; and an honest one, so that nobody begins to rely on it."""
    program = site.http()
    honest = gzip.compress(json.dumps({"request_id": rid(), "service": "ho-tich"}).encode())
    for coding, body in (("gzip", honest), ("gzip", gzip.compress(b" " * 8_000_000)), ("br", b"x"), ("deflate, gzip", b"x")):
        answer = program.post("/api/v1/tickets", content=body, headers={"Content-Type": "application/json", "Content-Encoding": coding})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_type"), coding
    plain = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    body = json.dumps({"request_id": rid(), "service": "ho-tich"})
    assert program.post("/api/v1/tickets", content=body, headers=plain).status_code == 201
