"""A copy of the log takes over: nothing that may be on paper is given again, and the old branch has a known end."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.domain.principal import SYSTEM
from queue_server.services import configuring, epochs, leasing
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


@pytest.mark.parametrize(("lost_s", "number"), [(0, 202), (1, 402), (HOUR_S, 402), (HOUR_S + 1, 602), (4 * HOUR_S, 1302)])
def test_a_copy_that_is_hours_old_jumps_further(hall: Hall, lost_s: int, number: int) -> None:
    hall.issue()
    hall.clock.forward(lost_s)
    start(hall, "restored")
    assert hall.issue()["number"] == number


def test_hours_of_the_night_count_for_nothing_where_the_doors_were_shut(hall: Hall) -> None:
    services = [dict(service, calendar="office") for service in configuring.current(hall.store, SITE)["document"]["services"]]
    hall.configure(calendars={"office": {"weekly": {str(day): [["08:00", "17:00"]] for day in range(1, 8)}}}, services=services)
    hall.issue()
    hall.clock.forward(23 * HOUR_S + 1800)  # 06:30 of the next day: people may have come for half an hour
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
