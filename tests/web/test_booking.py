"""Appointments, the four faces and letting others pass over HTTP: by programs, and by anybody who holds a code."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from queue_server.client import Problem
from tests.web.helpers import Site, rid

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture
def booking(site: Site) -> Site:
    """A site whose first service is booked by slots of an hour, and whose second may be taken from afar."""

    def change(document: dict[str, Any]) -> None:
        document["services"][0] |= {"slot_min": 60, "slot_seats": 2, "slot_days_ahead": 2}
        document["services"][1] |= {"remote": True}

    site.configure(change)
    return site


def post(http: httpx.Client, path: str, **body: Any) -> httpx.Response:
    return http.post(path, json={"request_id": rid("b"), **body})


def first_slot(http: httpx.Client, n: int = -1) -> str:
    """A slot of the last day that can be booked: it does not begin while the test runs."""
    found = http.get("/api/v1/appointments/slots", params={"service": "ho-tich"}).json()
    told = http.get("/api/v1/appointments/slots", params={"service": "ho-tich", "date": found["days"][-1]}).json()
    return str(told["slots"][n]["slot"])


def booked(http: httpx.Client, **more: Any) -> dict[str, Any]:
    answer = post(http, "/api/v1/appointments", service="ho-tich", slot=first_slot(http), **more)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_program_books_looks_and_cancels(booking: Site) -> None:
    http = booking.http()
    services = http.get("/api/v1/appointments/services").json()["services"]
    assert [(one["slots"], one["remote"]) for one in services] == [(True, False), (False, True)]
    made = booked(http)
    assert len(made["code"]) == 22
    assert made["url"].endswith(f"/a/{made['code']}")
    looked = http.get(f"/api/v1/appointments/{made['code']}").json()
    assert (looked["state"], looked["slot"]) == ("booked", made["slot"])
    assert "code" not in looked
    assert post(http, f"/api/v1/appointments/{made['code']}/cancel").json()["state"] == "cancelled"
    again = post(http, f"/api/v1/appointments/{made['code']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "appointment_ended")


def test_a_repeated_booking_is_the_same_booking(booking: Site) -> None:
    http = booking.http()
    body = {"request_id": rid("same"), "service": "ho-tich", "slot": first_slot(http)}
    first, second = http.post("/api/v1/appointments", json=body), http.post("/api/v1/appointments", json=body)
    assert (first.status_code, second.status_code, second.headers["Idempotent-Replayed"]) == (201, 200, "true")
    assert first.json() == second.json()


def test_full_slots_unknown_ones_and_codes_of_other_sites_are_told(booking: Site) -> None:
    http = booking.http()
    made = booked(http)
    booked(http)
    assert post(http, "/api/v1/appointments", service="ho-tich", slot=made["slot"]).json()["code"] == "slot_full"
    assert post(http, "/api/v1/appointments", service="ho-tich", slot="2020-01-01T08:00:00+07:00").json()["code"] == "slot_gone"
    wrong = post(http, "/api/v1/appointments", service="ho-tich", slot=made["slot"], contact_key="0912345678")
    assert wrong.json()["errors"][0]["pointer"] == "/contact_key"  # a bare number is no keyed hash
    assert post(http, "/api/v1/appointments/nothing-like-it/check-in").status_code == 404


def test_a_check_in_gives_a_ticket_once(booking: Site) -> None:
    http = booking.http()
    made = post(http, "/api/v1/appointments", service="chung-thuc").json()
    assert (made["slot"], made["check_in_from"]) == (None, None)
    answer = post(http, f"/api/v1/appointments/{made['code']}/check-in", device="kiosk-01")
    ticket = answer.json()
    assert (answer.status_code, ticket["source"], ticket["print"]) == (201, "mobile", "pending")
    again = post(http, f"/api/v1/appointments/{made['code']}/check-in")
    assert (again.status_code, again.json()["code"], again.json()["ticket"]["id"]) == (409, "already_waiting", ticket["id"])


def test_too_early_says_from_when(booking: Site) -> None:
    http = booking.http()
    answer = post(http, f"/api/v1/appointments/{booked(http)['code']}/check-in")
    assert (answer.status_code, answer.json()["code"]) == (409, "appointment_early")
    assert answer.json()["opens_at"] > "2026"


# ---------------------------------------------------------------- the public page
def test_anybody_books_on_the_page_and_is_led_to_the_code(booking: Site) -> None:
    nobody, http = booking.nobody(), booking.http()
    slot = first_slot(http)
    page = nobody.get(f"/hen/{booking.code}", params={"service": "ho-tich", "date": slot[:10]})
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "private, no-store")
    assert f'value="{slot}"' in page.text
    form = {"request_id": rid("page"), "service": "ho-tich", "slot": slot, "contact": "0912 345 678"}
    answer = nobody.post(f"/hen/{booking.code}", data=form)
    assert answer.status_code == 303
    own = nobody.get(answer.headers["Location"])
    assert ' class="qr"' in own.text
    assert "912" not in own.text.partition("<svg")[0]
    assert nobody.post(f"/hen/{booking.code}", data=form).headers["Location"] == answer.headers["Location"]
    second = nobody.post(f"/hen/{booking.code}", data=form | {"request_id": rid("page"), "contact": "+84 912345678"})
    assert second.headers["Location"].endswith("&fault=already_booked")
    told = nobody.get(second.headers["Location"]).text
    assert "Liên hệ này đã có một lịch hẹn" in told
    code = answer.headers["Location"].rsplit("/", 1)[1]
    assert nobody.get(f"/a/{code}.json").json()["state"] == "booked"
    assert nobody.post(f"/a/{code}/cancel", data={"request_id": rid("page")}).headers["Location"] == f"/a/{code}"
    assert "Lịch hẹn đã huỷ" in nobody.get(f"/a/{code}").text


def test_a_number_from_afar_is_taken_on_the_page_too(booking: Site) -> None:
    nobody, http = booking.nobody(), booking.http()
    answer = nobody.post(f"/hen/{booking.code}", data={"request_id": rid("page"), "service": "chung-thuc"})
    assert "Số từ xa của bạn" in nobody.get(answer.headers["Location"]).text
    assert http.get("/api/v1/queue").json()["tickets"] == []
    code = answer.headers["Location"].rsplit("/", 1)[1]
    assert post(http, f"/api/v1/appointments/{code}/check-in").json()["source"] == "mobile"
    shown = nobody.get(f"/a/{code}").text
    assert "Bạn đã nhận số C001" in shown


def test_the_page_has_words_for_every_wrong_input(booking: Site) -> None:
    nobody = booking.nobody()
    assert nobody.get("/hen/NOWHERE", headers={"Accept": "text/html"}).status_code == 404
    for query in (
        {"service": "nothing"},
        {"service": "ho-tich", "date": "yesterday"},
        {"fault": "<b>"},
        {"service": "ho-tich", "date": "2031-01-01"},
    ):
        answer = nobody.get(f"/hen/{booking.code}", params=query)
        assert answer.status_code == 200
        assert "<b>" not in answer.text.replace('<b class="n">', "")
    bad = nobody.post(f"/hen/{booking.code}", data={"request_id": "r", "service": "ho-tich", "slot": "soon"}, headers=FORM)
    assert (bad.status_code, "Nội dung chưa đúng" in bad.text) == (422, True)
    gone = nobody.post(f"/hen/{booking.code}", data={"request_id": "r", "service": "ho-tich", "slot": "2020-01-01T08:00:00+07:00"})
    assert gone.headers["Location"].endswith("fault=slot_gone")
    assert nobody.get("/a/" + "x" * 22, headers={"Accept": "text/html"}).status_code == 404


def test_a_contact_leaves_no_trace_in_what_is_stored(booking: Site) -> None:
    nobody, http = booking.nobody(), booking.http()
    request_id = rid("page")
    nobody.post(
        f"/hen/{booking.code}", data={"request_id": request_id, "service": "ho-tich", "slot": first_slot(http), "contact": "0977000111"}
    )
    with booking.store.read() as reader:
        row = reader.request(booking.code, request_id)
        kept = [dict(one) for one in reader.appointments(booking.code)]
    assert row is not None
    other = nobody.post(
        f"/hen/{booking.code}", data={"request_id": request_id, "service": "ho-tich", "slot": kept[0]["slot_from"], "contact": "x"}
    )
    assert other.status_code == 422  # not a time
    assert "0977000111" not in str(dict(row)) + str(kept)
    assert kept[0]["contact_key"].partition(":")[2].isalnum()


# ---------------------------------------------------------------- own numbers, faces
def token_of(ticket: dict[str, Any]) -> str:
    return str(ticket["url"]).rsplit("/", 1)[1]


def test_whoever_holds_the_slip_lets_others_pass(site: Site) -> None:
    client, nobody = site.client(), site.nobody()
    first, second = (client.issue(rid("i"), service="ho-tich") for _ in range(2))
    token = token_of(first)
    assert nobody.get(f"/t/{token}.json").json()["may_let_pass"] is True
    done = nobody.post(f"/t/{token}/let-pass", data={"request_id": rid("l"), "count": "1"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/t/{token}")
    assert [one["label"] for one in client.queue()["tickets"]] == [second["label"], first["label"]]
    alone = nobody.post(f"/t/{token}/let-pass", data={"request_id": rid("l"), "count": "1"}, headers=FORM)
    assert (alone.status_code, "Chưa có ai phía sau" in alone.text) == (409, True)
    for count in ("0", "6", "x"):
        assert nobody.post(f"/t/{token}/let-pass", data={"request_id": rid("l"), "count": count}).status_code == 422
    by_staff = post(site.http(), f"/api/v1/tickets/{second['id']}/let-pass", count=1)
    assert by_staff.json()["id"] == second["id"]


def test_the_faces_of_a_counter_rate_its_last_visit_and_no_other(site: Site) -> None:
    client, nobody, http = site.client(), site.nobody(), site.http()
    tablet = http.get("/api/v1/ratings/tablets").json()["tablets"][0]
    path = tablet["url"]
    assert nobody.get(f"{path}.json").json()["state"] == "idle"
    assert "Mời quý khách đánh giá" in nobody.get(path).text
    client.counter_command(rid("c"), "1", "open")
    client.issue(rid("i"), service="ho-tich")
    ticket = client.next(rid("n"), "1")["ticket"]
    client.at_counter(rid("s"), "1", "serve")
    client.at_counter(rid("d"), "1", "complete")
    asked = nobody.get(f"{path}.json").json()
    assert (asked["state"], asked["ticket"]) == ("asking", ticket["id"])
    assert post(nobody, path, stars=5, ticket=ticket["id"]).status_code == 422
    assert post(nobody, path, stars=3, ticket="another").json()["code"] == "rating_over"
    assert post(nobody, path, stars=3, ticket=ticket["id"]).json()["state"] == "thanks"
    assert client.ticket(ticket["id"])["rating"] == 3
    assert post(http, "/api/v1/counters/1/rate", stars=1).json()["code"] == "rating_given"
    assert nobody.get(path[:-1] + ("A" if path[-1] != "A" else "B") + ".json").status_code == 404


def test_a_keypad_rates_without_a_screen(site: Site) -> None:
    client, http = site.client(), site.http("call", "read")
    assert post(http, "/api/v1/counters/1/rate", stars=2).json()["code"] == "rating_over"
    client.counter_command(rid("c"), "1", "open")
    client.issue(rid("i"), service="ho-tich")
    client.next(rid("n"), "1")
    client.at_counter(rid("d"), "1", "complete")
    assert post(http, "/api/v1/counters/1/rate", stars=2).status_code == 200
    assert [event["data"] for event in client.events(limit=1000)["events"] if event["type"] == "rated"] == [{"stars": 2, "by": "keypad"}]
    with pytest.raises(Problem):
        client.counter_command(rid("c"), "1", "rate", stars=9)


def test_what_is_unusual_is_listed_with_its_reason_and_every_move_with_its_actor(site: Site) -> None:
    client, http = site.client(), site.http()
    client.counter_command(rid("c"), "1", "open")
    for _ in range(5):
        ticket = client.issue(rid("i"), service="ho-tich")
        client.call(rid("k"), "1", ticket["id"], "người nhà đang cấp cứu")
        client.at_counter(rid("d"), "1", "complete")
    told = http.get("/api/v1/outliers").json()
    assert [(one["kind"], one["count"]) for one in told["outliers"]] == [("chosen", 5)]
    assert told["moves"][0]["reason"] == "người nhà đang cấp cứu"
    manager = site.signed_in("site_head")
    page = manager.get("/unusual")
    assert "Gọi ngoài thứ tự 5 lần" in page.text
    assert "Không có gì bất thường" in manager.get("/unusual", params={"date": "2020-01-01"}).text
    assert site.signed_in("clerk").get("/unusual").status_code == 403
