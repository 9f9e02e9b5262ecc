"""A number is issued once, in order, on the local day, and refused only for reasons that can be told."""

from __future__ import annotations

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import issuing, leasing, queries
from tests.hall import CLERK, MORNING, Hall

HOURS = {"office": {"weekly": {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 6)}}}


def with_hours(hall: Hall, **more: object) -> None:
    document = {"name": "Thử", "calendars": HOURS, "counters": [{"code": "1", "name": "Quầy 1"}], "policy": {}}
    document["services"] = [{"code": "ho-tich", "name": "Hộ tịch", "series": "A", "calendar": "office", **more}]
    document |= {"help_service": None, "dossier_steps": {}}
    hall.configure(**document)


def refused(hall: Hall, **fields: object) -> Refusal:
    with pytest.raises(Refusal) as no:
        hall.issue(**fields)
    return no.value


def test_numbers_follow_each_other_per_series_and_services_may_share_one(hall: Hall) -> None:
    labels = [hall.issue(service)["label"] for service in ("ho-tich", "ho-tich", "dat-dai", "ho-tich", "dat-dai")]
    assert labels == ["A001", "A002", "H001", "A003", "H002"]


def test_a_repeat_gets_the_same_answer_and_changes_nothing(hall: Hall) -> None:
    first = hall.run(lambda unit: issuing.issue(unit, service="ho-tich"), "kiosk-1")
    log = len(hall.log())
    again = hall.run(lambda unit: issuing.issue(unit, service="ho-tich"), "kiosk-1")
    assert (again.body, again.replayed, first.replayed, len(hall.log())) == (first.body, True, False, log)
    assert hall.issue()["label"] == "A002"


def test_a_request_id_with_another_call_is_refused(hall: Hall) -> None:
    hall.run(lambda unit: issuing.issue(unit, service="ho-tich"), "one", call="POST /tickets")
    with pytest.raises(Refusal) as no:
        hall.run(lambda unit: issuing.issue(unit, service="ho-tich"), "one", call="POST /leases")
    assert no.value.code == "request_id_reused"


def test_a_refusal_is_not_stored_but_judged_anew(hall: Hall) -> None:
    with_hours(hall, open=False)
    with pytest.raises(Refusal) as no:
        hall.issue(request_id="again")
    assert no.value.code == "service_closed"
    with_hours(hall)
    assert hall.issue(request_id="again")["label"] == "A001"


def test_the_day_turns_at_local_midnight_and_not_at_seven(hall: Hall) -> None:
    hall.clock.at_ms = MORNING + 24 * 3_600_000 - 60_000  # 06:59 on Tuesday
    assert hall.issue()["label"] == "A001"
    hall.clock.forward(120)  # 07:01, past midnight UTC
    assert hall.issue()["label"] == "A002"
    hall.clock.at_ms = MORNING + 41 * 3_600_000  # 00:00 on Wednesday
    ticket = hall.issue()
    assert (ticket["label"], ticket["business_day"]) == ("A001", "2026-11-25")


def test_site_time_never_goes_back(hall: Hall) -> None:
    first = hall.issue()
    hall.clock.forward(-3600)
    assert hall.issue()["issued_at"] == first["issued_at"]


def test_early_is_available_from_the_opening_and_late_is_told_when(hall: Hall) -> None:
    hall.clock.at_ms = MORNING + 22 * 3_600_000 + 1_800_000  # Tuesday 05:30
    with_hours(hall)
    assert hall.issue()["available_from"] == "2026-11-24T07:00:00+07:00"
    hall.clock.at_ms = MORNING + 35 * 3_600_000
    no = refused(hall)
    assert (no.code, no.detail["opens_at"]) == ("outside_hours", "2026-11-25T07:00:00+07:00")


def test_a_quota_counts_the_day(hall: Hall) -> None:
    with_hours(hall, quota_day=2)
    hall.issue()
    hall.issue()
    assert refused(hall).code == "quota_full"
    hall.clock.forward(86_400)
    assert hall.issue()["label"] == "A001"


