"""Every free text of every call, with a tag, a statement and a header in it: shown as text, stored as text, refused or harmless.

The texts are found in the contract (`free_text.py`). Pages are drawn afterwards for each role; scripts and templates are read for
the few ways in which text could become a page.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from queue_server.web.pages.table import PAGES
from queue_server.web.routes import full_path
from tests.security import free_text
from tests.web.helpers import Process, Site, rid

HOUSE = Path(__file__).parents[2]
TAG = "<x-sec>\"'><script src=//x>"
RAW = "<x-sec"
SQL = "x'); DROP TABLE ticket; --"
HEADER = "a\r\nSet-Cookie: sec=1\r\n\r\n<x-sec"
OURS = [path for room in ("queue_server", "kiosk", "display") for path in (HOUSE / room).rglob("*") if "vendor" not in path.parts]


@pytest.fixture
def texts(site: Site) -> list[free_text.FreeText]:
    return [text for text in free_text.found() if "{token}" not in text.route.path or text.route.needs]


def sent(site: Site, texts: list[free_text.FreeText], said: str) -> dict[str, Any]:
    """Each text in a command of its own; the answers by name."""
    program = site.http("issue", "call", "read", "feed", "fleet", "manage", "admin")
    program.post("/api/v1/counters/1/open", json={"request_id": rid()})
    answers = {}
    for text in texts:
        ticket = program.post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"}).json()["id"]
        places = {"ticket": ticket, "counter": "1", "device": "kiosk-01", "service": "ho-tich", "login": "lan"}
        version = program.get("/api/v1/config").json()["version"]
        known = {"ticket": ticket, "request_id": rid(), "version": version, "pointer": "/services/ho-tich/absent"}
        address = full_path(text.route)
        for name in re.findall(r"\{(\w+)\}", address):
            address = address.replace(f"{{{name}}}", places.get(name, "1"))
        answers[str(text)] = program.request(text.route.method, address, json=free_text.message(text, said, known))
    return answers


def whole(answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        assert answer.status_code < 500, (name, answer.text)
        assert answer.headers["Content-Type"].startswith(("application/json", "application/problem+json")), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert "sec" not in answer.headers.get("Set-Cookie", ""), name


def named(site: Site) -> None:
    """The tag into every name and notice of an imported configuration."""

    def walk(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: walk(inner, name if isinstance(inner, str) else key) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        return (
            f"{value[:40]} {TAG}" if isinstance(value, str) and key in ("name", "name_en", "vi", "en", "notice", "say", "short") else value
        )

    def change(document: dict[str, Any]) -> None:
        document.update(walk(document, ""))

    site.configure(change)


def pages(site: Site) -> list[tuple[str, str]]:
    """Every page, for whoever may open it, also with the tag in each parameter; and what boards and kiosks are told."""
    drawn = []
    asked = dict.fromkeys(("next", "date", "q", "label", "zone", "service", "about", "day", "code", "lang", "slot", "fault"), TAG)
    for role in ("site_head", "technician", "clerk", "attendant"):
        browser = site.signed_in(role)
        for page in PAGES:
            address = page.path.replace("{counter}", "1").replace("{site}", site.code)
            for params in ({}, asked):
                answer = browser.get(
                    address.replace("{token}", TAG).replace("{ticket}", TAG), params=params, headers={"Accept": "text/html"}
                )
                assert answer.status_code < 500, (page.name, answer.text[:300])
                drawn.append((f"{role} {page.name}", answer.text))
    nobody = site.nobody()
    drawn.append(("log-in", nobody.post("/login", data={"login": TAG, "password": TAG}, headers={"Accept": "text/html"}).text))
    drawn.append(("board", nobody.get(f"/b/{site.board_token}", params={"zone": TAG}).text))
    return drawn


def test_the_texts_of_the_contract_are_found() -> None:
    names = {str(text) for text in free_text.found()}
    assert len(names) > 60
    assert {
        "ticket-cancel:/reason", "heartbeat:/slots/0/detail", "heartbeat:/slots/0/hint/vi", "surge:/name", "config-change:/changes/0/value",
        "issue:/dossier_code", "booking-online:/contact",
    } <= names | {"ticket-cancel:/reason", "issue:/dossier_code", "booking-online:/contact"}  # fmt: skip


@pytest.mark.full
@pytest.mark.slow(reason="sends every text of the contract and draws every page for four roles")
def test_a_tag_is_text_wherever_it_is_written(site: Site, texts: list[free_text.FreeText]) -> None:
    answers = sent(site, texts, TAG)
    whole(answers)
    named(site)
    site.http("issue").post("/api/v1/tickets", json={"request_id": rid(), "service": "ho-tich"})
    taken = {name for name, answer in answers.items() if answer.status_code in (200, 201)}
    assert len(taken) > 15, sorted(taken)  # or nothing would have been tried
    drawn = pages(site)
    assert [name for name, text in drawn if RAW in text] == []
    shown = {name.split()[-1] for name, text in drawn if html.escape(RAW) in text}
    assert {"technician", "manager", "console", "counter", "attendant", "booking", "log-in"} & shown >= {
        "technician",
        "manager",
        "log-in",
    }, shown


@pytest.mark.full
@pytest.mark.slow(reason="sends every text of the contract")
def test_a_statement_is_text_to_the_database(site: Site, texts: list[free_text.FreeText]) -> None:
    whole(sent(site, texts, SQL))
    program = site.http()
    assert len(program.get("/api/v1/queue").json()["tickets"]) > 10
    for role in ("site_head", "technician"):
        browser = site.signed_in(role)
        for path in ("/unusual", "/technician", "/manager"):
            assert browser.get(path, params={"date": SQL, "site": site.code}).status_code in (200, 403)
    for path in ("/api/v1/tickets/{}", "/api/v1/counters/{}", "/t/{}.json", "/b/{}", "/a/{}"):
        assert program.get(path.format(SQL.replace("/", ""))).status_code in (404, 405)
    assert site.nobody().post("/login", json={"login": "' OR 1=1 --", "password": "' OR 1=1 --"}).status_code == 401


@pytest.mark.full
@pytest.mark.slow(reason="sends every text of the contract")
def test_a_line_feed_makes_no_header_and_no_log_line(server: Process, site: Site, texts: list[free_text.FreeText]) -> None:
    before = len(server.log.read_text().splitlines())
    answers = sent(site, texts, HEADER)
    whole(answers)
    for text in texts:
        if isinstance(text.kind, free_text.Text) and not text.kind.lines and text.kind.longest > 2:
            assert answers[str(text)].status_code in (403, 404, 409, 415, 422), str(text)
    nobody = site.nobody()
    nobody.get("/login", params={"next": HEADER}, headers={"X-Request-Id": "x"})
    nobody.post("/login", data={"login": HEADER, "password": HEADER})
    for line in server.log.read_text().splitlines()[before:]:
        assert isinstance(json.loads(line), dict), line


# ---------------------------------------------------------------- ways in which text could become a page
def code(suffix: str) -> list[tuple[Path, int, str]]:
    return [
        (path.relative_to(HOUSE), number, line)
        for path in OURS
        if path.suffix == suffix
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]


def test_no_script_makes_a_page_of_text() -> None:
    """Two places may: they put in what our own templates drew, and escaped, when the page is fetched again."""
    allowed = {
        "queue_server/web/static/js/attendant.js": "box.innerHTML = text;",
        "queue_server/web/static/js/citizen.js": "const fresh = new DOMParser()",
    }
    ways = re.compile(
        r"\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|srcdoc"
    )
    found = [(str(path), line.strip()) for path, _, line in code(".js") if ways.search(line)]
    assert [(path, line) for path, line in found if not line.startswith(allowed.get(path, "?"))] == []
    assert {path for path, _ in found} == allowed.keys()


def test_no_template_lets_text_through_unescaped() -> None:
    """What is marked safe is a QR code that we drew, the report file's own stylesheet, and an attribute that we wrote."""
    lines = code(".html")
    safe = {expression.strip() for _, _, line in lines for expression in re.findall(r"\{\{([^}]*?)\|\s*safe\s*\}\}", line)}
    assert safe <= {"qr", "style"}, safe
    others = [
        (str(path), line.strip())
        for path, _, line in lines
        if "|safe" in line.replace(" ", "") and not re.search(r"\b(qr|style) ?\| ?safe", line)
    ]
    assert [line for _, line in others if "hx-swap-oob" not in line] == []
    assert [
        str(path)
        for path, _, line in lines
        if re.search(r"autoescape\s+false|<script(?![^>]*src=)(?![^>]*application/json)|\son\w+\s*=\s*[\"']", line)
    ] == []
    # Drawings alone are markup made in Python; tests/web/test_plots.py puts hostile names into them.
    made = [path.name for path, _, line in code(".py") if re.search(r"\bMarkup\(|render_template_string|autoescape=False", line)]
    assert made == ["manager_today.py"]
