"""Appointments: a random code and a slot, worth a credit in time, an ordinary place late, and nothing at all once missed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.services import appointments, contacts, days, queries
from queue_server.services.ids import token_hash
from tests.hall import MORNING, SITE, Hall

MINUTE_MS = 60_000
NINE = MORNING + 120 * MINUTE_MS  # Monday 09:00
PHONE = "0912 345 678"


@pytest.fixture
def booking(hall: Hall) -> Hall:
    """The hall with slots of half an hour, two seats each, in office hours; certification also from afar."""
    week = {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)}
    services = [
        {"code": "ho-tich", "name": "Hộ tịch", "series": "A", "calendar": "office", "slot_min": 30, "slot_seats": 2},
        {"code": "chung-thuc", "name": "Chứng thực", "series": "C", "calendar": "office", "remote": True},
    ]
    hall.configure(services=services, help_service=None, calendars={"office": {"weekly": week}}, public_url="https://q.example")
    return hall


def book(hall: Hall, slot: int | None = NINE, service: str = "ho-tich", **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: appointments.book(unit, service=service, slot=slot, **fields))


def check_in(hall: Hall, booked: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: appointments.check_in(unit, booked["code"], **fields))


def refused(act: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as no:
        act()
    return no.value


def looked(hall: Hall, booked: dict[str, Any]) -> dict[str, Any]:
    with hall.store.read() as reader:
        return appointments.one(reader, booked["code"], now=hall.clock.at_ms)


def test_a_booking_is_a_random_code_and_takes_a_seat(booking: Hall) -> None:
    slots = booking.look(appointments.slots, service="ho-tich", date="2026-11-23")["slots"]
    assert (slots[0]["slot"], slots[-1]["slot"]) == ("2026-11-23T07:30:00+07:00", "2026-11-23T16:30:00+07:00")
    first, second = book(booking), book(booking)
    assert first["code"] != second["code"]
    assert len(first["code"]) == 22
    assert first["url"] == f"https://q.example/a/{first['code']}"
    assert (first["slot"], first["check_in_from"], first["check_in_until"]) == (
        "2026-11-23T09:00:00+07:00", "2026-11-23T08:30:00+07:00", "2026-11-23T09:15:00+07:00",
    )  # fmt: skip
    free = {slot["slot"]: slot["free"] for slot in booking.look(appointments.slots, service="ho-tich", date="2026-11-23")["slots"]}
    assert (free["2026-11-23T09:00:00+07:00"], free["2026-11-23T09:30:00+07:00"]) == (0, 2)
    assert refused(lambda: book(booking)).code == "slot_full"


def test_the_code_itself_is_in_no_row_and_in_no_event(booking: Hall) -> None:
    code = book(booking)["code"]
    assert code not in json.dumps([event.data for event in booking.log()])
    with booking.store.read() as reader:
        row = reader.appointments(SITE)[0]
    assert code not in map(str, dict(row).values())
    assert row["code_hash"] == token_hash(code)


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        (NINE + MINUTE_MS, "invalid"),  # no slot begins then
        (MORNING, "slot_gone"),
        (NINE + 9 * 86_400_000, "invalid"),  # beyond the days ahead
        (NINE + 5 * 86_400_000, "invalid"),  # Saturday
        (None, "invalid"),  # this service is not taken from afar
    ],
)
def test_what_cannot_be_booked_is_told(booking: Hall, slot: int | None, code: str) -> None:
    assert refused(lambda: book(booking, slot)).code == code


def test_a_service_without_slots_and_a_closed_one(booking: Hall) -> None:
    assert refused(lambda: book(booking, service="chung-thuc")).detail["errors"][0]["code"] == "no_slots"
    assert refused(lambda: book(booking, service="nothing")).code == "invalid"
    assert booking.look(appointments.slots, service="chung-thuc")["slots"] == []
    offered = booking.look(appointments.offered)
    assert {each["code"]: (each["slots"], each["remote"]) for each in offered["services"]} == {
        "ho-tich": (True, False), "chung-thuc": (False, True),
    }  # fmt: skip


def test_in_time_it_counts_from_the_slot_with_the_credit(booking: Hall) -> None:
    booked = book(booking)
    booking.clock.at_ms = NINE - 10 * MINUTE_MS
    before = booking.issue()
    ticket = check_in(booking, booked, device="kiosk-01")
    assert (ticket["available_from"], ticket["effective_at"]) == ("2026-11-23T09:00:00+07:00", "2026-11-23T08:30:00+07:00")
    assert (ticket["source"], ticket["print"]) == ("appointment", "pending")
    queue = booking.look(queries.queue)["tickets"]
    assert [each["id"] for each in queue] == [ticket["id"], before["id"]]
    assert queue[0]["reason"]["rule"] == "arrival+appointment"
    assert looked(booking, booked)["state"] == "checked_in"
    assert refused(lambda: check_in(booking, booked)).detail["ticket"]["id"] == ticket["id"]


def test_too_early_is_told_when_and_changes_nothing(booking: Hall) -> None:
    booked = book(booking)
    no = refused(lambda: check_in(booking, booked))
    assert (no.code, no.detail["opens_at"]) == ("appointment_early", "2026-11-23T08:30:00+07:00")
    assert looked(booking, booked)["state"] == "booked"
    tomorrow = book(booking, NINE + 86_400_000)
    assert refused(lambda: check_in(booking, tomorrow)).detail["opens_at"] == "2026-11-24T08:30:00+07:00"


def test_late_is_an_ordinary_place_at_check_in_whether_or_not_the_job_was_quicker(booking: Hall) -> None:
    first, second = book(booking), book(booking)
    booking.clock.at_ms = NINE + 16 * MINUTE_MS
    ticket = check_in(booking, first)
    assert ticket["available_from"] == ticket["effective_at"] == "2026-11-23T09:16:00+07:00"
    assert booking.do(appointments.release) == {"missed": 1}
    assert looked(booking, second)["state"] == "missed"
    late = check_in(booking, second)
    assert late["effective_at"] == "2026-11-23T09:16:00+07:00"
    assert booking.look(queries.queue)["tickets"][1]["reason"]["credits_s"] == {}
    assert booking.do(appointments.release) == {"missed": 0}


def test_a_number_from_afar_goes_live_at_check_in_only(booking: Hall) -> None:
    booked = book(booking, None, "chung-thuc")
    assert booking.look(queries.queue)["tickets"] == []
    booking.clock.forward(600)
    ticket = check_in(booking, booked)
    assert (ticket["source"], ticket["issued_at"]) == ("mobile", "2026-11-23T07:10:00+07:00")
    assert ticket["available_from"] == ticket["effective_at"] == ticket["issued_at"]


def test_a_cancelled_one_frees_its_seat_and_opens_nothing(booking: Hall) -> None:
    first, _ = book(booking), book(booking)
    booking.do(lambda unit: appointments.cancel(unit, first["code"]))
    assert book(booking)["state"] == "booked"
    booking.clock.at_ms = NINE
    assert refused(lambda: check_in(booking, first)).detail["state"] == "cancelled"
    assert refused(lambda: booking.do(lambda unit: appointments.cancel(unit, first["code"]))).code == "appointment_ended"
    assert refused(lambda: check_in(booking, {"code": "x" * 22})).code == "not_found"


def test_the_night_ends_what_nobody_came_for(booking: Hall) -> None:
    booked, remote = book(booking), book(booking, None, "chung-thuc")
    booking.issue()
    booking.clock.at_ms = MORNING + 18 * 3_600_000
    days.turn(booking.store, SITE)
    assert (looked(booking, booked)["state"], looked(booking, remote)["state"]) == ("missed", "missed")
    assert refused(lambda: check_in(booking, booked)).code == "appointment_ended"


def test_one_booking_per_contact_however_it_is_written_and_none_of_it_stays(booking: Hall) -> None:
    first = book(booking, contact=PHONE)
    assert refused(lambda: book(booking, NINE + 30 * MINUTE_MS, contact="+84912345678")).code == "already_booked"
    assert book(booking, contact="someone@else.vn")["state"] == "booked"
    with booking.store.read() as reader:
        assert len(reader.contact_keys(SITE)) == 1
        assert len(reader.contacts(SITE)) == 2
        kept = json.dumps([dict(row) for row in reader.appointments(SITE)])
    kept += json.dumps([event.data for event in booking.log()])
    assert "912345678" not in kept.replace(" ", "")
    booking.do(lambda unit: appointments.cancel(unit, first["code"]))
    assert book(booking, NINE + 30 * MINUTE_MS, contact=PHONE)["state"] == "booked"


def test_the_declared_key_is_destroyed_with_the_last_slot(booking: Hall) -> None:
    book(booking, contact=PHONE)
    book(booking, contact="other")
    booking.clock.at_ms = NINE + 16 * MINUTE_MS
    booking.do(appointments.release)
    with booking.store.read() as reader:
        assert (reader.contact_keys(SITE), reader.contacts(SITE)) == ([], {})
    kinds = [event.type for event in booking.log() if event.type.startswith("appointment.key")]
    assert kinds == ["appointment.key_made", "appointment.key_destroyed"]


def test_a_key_serves_new_bookings_for_a_week_and_is_still_asked_afterwards(booking: Hall) -> None:
    booking.configure(services=[{"code": "ho-tich", "name": "Hộ tịch", "series": "A", "slot_min": 60, "slot_days_ahead": 30}], calendars={})
    far = NINE + 20 * 86_400_000
    book(booking, far, contact="one")
    booking.clock.forward(8 * 86_400)
    book(booking, far + 3_600_000, contact="two")
    with booking.store.read() as reader:
        assert len(reader.contact_keys(SITE)) == 2
    assert refused(lambda: book(booking, far + 7_200_000, contact="ONE ")).code == "already_booked"


def test_a_centre_may_ask_for_a_contact(booking: Hall) -> None:
    booking.configure(policy={"appointment_contact": "required"})
    assert refused(lambda: book(booking)).code == "contact_required"
    assert book(booking, contact=PHONE)["state"] == "booked"


@pytest.mark.parametrize(("written", "plain"), [("+84 91-234.5678", "0912345678"), ("Ai@Do.VN ", "ai@do.vn"), ("(028) 3829", "028 3829")])
def test_one_spelling_for_one_contact(written: str, plain: str) -> None:
    assert contacts.plain(written) in (plain, plain.replace(" ", ""))


def test_the_code_of_a_booking_in_an_ordinary_issue_is_checked_in(booking: Hall) -> None:
    booked = book(booking)
    booking.clock.at_ms = NINE
    ticket = booking.do(lambda unit: appointments.issue(unit, service="ho-tich", appointment=booked["code"], source="kiosk", device="k1"))
    assert (ticket["source"], ticket["effective_at"]) == ("appointment", "2026-11-23T08:30:00+07:00")
    other = booking.do(lambda unit: appointments.issue(unit, service="ho-tich", appointment="theirs-7"))
    assert other["effective_at"] == "2026-11-23T08:30:00+07:00"  # another system's booking: its caller vouches for it


def test_the_second_plain_reading_agrees_on_appointments_too(booking: Hall) -> None:
    first = book(booking)
    book(booking)
    booking.clock.at_ms = NINE
    check_in(booking, first)
    with booking.store.read() as reader:
        assert compare.findings(reader, SITE) == []
    booking.store.write(SITE, lambda rows: rows.end_appointment(looked(booking, first)["id"], state="missed"))
    with booking.store.read() as reader:
        assert [found.partition(":")[0] for found in compare.findings(reader, SITE)] == ["appointment-state"]