def test_one_holder_has_one_live_number(hall: Hall) -> None:
    mine = hall.issue(holder_key="k1")
    again = refused(hall, holder_key="k1")
    assert (again.code, again.detail["ticket"]["label"]) == ("already_waiting", mine["label"])
    other = refused(hall, service="dat-dai", holder_key="k1")
    assert (other.code, other.detail["ticket"]["label"]) == ("holder_limit", mine["label"])
    hall.attend(mine, "cancel")
    assert hall.issue(service="dat-dai", holder_key="k1")["label"] == "H001"


def test_the_keyed_hash_of_a_holder_never_enters_the_log(hall: Hall) -> None:
    hall.issue(holder_key="secret-hash")
    assert not any("secret-hash" in str(event) for event in hall.log())


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"service": "nope"}, "/service"),
        ({"priority_class": "vip"}, "/priority_class"),
        ({"needs": ["fly"]}, "/needs/0"),
        ({"service": None, "tasks": ["ho-tich", "nope"]}, "/tasks/1"),
    ],
)
def test_what_names_nothing_is_pointed_at(hall: Hall, fields: dict[str, object], pointer: str) -> None:
    no = refused(hall, **fields)
    assert (no.code, no.detail["errors"][0]["pointer"]) == ("invalid", pointer)
    assert hall.issue()["label"] == "A001"  # nothing was used up


def test_who_is_ahead_counts_everyone_the_same_counters_serve(hall: Hall) -> None:
    assert [hall.issue(service)["ahead"] for service in ("ho-tich", "dat-dai", "ho-tich")] == [0, 1, 2]
    priority = hall.issue("dat-dai", priority_class="elderly")
    assert priority["ahead"] == 0


def test_the_estimate_is_a_range_with_its_basis_and_knows_a_free_counter(hall: Hall) -> None:
    assert hall.issue()["estimate"]["basis"] == "prior"
    hall.open("1")
    hall.next("1")
    hall.open("2")
    assert hall.issue()["estimate"] == {"low_s": 0, "high_s": 0, "basis": "no_wait"}


def test_an_id_made_by_the_kiosk_is_kept_and_cannot_be_used_twice(hall: Hall) -> None:
    mine = hall.issue(ticket_id="01941f29-7c00-7000-8000-000000000001", token_hash="ab" * 32)
    assert (mine["id"], mine["url"]) == ("01941f29-7c00-7000-8000-000000000001", None)
    assert refused(hall, ticket_id=mine["id"]).detail["errors"][0]["pointer"] == "/ticket_id"


def test_leased_numbers_come_from_the_reserve_band_and_settle_once(hall: Hall) -> None:
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=3))
    assert [entry["label"] for entry in lease["entries"]] == ["A700", "A701", "A702"]
    other = hall.do(lambda unit: leasing.lease(unit, series="A", count=2))
    assert [entry["number"] for entry in other["entries"]] == [703, 704]
    ordinary = hall.issue()
    entry = lease["entries"][0]
    hall.clock.forward(600)
    later = hall.issue()
    told = {"ticket_id": entry["ticket_id"], "number": 700, "issued_at": hall.clock.at_ms - 500_000, "service": "ho-tich"}
    stranger = {"ticket_id": entry["ticket_id"], "number": 701, "issued_at": hall.clock.at_ms}
    done = hall.do(lambda unit: leasing.settle(unit, lease["id"], tickets=[told, told, stranger]))
    assert [ticket["result"] for ticket in done["tickets"]] == ["settled", "already", "conflict"]
    queue = hall.look(queries.queue)["tickets"]
    assert [ticket["label"] for ticket in queue] == [ordinary["label"], "A700", later["label"]]


def test_a_device_clock_that_jumped_wins_nobody_a_place(hall: Hall) -> None:
    first = hall.issue()
    hall.clock.forward(60)
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=2))
    for entry, device_at in zip(lease["entries"], (0, hall.clock.at_ms + 10**10), strict=True):
        told = {"ticket_id": entry["ticket_id"], "number": entry["number"], "issued_at": device_at}
        hall.do(lambda unit, told=told: leasing.settle(unit, lease["id"], tickets=[told]))
    assert [ticket["label"] for ticket in hall.look(queries.queue)["tickets"]] == [first["label"], "A700", "A701"]


def test_the_log_names_no_person(hall: Hall) -> None:
    hall.issue()
    assert {event.actor for event in hall.log()} == {"system:server", CLERK.actor}
