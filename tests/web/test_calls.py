"""Tickets and counters over HTTP against the running server: what each call promises, and the refusals it lists."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.client import Client, Problem
from queue_server.contract import times
from tests.web.helpers import Site, rid


def refused(call: Any, status: int, code: str) -> dict[str, Any]:
    with pytest.raises(Problem) as caught:
        call()
    assert (caught.value.status, caught.value.code) == (status, code), caught.value.body
    return caught.value.body


def opened(client: Client, counter: str = "1") -> Client:
    client.counter_command(rid(), counter, "open")
    return client


def called(client: Client, counter: str = "1", service: str = "ho-tich") -> dict[str, Any]:
    opened(client, counter)
    client.issue(rid(), service=service)
    ticket = client.next(rid(), counter)["ticket"]
    assert ticket["state"] == "called"
    return dict(ticket)


# ---------------------------------------------------------------- issuing
def test_a_number_is_issued_and_the_repeat_gives_the_same_ticket(site: Site) -> None:
    http, body = site.http(), {"request_id": rid(), "service": "ho-tich"}
    first = http.post("/api/v1/tickets", json=body)
    again = http.post("/api/v1/tickets", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (first.json()["label"], first.json()["state"]) == ("A001", "waiting")


def test_a_request_id_belongs_to_one_call_and_one_body(site: Site) -> None:
    client, known = site.client(), rid()
    client.issue(known, service="ho-tich")
    refused(lambda: client.issue(known, service="chung-thuc"), 422, "request_id_reused")
    refused(lambda: client.next(known, "1"), 422, "request_id_reused")
    assert client.issue(rid(), service="ho-tich")["number"] == 2


def test_the_same_request_id_is_free_at_another_site(site: Site) -> None:
    ours, shared = site.client(), rid()
    other = site.http("issue", key=site.key("issue", sites=["FIRST"]))
    ours.issue(shared, service="ho-tich")
    assert other.post("/api/v1/tickets", json={"request_id": shared, "service": "ho-tich"}).status_code == 201


def test_issuing_keeps_what_was_told(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), tasks=["ho-tich", "chung-thuc"], source="kiosk", needs=["walk"], quantity=2, lang="en", zone="1")
    assert (ticket["service"], ticket["tasks"], ticket["source"]) == ("ho-tich", ["chung-thuc"], "kiosk")
    assert (ticket["needs"], ticket["quantity"], ticket["lang"], ticket["print"]) == (["walk"], 2, "en", "pending")


def test_each_gate_refuses_with_its_own_word(site: Site) -> None:
    client = site.client()

    def gates(document: dict[str, Any]) -> None:
        services = {service["code"]: service for service in document["services"]}
        services["ho-tich"]["open"] = False
        services["chung-thuc"]["quota_day"] = 1
        services["dat-dai"]["calendar"] = "never"
        document.setdefault("calendars", {})["never"] = {"weekly": {"1": []}}

    site.configure(gates)
    refused(lambda: client.issue(rid(), service="ho-tich"), 409, "service_closed")
    client.issue(rid(), service="chung-thuc")
    refused(lambda: client.issue(rid(), service="chung-thuc"), 409, "quota_full")
    refused(lambda: client.issue(rid(), service="dat-dai"), 409, "outside_hours")
    refused(lambda: client.issue(rid(), service="no-such"), 422, "invalid")


def test_one_holder_one_number(site: Site) -> None:
    client = site.client()
    mine = client.issue(rid(), service="ho-tich", holder_key="h1")
    body = refused(lambda: client.issue(rid(), service="ho-tich", holder_key="h1"), 409, "already_waiting")
    assert body["ticket"]["id"] == mine["id"]
    refused(lambda: client.issue(rid(), service="chung-thuc", holder_key="h1"), 409, "holder_limit")


# ---------------------------------------------------------------- reading
def test_tickets_are_found_by_id_label_and_dossier(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich", dossier_code="H01.2026-1")
    assert client.ticket(ticket["id"])["id"] == ticket["id"]
    assert [found["id"] for found in client.tickets(label="A001")["tickets"]] == [ticket["id"]]
    assert [found["id"] for found in client.tickets(dossier="H01.2026-1")["tickets"]] == [ticket["id"]]
    assert client.tickets(label="A001", day="2020-01-01")["tickets"] == []
    refused(client.tickets, 422, "invalid")
    refused(lambda: client.ticket("no-such"), 404, "not_found")


def test_ids_of_another_site_are_not_found(site: Site) -> None:
    mine = site.client().issue(rid(), service="ho-tich")
    other = site.http(key=site.key(sites=["FIRST"]))
    assert other.get(f"/api/v1/tickets/{mine['id']}").json()["code"] == "not_found"
    answer = other.post(f"/api/v1/tickets/{mine['id']}/cancel", json={"request_id": rid()})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_credential_of_several_sites_must_say_which(site: Site) -> None:
    http = site.http(key=site.key(sites=["FIRST", site.code]))
    answer = http.get("/api/v1/counters")
    assert (answer.status_code, answer.json()["code"]) == (400, "site_required")
    assert http.get("/api/v1/counters", params={"site": site.code}).status_code == 200
    assert http.get("/api/v1/counters", params={"site": "ELSEWHERE"}).status_code == 404


# ---------------------------------------------------------------- attending
def test_a_waiting_ticket_is_amended_rated_noted_printed_and_cancelled(site: Site) -> None:
    client = site.client()
    ticket = client.issue(rid(), service="ho-tich", source="kiosk")["id"]
    assert client.amend(rid(), ticket, service="chung-thuc", reason="chọn nhầm")["service"] == "chung-thuc"
    assert client.print_outcome(rid(), ticket, "printed", device="kiosk-01")["print"] == "printed"
    assert client.reprint(rid(), ticket)["id"] == ticket
    assert client.annotate(rid(), ticket, "ngồi xe lăn")["id"] == ticket
    refused(lambda: client.rate(rid(), ticket, 5), 409, "illegal_transition")
    assert client.cancel(rid(), ticket, "đổi ý")["state"] == "cancelled"
    body = refused(lambda: client.cancel(rid(), ticket), 409, "illegal_transition")
    assert body["state"] == "cancelled"
    assert "waiting" in body["allowed_from"]


def test_an_absent_person_is_readmitted_and_a_served_one_rates(site: Site) -> None:
    client = site.client()
    ticket = called(client)["id"]
    assert client.on_ticket(rid(), ticket, "no-show", "1")["state"] == "no_show"
    assert client.readmit(rid(), ticket)["state"] == "waiting"
    assert client.next(rid(), "1")["ticket"]["id"] == ticket
    assert client.on_ticket(rid(), ticket, "complete", "1")["state"] == "completed"
    assert client.rate(rid(), ticket, 4)["rating"] == 4


# ---------------------------------------------------------------- a ticket at a counter
def test_every_command_of_a_counter_on_a_ticket(site: Site) -> None:
    client = site.client()
    ticket = called(client)["id"]

    def act(name: str, **fields: Any) -> dict[str, Any]:
        return client.on_ticket(rid(), ticket, name, "1", **fields)

    assert act("recall")["recalls"] == 1
    assert act("serve")["state"] == "serving"
    assert act("reclassify", service="chung-thuc")["service"] == "chung-thuc"
    procedures = act("procedures", procedures=[{"code": "1.001", "dossier_code": "H1"}])["steps"][0]["procedures"]
    assert [entry["code"] for entry in procedures] == ["1.001"]
    assert act("hold", reason="photocopy", until="2026-12-31T10:00:00+07:00")["state"] == "held"
    assert act("resume")["state"] == "serving"
    after = act("transfer", to={"service": "dat-dai"}, return_to_me=True)
    assert (after["state"], after["service"], len(after["steps"])) == ("waiting", "dat-dai", 2)
    refused(lambda: act("complete"), 409, "illegal_transition")


def test_released_goes_back_and_completed_carries_its_outcome(site: Site) -> None:
    client = site.client()
    ticket = called(client)["id"]
    assert client.on_ticket(rid(), ticket, "release", "1")["state"] == "waiting"
    client.next(rid(), "1")
    done = client.on_ticket(rid(), ticket, "complete", "1", outcome="incomplete", dossier_code="H2")
    assert (done["state"], done["outcome"], done["steps"][0]["start_inferred"]) == ("completed", "incomplete", True)


# ---------------------------------------------------------------- counters
def test_a_counter_opens_pauses_resumes_wraps_up_and_closes(site: Site) -> None:
    client = site.client()

    def act(name: str, **fields: Any) -> dict[str, Any]:
        return client.counter_command(rid(), "2", name, **fields)

    assert act("open", services=["ho-tich"])["services"] == ["ho-tich"]
    assert act("pause", reason="họp")["state"] == "paused"
    assert act("resume")["state"] == "open"
    assert act("wrap-up")["state"] == "wrapping_up"
    assert act("alarm")["code"] == "2"
    assert act("close")["state"] == "closed"
    refused(lambda: act("pause"), 409, "illegal_transition")
    assert "open" in client.counter("2")["lawful"]
    assert len(client.counters()["counters"]) >= 8
    refused(lambda: client.counter("99"), 404, "not_found")


def test_a_taken_counter_says_so_and_can_be_taken_over(site: Site) -> None:
    first, second = site.client(), site.client()
    opened(first)
    refused(lambda: opened(second), 409, "counter_taken")
    assert second.counter_command(rid(), "1", "open", take_over=True)["clerk"] != first.counter("2")["clerk"]


def test_next_finishes_the_person_there_and_tells_when_nobody_waits(site: Site) -> None:
    client = site.client()
    refused(lambda: client.next(rid(), "1"), 409, "counter_closed")
    first = called(client)["id"]
    second = client.issue(rid(), service="ho-tich")["id"]
    again = rid()
    assert client.next(again, "1")["ticket"]["id"] == second
    assert client.next(again, "1")["ticket"]["id"] == second
    assert client.ticket(first)["state"] == "completed"
    assert client.next(rid(), "1", previous="no_show")["ticket"] is None
    assert client.ticket(second)["state"] == "no_show"


def test_next_may_put_the_person_back(site: Site) -> None:
    client = site.client()
    first = called(client)["id"]
    assert client.next(rid(), "1", previous="requeue")["ticket"]["id"] == first


def test_a_chosen_person_is_called_with_a_reason(site: Site) -> None:
    client = opened(site.client())
    client.issue(rid(), service="ho-tich")
    later = client.issue(rid(), service="ho-tich")["id"]
    assert client.call(rid(), "1", later, "người già")["ticket"]["id"] == later
    refused(lambda: client.call(rid(), "1", later, "lần nữa"), 409, "illegal_transition")


def test_a_keypad_acts_on_whoever_stands_there(site: Site) -> None:
    client = site.client()
    refused(lambda: client.at_counter(rid(), "1", "recall"), 409, "counter_closed")
    ticket = called(client)["id"]
    assert client.at_counter(rid(), "1", "recall")["recalls"] == 1
    refused(lambda: client.at_counter(rid(), "1", "serve", if_ticket="another"), 409, "illegal_transition")
    assert client.at_counter(rid(), "1", "serve", if_ticket=ticket)["state"] == "serving"
    assert client.at_counter(rid(), "1", "hold")["state"] == "held"
    refused(lambda: client.at_counter(rid(), "1", "complete"), 409, "illegal_transition")
    client.issue(rid(), service="ho-tich")
    client.next(rid(), "1")
    assert client.at_counter(rid(), "1", "no-show")["state"] == "no_show"


def test_undo_takes_the_last_command_back_once(site: Site) -> None:
    client = opened(site.client())
    client.issue(rid(), service="ho-tich")
    press = rid()
    ticket = client.next(press, "1")["ticket"]["id"]
    assert client.counter("1")["undo"]["cmd"] == press
    assert client.undo(rid(), "1", cmd=press)["undone"] == press
    assert client.ticket(ticket)["state"] == "waiting"
    refused(lambda: client.undo(rid(), "1"), 409, "undo_too_late")


def test_undo_is_refused_when_something_was_built_upon_it(site: Site) -> None:
    client = opened(site.client())
    client.issue(rid(), service="ho-tich")
    press = rid()
    ticket = client.next(press, "1")["ticket"]["id"]
    client.on_ticket(rid(), ticket, "serve", "1")
    refused(lambda: client.undo(rid(), "1", cmd=press), 409, "undo_overtaken")


def test_times_on_the_wire_carry_the_offset_of_vietnam(site: Site) -> None:
    ticket = site.client().issue(rid(), service="ho-tich")
    assert ticket["issued_at"].endswith("+07:00")
    assert times.decode(ticket["issued_at"]) > 0
