"""What a manager has set is what happens: quotas, absences, night series, capacity, caps and leftovers."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.services import days, desk, leasing, offering, queries, stating
from queue_server.services.offering import Look
from tests.hall import MORNING, SITE, Hall

OFFICE = {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)}
NIGHT = {str(day): [["18:00", "22:00"]] for day in range(1, 8)}
HOUR_MS = 3_600_000
TOMORROW = MORNING + 24 * HOUR_MS


def office(hall: Hall, policy: dict[str, Any] | None = None, classes: list[dict[str, Any]] | None = None, **service: Any) -> None:
    """Two services in office hours; `service` are settings of the first."""
    hall.configure(
        calendars={"office": {"weekly": OFFICE}, "night": {"weekly": NIGHT}},
        counters=[{"code": "1", "name": "Quầy 1"}, {"code": "2", "name": "Quầy 2"}],
        services=[
            {"code": "ho-tich", "name": "Hộ tịch", "series": "A", "calendar": "office", **service},
            {"code": "dat-dai", "name": "Đất đai", "series": "H", "calendar": "office"},
            {"code": "tam-tru", "name": "Tạm trú", "series": "AA", "calendar": "night", "issue_before_s": 1800},
        ],
        priority_classes=classes or [{"code": "elderly", "name": "Người cao tuổi"}],
        policy=policy or {},
        help_service=None,
    )


def refused(hall: Hall, **fields: Any) -> Refusal:
    with pytest.raises(Refusal) as no:
        hall.issue(**fields)
    return no.value


def home(hall: Hall, code: str = "ho-tich") -> dict[str, Any]:
    return next(each for each in hall.look(queries.kiosk_home)["services"] if each["code"] == code)


def nothing_found(hall: Hall) -> bool:
    with hall.store.read() as reader:
        assert compare.findings(reader, SITE) == []
    return True


# ---------------------------------------------------------------- quotas
def test_a_quota_counts_what_a_number_was_taken_for_whatever_became_of_it(hall: Hall) -> None:
    office(hall, quota_day=2)
    first, second = hall.issue(), hall.issue()
    hall.attend(first, "amend", service="dat-dai")
    hall.open("1")
    hall.next("1")
    hall.on(hall.next("1") or {}, "transfer", to={"service": "dat-dai"})
    assert hall.ticket(second)["service"] == "dat-dai"
    no = refused(hall)
    assert (no.code, no.detail["quota"], no.detail["opens_at"]) == ("quota_full", 2, "2026-11-24T07:00:00+07:00")
    other = hall.issue("dat-dai")
    hall.attend(other, "amend", service="ho-tich")  # and a number taken for something else is in nobody's quota here
    office(hall, quota_day=3)
    assert hall.issue()["label"] == "A003"


def test_a_half_day_has_its_own_quota(hall: Hall) -> None:
    office(hall, quota_half_day=[1, 2])
    hall.issue()
    no = refused(hall)
    assert (no.code, no.detail["opens_at"], no.detail["quota"]) == ("quota_full", "2026-11-23T13:30:00+07:00", 1)
    assert (home(hall)["open"], home(hall)["closed_reason"]) == (False, "quota")
    hall.clock.at_ms = MORNING + 5 * HOUR_MS  # in the break: whoever comes now is served after it
    assert [hall.issue()["label"] for _ in range(2)] == ["A002", "A003"]
    no = refused(hall)
    assert (no.detail["quota"], no.detail["opens_at"]) == (2, "2026-11-24T07:00:00+07:00")


# ---------------------------------------------------------------- absences and night series
def test_an_absent_officer_is_said_before_the_tap_with_the_next_date(hall: Hall) -> None:
    office(hall, absent=[{"from": "2026-11-23", "to": "2026-11-24", "note": "Cán bộ đi tập huấn"}])
    said = home(hall)
    assert (said["open"], said["closed_reason"], said["note"]) == (False, "absent", "Cán bộ đi tập huấn")
    assert said["next_open_at"] == "2026-11-25T07:00:00+07:00"
    no = refused(hall)
    assert (no.code, no.detail["opens_at"], no.detail["reason"]) == ("outside_hours", "2026-11-25T07:00:00+07:00", "absent")
    assert home(hall, "dat-dai")["closed_reason"] is None


def test_who_comes_in_the_half_day_the_officer_is_away_waits_from_the_other(hall: Hall) -> None:
    office(hall, absent=[{"from": "2026-11-23", "half": "am", "note": "Buổi sáng đi họp"}])
    said = home(hall)
    assert (said["open"], said["closed_reason"], said["next_open_at"]) == (True, "absent", "2026-11-23T13:30:00+07:00")
    assert hall.issue()["available_from"] == "2026-11-23T13:30:00+07:00"
    hall.clock.at_ms = MORNING + 7 * HOUR_MS
    assert (home(hall)["open"], home(hall)["closed_reason"]) == (True, None)


def test_a_night_series_is_given_out_in_its_own_time(hall: Hall) -> None:
    office(hall)
    no = refused(hall, service="tam-tru")
    assert (no.code, no.detail["opens_at"], no.detail["reason"]) == ("outside_hours", "2026-11-23T18:00:00+07:00", "hours")
    hall.clock.at_ms = MORNING + 10 * HOUR_MS + 30 * 60_000
    assert hall.issue("tam-tru")["label"] == "AA001"
    assert refused(hall).detail["opens_at"] == "2026-11-24T07:00:00+07:00"


def test_a_date_of_its_own_replaces_the_week(hall: Hall) -> None:
    office(hall)
    calendars = {"office": {"weekly": OFFICE, "exceptions": {"2026-11-23": []}}, "night": {"weekly": NIGHT}}
    hall.configure(calendars=calendars)
    assert refused(hall).detail["opens_at"] == "2026-11-24T07:00:00+07:00"


# ---------------------------------------------------------------- capacity
def test_numbers_stop_where_those_who_wait_fill_the_time_left(hall: Hall) -> None:
    office(hall, {"stop_by_capacity": True}, prior_gap_s=600)
    hall.clock.at_ms = MORNING + 8 * HOUR_MS  # 15:00, two hours left
    for _ in range(8):
        hall.issue()
    hall.open("1")
    for _ in range(4):
        hall.next("1")
        hall.clock.forward(600)
    while home(hall)["open"]:
        given = hall.issue()
    assert given["warnings"] == ["may_not_be_served"]
    said, no = home(hall), refused(hall)
    assert (said["closed_reason"], said["next_open_at"]) == ("capacity", "2026-11-24T07:00:00+07:00")
    assert (no.code, no.detail["opens_at"]) == ("capacity_full", "2026-11-24T07:00:00+07:00")
    waiting = sum(row["service"] == "ho-tich" for row in hall.look(queries.queue)["tickets"])
    assert 6 <= waiting <= 9  # 80 minutes at ten minutes each
    hall.open("2")  # as many again can be served
    assert home(hall)["open"]
    assert hall.issue()["state"] == "waiting"


def test_a_warning_alone_turns_nobody_away(hall: Hall) -> None:
    office(hall, {"warn_by_capacity": True}, prior_gap_s=3600)
    hall.clock.at_ms = MORNING + 9 * HOUR_MS + 50 * 60_000
    assert home(hall)["warning"] == "may_not_be_served"
    assert hall.issue()["warnings"] == ["may_not_be_served"]
    office(hall, prior_gap_s=3600)
    assert (home(hall)["warning"], "warnings" in hall.issue()) == (None, False)


def test_who_has_booked_is_in_nobodys_quota(hall: Hall) -> None:
    office(hall, {"stop_by_capacity": True}, quota_day=0)
    config = hall_config(hall)
    with hall.store.read() as reader:
        look = Look.now(reader, SITE, config, hall.clock.at_ms)
        service = look.config.services["ho-tich"]
        assert (look.offer(service).open, look.offer(service, booked=True).open) == (False, True)


def hall_config(hall: Hall) -> Any:
    with hall.store.read() as reader:
        return queries.house(reader, SITE)[1]


# ---------------------------------------------------------------- the cap of a priority
def test_a_class_over_its_cap_gets_no_credit_until_it_is_below(hall: Hall) -> None:
    office(hall, classes=[{"code": "elderly", "name": "Người cao tuổi", "cap_share": 30}])
    hall.open("1")
    for n in range(12):
        hall.issue(priority_class="elderly" if n % 2 else None)
    for _ in range(12):
        hall.next("1")
        hall.clock.forward(60)
    ordinary = hall.issue()
    hall.clock.forward(60)
    capped = hall.issue(priority_class="elderly")
    queue = hall.look(queries.queue)["tickets"]
    assert [row["label"] for row in queue] == [ordinary["label"], capped["label"]]
    told = [event for event in hall.log() if event.type == "issued"][-1]
    assert told.data["capped"] == {"class": "elderly", "share_percent": 50, "cap_percent": 30}
    assert queue[1]["priority_class"] == "elderly"
    given = hall.issue()
    hall.attend(given, "amend", priority_class="elderly")  # an attendant's word meets the same cap
    assert hall.look(queries.queue)["tickets"][2]["reason"]["credits_s"] == {}
    hall.clock.forward(3600)  # the calls are an hour old: they are nobody's share any more
    hall.issue(priority_class="elderly")
    assert hall.look(queries.queue)["tickets"][-1]["reason"]["credits_s"] == {"priority": 1800}
    nothing_found(hall)


# ---------------------------------------------------------------- leftovers
def test_leftovers_come_first_on_the_next_day_and_keep_their_order(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    hall.clock.at_ms = MORNING + 9 * HOUR_MS
    first, second = hall.issue(), hall.issue()
    hall.clock.at_ms = MORNING + 9 * HOUR_MS + 20 * 60_000
    third = hall.issue(priority_class="elderly")
    hall.clock.at_ms = MORNING + 17 * HOUR_MS
    assert days.turn(hall.store, SITE)
    hall.clock.at_ms = TOMORROW
    today = [hall.issue(priority_class="elderly"), hall.issue()]
    labels = [row["label"] for row in hall.look(queries.queue)["tickets"]]
    assert labels == [third["label"], first["label"], second["label"], *(each["label"] for each in today)]
    assert [each["label"] for each in today] == ["A004", "A005"]  # A001 to A003 are still in somebody's hand
    stood = hall.ticket(first)
    assert (stood["carried_to"], stood["business_day"], stood["available_from"]) == (
        "2026-11-24",
        "2026-11-23",
        "2026-11-24T07:00:00+07:00",
    )
    row = hall.look(queries.queue)["tickets"][1]["reason"]
    assert (row["credits_s"], row["rule"]) == ({"carried": 1800 + 3600}, "arrival+carried")
    nothing_found(hall)


def test_a_carried_number_is_found_by_its_label_served_and_counted_on_its_own_day(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    hall.clock.at_ms = MORNING + 9 * HOUR_MS
    left = hall.issue()
    hall.clock.at_ms = TOMORROW + 600_000
    hall.open("1")
    called = hall.next("1") or {}
    assert (called["id"], called["label"]) == (left["id"], "A001")
    hall.at("1", "serve")
    hall.clock.forward(300)
    hall.at("1", "complete")
    found = hall.look(queries.tickets_by, label="A001")["tickets"]
    assert [each["id"] for each in found] == [left["id"]]
    for typed in ("1", "a 1", "A001"):
        assert [each["id"] for each in hall.look(desk.find, typed)["tickets"]] == [left["id"]], typed
    counts = hall.look(queries.day_figures, "2026-11-23")
    assert (counts["counts"]["carried"], counts["counts"]["served"], counts["wait"]["sum_ms"]) == (1, 1, 600_000)
    assert hall.look(queries.day_figures, "2026-11-24")["counts"]["issued"] == 0
    nothing_found(hall)


def test_a_number_is_carried_once_and_then_expires(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    left = hall.issue()
    hall.clock.at_ms = TOMORROW + 17 * HOUR_MS
    assert days.turn(hall.store, SITE)
    assert hall.ticket(left)["state"] == "expired"
    two_days = [event.type for event in hall.log() if event.ticket == left["id"]]
    assert two_days == ["issued", "expired"]  # the server was off all of the next day: nobody can have been called on it


def test_a_second_day_in_vain_is_the_last(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    left = hall.issue()
    for day in (1, 2):
        hall.clock.at_ms = MORNING + day * 24 * HOUR_MS
        days.turn(hall.store, SITE)
    assert [event.type for event in hall.log() if event.ticket == left["id"]] == ["issued", "carried", "expired"]
    nothing_found(hall)


def test_over_a_weekend_numbers_stay_good_and_nobody_else_gets_them(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    hall.configure(calendars={"office": {"weekly": OFFICE}, "night": {"weekly": {}}})
    hall.clock.at_ms = MORNING + 4 * 24 * HOUR_MS  # Friday
    left = [hall.issue(), hall.issue("dat-dai")]
    for day in (5, 6):  # each night in turn, and a service that is open then
        hall.clock.at_ms = MORNING + day * 24 * HOUR_MS
        assert days.turn(hall.store, SITE)
        hall.issue("tam-tru")
    assert [hall.ticket(each)["carried_to"] for each in left] == ["2026-11-30"] * 2
    hall.clock.at_ms = MORNING + 7 * 24 * HOUR_MS
    assert [hall.issue()["label"], hall.issue("dat-dai")["label"]] == ["A002", "H002"]
    nothing_found(hall)


def test_numbers_of_the_band_that_are_still_good_are_not_leased_again(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    hall.clock.at_ms = MORNING + 9 * HOUR_MS
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=4))
    for entry in (lease["entries"][0], lease["entries"][2]):
        told = {"ticket_id": entry["ticket_id"], "number": entry["number"], "issued_at": hall.clock.at_ms, "service": "ho-tich"}
        hall.do(lambda unit, told=told: leasing.settle(unit, lease["id"], tickets=[told]))
    hall.clock.at_ms = TOMORROW
    cut = [hall.do(lambda unit: leasing.lease(unit, series="A", count=3))["entries"] for _ in range(2)]
    assert [[entry["number"] for entry in entries] for entries in cut] == [[701], [703, 704, 705]]


def test_slips_of_the_paper_book_expire_for_tomorrow_has_the_same_numbers(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"})
    slip = hall.do(lambda unit: stating.paper(unit, series="A", number=901, service="ho-tich", issued_at=unit.now_ms))
    hall.clock.at_ms = TOMORROW
    days.turn(hall.store, SITE)
    assert hall.ticket(slip)["state"] == "expired"


def test_without_the_setting_nothing_is_carried(hall: Hall) -> None:
    office(hall)
    left = hall.issue()
    hall.clock.at_ms = TOMORROW
    assert (hall.issue()["label"], hall.ticket(left)["state"]) == ("A001", "expired")


def test_a_service_that_does_not_open_again_carries_nobody(hall: Hall) -> None:
    office(hall, {"leftovers": "carry"}, temporary=True, until="2026-11-23T17:00:00+07:00")
    left = hall.issue()
    hall.clock.at_ms = TOMORROW
    days.turn(hall.store, SITE)
    assert hall.ticket(left)["state"] == "expired"


def test_what_is_said_of_every_refusal_is_in_the_contract() -> None:
    assert set(offering.REFUSED.values()) == {"service_closed", "outside_hours", "quota_full", "capacity_full"}
    assert set(offering.REFUSED) == {"closed", "ended", "hours", "absent", "quota", "capacity"}
