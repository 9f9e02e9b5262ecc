"""Published figures over the life of a day: open, closed, changed afterwards; kept and reckoned; added up over days and sites."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.audit.compare import findings
from queue_server.domain.errors import Refusal
from queue_server.services import configuring, days, figures, figures_kept, leasing, queries, stating
from tests.hall import MORNING, SITE, Hall

MONDAY, TUESDAY, WEDNESDAY = "2026-11-23", "2026-11-24", "2026-11-25"
HOUR_S = 3600
OFFICE = {"weekly": {str(day): [["07:00", "11:30"], ["13:30", "17:00"]] for day in range(1, 7)}}


def day(hall: Hall, date: str = MONDAY, **fields: Any) -> dict[str, Any]:
    return hall.look(queries.day_figures, date, **fields)


def span(hall: Hall, first: str, last: str, **fields: Any) -> dict[str, Any]:
    return hall.look(figures.span, first, last, **fields)


def kept(hall: Hall, date: str = MONDAY) -> Any:
    with hall.store.read() as reader:
        return reader.kept_figures(SITE, date, date).get(date)


def audit(hall: Hall) -> list[str]:
    with hall.store.read() as reader:
        return findings(reader, SITE)


def serve(hall: Hall, wait_s: float = 300, served_s: float = 600) -> None:
    hall.issue()
    hall.clock.forward(wait_s)
    hall.next()
    hall.at("1", "serve")
    hall.clock.forward(served_s)
    hall.at("1", "complete")


def next_morning(hall: Hall, n: int = 1) -> None:
    hall.clock.at_ms = MORNING + n * 24 * HOUR_S * 1000
    days.turn(hall.store, SITE)


def paper(hall: Hall, number: int, issued_at: int) -> None:
    hall.do(lambda unit: stating.paper(unit, series="A", number=number, service="ho-tich", issued_at=issued_at, outcome="completed"))


def test_a_closed_day_is_a_version_and_a_changed_one_another(hall: Hall) -> None:
    hall.open()
    serve(hall)
    opened = day(hall)
    assert (opened["closed"], opened["version"], opened["rules"], kept(hall)) == (False, 0, "2", None)
    next_morning(hall)
    closed = day(hall)
    assert (closed["closed"], closed["version"], closed["digest"]) == (True, 1, opened["digest"])
    assert (kept(hall)["version"], kept(hall)["digest"]) == (1, closed["digest"])
    assert closed["wait"] == opened["wait"]
    assert closed["position"] != opened["position"]
    paper(hall, 950, MORNING + 60_000)  # a slip of yesterday's book, told today: taken, called, completed
    changed = day(hall)
    assert (changed["version"], changed["counts"]["served"], changed["counts"]["entered_late"]) == (4, 2, 1)
    assert changed["digest"] != closed["digest"]
    assert changed["wait"] == closed["wait"]
    assert kept(hall)["version"] == 1  # what is kept is no longer believed
    assert audit(hall) == []
    next_morning(hall, 2)
    assert (kept(hall)["version"], kept(hall)["digest"]) == (4, changed["digest"])
    assert day(hall)["digest"] == changed["digest"]
    assert audit(hall) == []


@pytest.mark.full
def test_what_changes_no_figure_makes_no_version(file_hall: Hall) -> None:
    hall = file_hall
    hall.open()
    serve(hall)
    number = hall.issue()
    next_morning(hall)
    hall.attend(number, "annotate", text="gọi lại sau")
    assert day(hall)["version"] == 1


def test_who_was_never_called_waited_to_the_last_closing_and_not_through_the_night(file_hall: Hall) -> None:
    hall = file_hall
    services = [dict(one) | {"calendar": "office"} for one in configuring.current(hall.store, SITE)["document"]["services"]]
    hall.configure(services=services, calendars={"office": OFFICE})
    hall.clock.forward(9.5 * HOUR_S)  # half past four
    gone, left = hall.issue(), hall.issue()
    hall.clock.forward(600)
    hall.attend(gone, "cancel")
    next_morning(hall, 2)  # the house stood still for a day: the close is written on Wednesday
    told = day(hall)
    assert (told["unserved"]["n"], told["unserved"]["sum_ms"]) == (2, 600_000 + 1_800_000)
    assert (told["counts"]["abandoned"], told["wait"]["n"], told["marks"]["machine_closed"]) == (2, 0, 1)
    assert told["shares"][0] == {"target_s": 900, "within": 0, "of": 1, "unserved_over": 1, "permille": 0}
    assert hall.ticket(left)["state"] == "expired"
    assert audit(hall) == []


def test_a_number_given_out_by_a_kiosk_alone_is_known_as_far_as_its_clock_is(file_hall: Hall) -> None:
    hall = file_hall
    lease = hall.do(lambda unit: leasing.lease(unit, series="A", count=3))
    hall.clock.forward(600)
    clocks = ((True, 0), (None, 0), (True, 5_000_000))  # right; not known; right, it says, and ahead of ours
    told = [
        {"number": each["number"], "ticket_id": each["ticket_id"], "issued_at": MORNING + 60_000 + ahead, "clock_synced": synced}
        for each, (synced, ahead) in zip(lease["entries"], clocks, strict=True)
    ]
    hall.do(lambda unit: leasing.settle(unit, lease["id"], tickets=told))
    hall.open()
    for _ in told:
        hall.next()
        hall.at("1", "complete")
    found = day(hall)
    assert (found["wait"]["n"], found["wait"]["sum_ms"]) == (3, 2 * 540_000)
    assert (found["wait_estimated"]["n"], found["marks"]["wait_estimated"], found["marks"]["clock_moved"]) == (2, 2, 1)
    assert [share["of"] for share in found["shares"]] == [1, 1]
    assert audit(hall) == []


def test_days_are_added_up_as_one(file_hall: Hall) -> None:
    hall = file_hall
    hall.open()
    serve(hall, 300)
    serve(hall, 900)
    next_morning(hall)
    hall.open()
    serve(hall, 2400)
    found = span(hall, MONDAY, WEDNESDAY)
    assert [(each["date"], each["version"], each["issued"], each["wait"]["n"]) for each in found["days"]] == [
        (MONDAY, 1, 2, 2), (TUESDAY, 0, 1, 1), (WEDNESDAY, 0, 0, 0),
    ]  # fmt: skip
    assert (found["wait"]["n"], found["wait"]["sum_ms"], found["wait"]["p95_s"]) == (3, 3_600_000, 2400)
    assert found["wait"]["histogram"] == {"300": 1, "900": 1, "2400": 1}
    assert found["by_service"]["ho-tich"]["wait"]["n"] == 3
    assert [each["digest"] for each in found["days"]][:2] == [day(hall)["digest"], day(hall, TUESDAY)["digest"]]
    assert span(hall, MONDAY, MONDAY)["wait"] == day(hall)["wait"]
    assert span(hall, MONDAY, TUESDAY, service="dat-dai")["counts"]["issued"] == 0
    assert set(found["positions"]) == {SITE}
    assert found["position"] == found["positions"][SITE]


@pytest.mark.full
def test_sites_are_added_up_under_their_names(file_hall: Hall) -> None:
    hall = file_hall
    configuring.init_site(hall.store, site="W2", kind="demo")
    hall.open()
    serve(hall)
    with hall.store.read() as reader:
        alone = figures.span(reader, "W2", MONDAY, MONDAY, now=hall.clock.at_ms)
        both = figures.span(reader, SITE, MONDAY, MONDAY, sites=(SITE, "W2"), now=hall.clock.at_ms)
    assert alone["counts"]["issued"] == 0
    assert [(each["site"], each["issued"]) for each in both["days"]] == [(SITE, 1), ("W2", 0)]
    assert set(both["by_counter"]) == {f"{SITE}/1"}
    assert both["wait"] == day(hall)["wait"]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-11-23", "2026-11-22", "out_of_range"),
        ("2026-11-01", "2026-12-02", "out_of_range"),
        ("2026-02-30", "2026-03-01", "bad_date"),
        ("2026-11-23", "9999-12-31", "bad_date"),
        ("0001-01-01", "2026-11-23", "bad_date"),
        ("٢٠٢٦-11-23", "2026-11-23", "bad_date"),
    ],
)
def test_what_is_no_range_of_days_is_refused(file_hall: Hall, first: str, last: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        span(file_hall, first, last)
    assert refused.value.detail["errors"][0]["code"] == code


def test_a_range_is_bounded_and_asks_for_known_sites_and_services(file_hall: Hall) -> None:
    assert len(span(file_hall, "2026-11-01", "2026-12-01")["days"]) == figures.MOST_DAYS
    with pytest.raises(Refusal):
        span(file_hall, "2026-11-01", "2026-12-01", sites=tuple(map(str, range(13))))
    with pytest.raises(Refusal):
        span(file_hall, MONDAY, MONDAY, sites=("elsewhere",))
    with pytest.raises(Refusal):
        span(file_hall, MONDAY, MONDAY, service="no-such")


@pytest.mark.full
def test_targets_are_a_setting_and_change_no_digest(file_hall: Hall) -> None:
    hall = file_hall
    hall.open()
    serve(hall, 300)
    before = day(hall)
    hall.configure(policy={"targets_s": [240, 360]})
    after = day(hall)
    assert [(share["target_s"], share["within"], share["permille"]) for share in after["shares"]] == [(240, 0, 0), (360, 1, 1000)]
    assert after["digest"] == before["digest"]
    assert audit(hall) == []


@pytest.mark.full
def test_figures_by_older_rules_are_reckoned_anew(file_hall: Hall) -> None:
    """A version of the programs that reckoned otherwise kept something else."""
    hall = file_hall
    hall.open()
    serve(hall)
    next_morning(hall)
    told = day(hall)
    body = {"rules": "1", "cells": [], "halves": [], "desks": []}

    def older(repository: Any) -> None:
        repository.keep_figures(SITE, MONDAY, version=1, digest="other", body=body)

    hall.store.write(SITE, older)
    assert day(hall) == told


@pytest.mark.full
def test_the_close_of_a_day_makes_up_for_days_that_were_not_kept(file_hall: Hall) -> None:
    """As after an update from a version that kept nothing."""
    hall = file_hall
    hall.open()
    serve(hall)
    next_morning(hall)
    hall.store.write(SITE, lambda repository: repository.forget_figures(SITE, WEDNESDAY))
    assert kept(hall) is None
    assert day(hall)["version"] == 1
    hall.issue()
    next_morning(hall, 2)
    assert kept(hall)["digest"] == day(hall)["digest"]


@pytest.mark.full
def test_nothing_is_kept_of_a_year_ago(file_hall: Hall) -> None:
    hall = file_hall
    hall.issue()
    next_morning(hall)
    assert kept(hall) is not None
    hall.store.write(SITE, lambda repository: figures_kept.keep(repository, SITE, "2028-01-10"))
    assert kept(hall) is None
