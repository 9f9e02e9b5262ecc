"""Every page for everybody: axe finds nothing, and would find something if there were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[2] / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RUN = "part => axe.run(part || document, {rules: {'target-size': {enabled: true}}})"


def findings_of(page: Page, part: str = "") -> list[str]:
    """What axe has to say of a page, or of one part of it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN, part)
    return [f"{each['id']}: {json.dumps([node['html'][:120] for node in each['nodes'][:3]])}" for each in found["violations"]]


@pytest.fixture
def busy(site: Site) -> dict[str, Any]:
    """A hall with something on every page."""
    client = site.client()
    kind = client.kiosk_home()[0]["priority_classes"][0]["code"]  # type: ignore[index]
    tickets = [client.issue(rid(), service="ho-tich", needs=["walk"], priority_class=kind if n % 2 else None) for n in range(5)]
    client.counter_command(rid(), "4", "open")
    client.next(rid(), "4")
    slots = [{"role": "printer", "state": "degraded", "code": "paper_out"}, {"role": "reader", "state": "ready", "code": "ok"}]
    client.heartbeat({"device": "kiosk-01", "role": "kiosk", "slots": slots, "errors": [{"code": "paper_out", "count": 1}]})
    return {"waiting": tickets[4], "called": tickets[1]}


def test_console_pages(browsers: Browsers, site: Site, busy: dict[str, Any]) -> None:
    page = browsers.page()
    page.goto("/login")
    assert findings_of(page) == []
    page = browsers.person("site_head")
    for path in ("/manager/policy", "/technician", "/availability", "/attendant", "/counter", "/khong-co"):
        page.goto(path)
        assert findings_of(page) == [], path


def test_the_manager_s_pages(browsers: Browsers, site: Site, busy: dict[str, Any]) -> None:
    page = browsers.person("site_head")
    for path in ("/manager", "/manager/range", "/report"):
        page.goto(path)
        waiting = page.locator(".part [hx-get]").get_by_text("Đang tải…")
        expect(waiting).to_have_count(0, timeout=60_000)  # what comes by itself is judged too
        assert findings_of(page) == [], path
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1, "the report of a small day is one sheet of A4"


def test_the_counter_in_its_states_and_dialogs(browsers: Browsers, site: Site, busy: dict[str, Any]) -> None:
    site.configure(lambda document: document.setdefault("policy", {}).update(undo_s=600))
    page = browsers.person("clerk")
    page.goto("/counter/3")
    page.get_by_role("button", name="Mở quầy").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert findings_of(page) == []
    page.keyboard.press("F2")
    expect(page.locator("#state")).to_have_text("Đã gọi")
    expect(page.locator('[data-do="transfer"]')).to_be_enabled()
    assert findings_of(page) == []
    expect(page.locator("#more")).to_be_attached()
    names = ("more", "hold", "transfer", "procedures", "outcome", "reclassify", "undo-why", "hand-over", "profile", "find", "absent")
    for name in names:
        page.evaluate("name => document.querySelector(`[data-do=${name}]`).click()", name)
        dialog = page.locator(f"#{'dossiers' if name == 'procedures' else name}")
        expect(dialog).to_be_visible()
        assert findings_of(page, f"#{dialog.get_attribute('id')}") == [], name
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    page.keyboard.press("F10")
    expect(page.locator("#why-pause")).to_be_visible()
    assert findings_of(page) == []


def test_the_citizen_s_page(browsers: Browsers, busy: dict[str, Any]) -> None:
    page = browsers.page(phone=True)
    for ticket in busy.values():
        page.goto("/t/" + ticket["url"].rsplit("/t/", 1)[1])
        assert findings_of(page) == [], ticket["state"]
        page.goto("?lang=en")
        assert findings_of(page) == []


def test_axe_finds_planted_faults(browsers: Browsers) -> None:
    page = browsers.page()
    page.goto("/login")
    page.evaluate(
        """() => { const bad = document.createElement('div');
        bad.append(document.createElement('input'), document.createElement('img')); document.querySelector('main').append(bad); }"""
    )
    assert {finding.split(":")[0] for finding in findings_of(page)} >= {"label", "image-alt"}
