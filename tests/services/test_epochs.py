"""A copy of the log takes over: nothing that may be on paper is given again, and the old branch has a known end."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.contract import position
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import SYSTEM
from queue_server.services import configuring, epochs, leasing, queries, restating
from tests.hall import SITE, Hall

HOUR_S = 3600


def start(hall: Hall, reason: str = "promoted") -> dict[str, Any]:
    return epochs.start(hall.store, SITE, reason=reason, who=SYSTEM, cmd=f"job:{reason}:2")


def test_the_log_goes_on_under_the_next_epoch_and_says_where_the_old_one_ended(hall: Hall) -> None:
    first = hall.issue()
    before = hall.log()[-1]
    body = start(hall)
    assert (body["epoch"], body["continues_after"]) == (2, before.seq)
    after = hall.issue()
    log = hall.log()
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert [event.epoch for event in log if event.seq > before.seq] == [2] * (len(log) - before.seq)
    assert log[before.seq].type == "site.epoch_started"
    assert (first["number"], after["number"]) == (1, 202)


def test_every_series_jumps_even_one_that_nobody_used(hall: Hall) -> None:
    hall.issue("ho-tich")
    jump = start(hall)["jump"]
    assert set(jump) == {service.series for service in _config(hall).services.values()}
    assert sorted(set(jump.values())) == [200, 201]


@pytest.mark.parametrize(("lost_s", "number"), [(0, 202), (HOUR_S - 1, 202), (HOUR_S, 402), (2 * HOUR_S - 1, 402), (4 * HOUR_S, 1302)])
def test_a_copy_that_is_hours_old_jumps_further(hall: Hall, lost_s: int, number: int) -> None:
    hall.issue()
    hall.clock.forward(lost_s)
    start(hall, "restored")
    assert hall.issue()["number"] == number


def test_hours_of_the_night_count_for_nothing_where_the_doors_were_shut(hall: Hall) -> None:
    services = [dict(service, calendar="office") for service in configuring.current(hall.store, SITE)["document"]["services"]]
    hall.configure(calendars={"office": {"weekly": {str(day): [["08:00", "17:00"]] for day in range(1, 8)}}}, services=services)
    hall.issue()
    hall.clock.forward(24 * HOUR_S + 1800)  # 07:30 of the next day: people may have come since six
    start(hall, "restored")
    assert hall.issue()["number"] == 401


def test_old_leases_give_nothing_new_but_what_was_printed_settles(hall: Hall) -> None:
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=5))
    start(hall)
    assert [event.subject for event in hall.log() if event.type == "lease.burnt"] == [f"lease:{lease['id']}"]
    entry = lease["entries"][0]
    told = {"number": entry["number"], "ticket_id": entry["ticket_id"], "issued_at": hall.clock.at_ms}
    settled = hall.do(lambda unit: leasing.settle(unit, lease["id"], tickets=[told]))
    assert settled["tickets"][0]["result"] == "settled"


def test_the_band_jumps_past_what_a_server_that_died_may_have_leased(hall: Hall) -> None:
    hall.do(lambda unit: leasing.lease(unit, series="A", count=5))
    start(hall)
    assert hall.do(lambda unit: leasing.lease(unit, series="A", count=1))["entries"][0]["number"] == 805


def test_after_a_restore_the_days_band_is_closed(hall: Hall) -> None:
    start(hall, "restored")
    with pytest.raises(Refusal, match="quota_full"):
        hall.do(lambda unit: leasing.lease(unit, series="A", count=1))
    hall.clock.forward(24 * HOUR_S)
    assert hall.do(lambda unit: leasing.lease(unit, series="A", count=1))["entries"][0]["number"] == 700


def test_a_copy_that_takes_over_after_midnight_closes_the_old_day_in_its_own_epoch(hall: Hall) -> None:
    hall.issue()
    known = hall.log()[-1].seq
    hall.clock.forward(24 * HOUR_S)
    start(hall)
    later = [event for event in hall.log() if event.seq > known]
    assert {event.epoch for event in later} == {2}
    kinds = [event.type for event in later]
    assert kinds == ["day.opened", "expired", "day.closed", "day.sealed", "site.epoch_started"]


def test_an_unknown_reason_or_site_is_refused(hall: Hall) -> None:
    with pytest.raises(Refusal, match="invalid"):
        start(hall, "bored")
    with pytest.raises(Refusal, match="not_found"):
        epochs.start(hall.store, "X9", reason="promoted", who=SYSTEM, cmd="job:promoted:2")


def _config(hall: Hall) -> Any:
    from queue_server.services.unit import Configs

    with hall.store.read() as reader:
        return Configs.of(reader, reader.site(SITE))


# ---------------------------------------------------------------- what the other server acknowledged
def restate(hall: Hall, *tickets: dict[str, Any]) -> list[dict[str, Any]]:
    told = [
        {"ticket_id": t["id"], "number": t["number"], "service": t["service"], "issued_at": hall.clock.at_ms, "token": "t" * 22}
        for t in tickets
    ]
    found: list[dict[str, Any]] = hall.do(lambda unit: restating.restate(unit, tickets=told))["tickets"]
    return found


def test_a_slip_that_only_the_dead_server_knew_is_entered_with_its_own_number(hall: Hall) -> None:
    known = hall.issue()
    start(hall)
    lost = {"id": "01a205b3-0000-7000-8000-000000000057", "number": 57, "service": "ho-tich"}
    assert [each["result"] for each in restate(hall, known, lost)] == ["already", "settled"]
    assert hall.ticket(lost)["label"] == "A057"
    assert [each["result"] for each in restate(hall, lost)] == ["already"]
    hall.open("1")
    assert [(hall.next("1") or {})["label"] for _ in range(2)] == [known["label"], "A057"]


def test_a_number_that_somebody_has_or_may_still_get_is_not_taken(hall: Hall) -> None:
    known = hall.issue()
    start(hall)
    twin = {"id": "01a205b3-0000-7000-8000-000000000001", "number": known["number"], "service": "ho-tich"}
    ahead = {"id": "01a205b3-0000-7000-8000-000000000002", "number": 500, "service": "ho-tich"}
    leased = {"id": "01a205b3-0000-7000-8000-000000000003", "number": 900, "service": "ho-tich"}
    assert [each["reason"] for each in restate(hall, twin, ahead, leased)] == ["number_taken", "not_given_yet", "not_given_yet"]


def test_yesterdays_slip_is_not_entered(hall: Hall) -> None:
    start(hall)
    told = {"ticket_id": "01a205b3-0000-7000-8000-000000000004", "number": 5, "service": "ho-tich"}
    yesterday = told | {"issued_at": hall.clock.at_ms - 24 * HOUR_S * 1000}
    assert hall.do(lambda unit: restating.restate(unit, tickets=[yesterday]))["tickets"][0]["reason"] == "another_day"


def test_an_epoch_that_was_only_heard_of_is_not_begun_a_second_time(hall: Hall) -> None:
    hall.issue()
    heard = {"site": SITE, "epoch": 2, "continues_after": 1, "started_at": hall.clock.at_ms, "reason": "elsewhere"}
    for _ in range(2):
        hall.store.write(SITE, lambda repository: repository.note_epoch(heard))  # two clients at once
    assert start(hall)["epoch"] == 3


def test_whoever_read_a_branch_before_an_epoch_that_this_log_never_saw_is_sent_back(hall: Hall) -> None:
    hall.issue()
    end = hall.log()[-1].seq
    beyond = epochs.Beyond(epoch=2)
    epochs.start(hall.store, SITE, reason="restored", who=SYSTEM, cmd="job:restored:3", beyond=beyond)
    for _ in range(5):
        hall.issue()
    with hall.store.read() as reader, pytest.raises(Refusal) as refused:
        queries.events(reader, SITE, after=position.Position(1, end + 2), limit=10)
    assert (refused.value.code, refused.value.detail["continues_after"]) == ("epoch_changed", end)
