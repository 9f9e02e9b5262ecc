"""What a person is told when the house itself is broken: one sentence, an id to tell the technician, and no traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from queue_server.bootstrap import Server, build, prepare
from queue_server.services import configuring
from queue_server.web.errors import ERRORS, language
from toiluot_edge import mask


class Heard:
    """A log that keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def error(self, what: str, **about: Any) -> None:
        self.lines.append((what, about))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def broken(tmp_path: Path, heard: Heard) -> Iterator[Server]:
    """A server with three extra addresses whose views fail as code and databases do."""
    store = prepare(url := f"sqlite:///{tmp_path}/a.db")
    configuring.init_site(store, site="A")
    store.close()
    own = build(url, log=heard)

    def fault() -> str:
        raise ZeroDivisionError("001199004521 invented")

    def locked() -> str:
        raise sqlite3.OperationalError("database is locked")

    own.flask.add_url_rule("/api/v1/fault", "fault", fault)
    own.flask.add_url_rule("/fault", "fault-page", fault)
    own.flask.add_url_rule("/api/v1/locked", "locked", locked)
    yield own
    own.close()


def test_an_unexpected_error_is_a_500_without_a_traceback(broken: Server, heard: Heard) -> None:
    answer = broken.flask.test_client().get("/api/v1/fault", headers={"Accept-Language": "en"})
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["title"]) == (500, "internal", "The server had an error")
    assert "ZeroDivision" not in answer.text
    assert "invented" not in answer.text
    assert heard.lines[0][1]["request_id"] == body["request_id"] == answer.headers["X-Request-Id"]
    assert "001199004521" not in mask("001199004521 invented")


def test_a_page_that_breaks_says_so_in_vietnamese(broken: Server) -> None:
    answer = broken.flask.test_client().get("/fault", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "Máy chủ gặp lỗi" in answer.text
    assert "ZeroDivision" not in answer.text


def test_a_locked_database_is_told_as_busy_with_a_time(broken: Server) -> None:
    answer = broken.flask.test_client().get("/api/v1/locked")
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (503, "busy", "2")


def test_not_ready_without_a_site(tmp_path: Path, heard: Heard) -> None:
    prepare(url := f"sqlite:///{tmp_path}/empty.db").close()
    own = build(url, log=heard)
    browser = own.flask.test_client()
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/readyz").status_code == 503
    own.close()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "vi"),
        ("en", "en"),
        ("vi", "vi"),
        ("en-GB,en;q=0.9,vi;q=0.8", "en"),
        ("vi;q=0.9,en;q=0.8", "vi"),
        ("fr", "vi"),
        (";;;q=x,en;q=y", "vi"),
    ],
)
def test_the_language_of_an_error(accept: str, expected: str) -> None:
    assert language(accept) == expected


def test_every_error_says_what_to_do_in_both_languages() -> None:
    for code, entry in ERRORS.items():
        assert len(set(entry.vi + entry.en)) == 4, code
        assert entry.vi[1].endswith("."), code
        assert entry.en[1].endswith("."), code
        assert (entry.status in (429, 503)) == (entry.retry_after_s is not None), code
