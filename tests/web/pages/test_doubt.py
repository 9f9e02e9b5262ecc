"""A slip that may never have come out is flagged, and somebody at the desk says that its person has the number."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from queue_server.services.attending import NOBODY_HOLDS
from tests.web.helpers import Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("button", ["Người dân có số", "Đã viết phiếu cho họ"])
def test_a_doubtful_slip_is_flagged_and_confirmed_by_one_tap(browsers: Browsers, site: Site, button: str) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich", source="kiosk")
    why = sorted(NOBODY_HOLDS)[0]
    site.http().post(f"/api/v1/tickets/{ticket['id']}/print-outcome", json={"request_id": rid(), "outcome": "not_sent", "detail": why})
    clerk = browsers.person("clerk")
    clerk.goto("/counter/3")
    expect(clerk.locator("#waiting-list")).to_contain_text("Phiếu chưa chắc đã in")
    page = browsers.person("attendant")
    page.goto("/attendant")
    expect(page.locator(".unsure")).to_contain_text("A001")
    page.get_by_role("button", name=button).click()
    expect(page.locator(".unsure")).to_have_count(0)
    assert client.ticket(ticket["id"])["doubt"] is None
    expect(clerk.locator("#waiting-list")).not_to_contain_text("Phiếu chưa chắc đã in")
