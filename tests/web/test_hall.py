"""The hall's calls over the wire: who may ask for what, idempotence, and what a board must not hear."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.client import Problem
from tests.web.helpers import Site, rid


def beat(site: Site, device: str = "kiosk-01") -> None:
    site.client().heartbeat({"device": device, "role": "kiosk", "slots": []})


def test_a_kiosk_with_the_scopes_it_has_calls_hears_and_reports(site: Site) -> None:
    beat(site)
    kiosk, desk = site.client("issue", "read"), site.client("issue")
    ticket = desk.issue(rid(), service="ho-tich", source="desk")
    wanted = desk.print_at("p1", ticket["id"], "kiosk-01")
    assert desk.print_at("p1", ticket["id"], "kiosk-01") == wanted
    told = kiosk.errands("kiosk-01")
    assert [(each["job"], each["ticket"]["label"]) for each in told["prints"]] == [(wanted["job"], "A001")]
    kiosk.print_outcome(rid(), ticket["id"], "printed", device="kiosk-01", job=wanted["job"])
    call = kiosk.call_help("h1", "kiosk-01")
    assert kiosk.call_help("h1", "kiosk-01")["id"] == call["id"]
    assert kiosk.errands("kiosk-01") == {"prints": [], "help": kiosk.errands("kiosk-01")["help"]}
    assert kiosk.errands("kiosk-01")["help"]["state"] == "open"


@pytest.mark.parametrize(("scope", "allowed"), [("issue", True), ("call", True), ("read", False), ("feed", False)])
def test_who_may_call_for_help(site: Site, scope: str, allowed: bool) -> None:
    http = site.http(scope)
    answer = http.post("/api/v1/help-calls", json={"request_id": rid(), "place": "3"})
    assert (answer.status_code == 201) is allowed
    if allowed:
        done = http.post(f"/api/v1/help-calls/{answer.json()['id']}/done", json={"request_id": rid()})
        assert (done.status_code, done.json()["state"], done.json()["counter"]) == (200, "done", "3")


def test_a_refused_priority_over_the_wire_and_in_the_figures(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich", priority_class="elderly", source="kiosk")
    refused = client.priority(rid(), ticket["id"], "refused", reason="không có giấy tờ")
    assert (refused["priority_class"], refused["priority_check"]) == (None, "refused")
    with pytest.raises(Problem) as no:
        client.priority(rid(), ticket["id"], "confirmed")
    assert (no.value.status, no.value.code) == (409, "illegal_transition")
    counts: dict[str, Any] = client.metrics_day(ticket["business_day"])["counts"]
    assert (counts["priority"], counts["priority_refused"]) == (0, 1)


def test_an_amended_ticket_may_wait_for_any_counter_again(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich")
    assert client.amend(rid(), ticket["id"], counter="3")["for_counter"] == "3"
    assert client.amend(rid(), ticket["id"], counter="none")["for_counter"] is None


def test_near_wants_a_service_and_a_time_of_day(site: Site) -> None:
    http = site.http("read")
    for query in ({}, {"service": "ho-tich"}, {"service": "ho-tich", "about": "7:00"}, {"service": "no", "about": "07:00"}):
        assert http.get("/api/v1/tickets/near", params=query).status_code == 422, query
    assert http.get("/api/v1/tickets/near", params={"service": "ho-tich", "about": "07:00"}).json() == {"tickets": []}
