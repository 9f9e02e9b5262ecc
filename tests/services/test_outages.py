"""Outages at a site: one however many press, ended by a person, a program or the day; corrected; counted beside the means."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import SCOPES, Principal
from queue_server.services import days, outage_figures, outages, replicating
from queue_server.services.queries import house
from queue_server.storage import copying
from queue_server.storage.store import open_store
from tests.hall import MORNING, SITE, Hall, make_hall

ANOTHER = Principal("person", "head-1", (SITE,), frozenset(SCOPES))
DAY = "2026-11-23"


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    made = make_hall(f"sqlite:///{tmp_path}/site.db")
    document = made.look(lambda reader, site, now: {"document": reader.config(site, 1)})["document"]
    for service in document["services"]:
        service["depends_on"] = ["ho_tich"] if service["code"] == "ho-tich" else []
    made.configure(services=document["services"])
    return made


def start(hall: Hall, system: str = "ho_tich", who: Principal | None = None, **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: outages.start(unit, system=system, **fields), **({"who": who} if who else {}))


def end(hall: Hall, named: str) -> dict[str, Any]:
    return hall.do(lambda unit: outages.end(unit, named))


def of_day(hall: Hall, day: str = DAY) -> dict[str, Any]:
    with hall.store.read() as reader:
        _, config = house(reader, SITE)
        return outage_figures.of_day(reader, SITE, config, day, now=hall.clock.at_ms)


def of_month(hall: Hall) -> dict[str, Any]:
    return hall.look(outage_figures.month, "2026-11")


def kinds(hall: Hall) -> list[str]:
    return [event.type for event in hall.log() if event.type.startswith("outage.")]


def test_two_people_who_press_the_same_button_made_one_outage(hall: Hall) -> None:
    first = start(hall, note="không vào được")
    hall.clock.forward(5)
    assert start(hall, who=ANOTHER)["id"] == first["id"]
    hall.clock.forward(60)
    ended = end(hall, "ho_tich")
    assert (ended["id"], ended["running"], ended["ended_how"], ended["lasted_s"]) == (first["id"], False, "said", 65)
    assert end(hall, first["id"]) == ended
    assert kinds(hall) == ["outage.started", "outage.ended"]
    with pytest.raises(Refusal) as nothing:
        end(hall, "ho_tich")  # none goes on: a program that says so twice learns it
    assert nothing.value.code == "not_found"


def test_a_system_or_service_that_nobody_knows_is_refused(hall: Hall) -> None:
    for fields, pointer in (({"system": "zalo"}, "/system"), ({"system": "vneid", "services": ("bay",)}, "/services/0")):
        with pytest.raises(Refusal) as no:
            start(hall, **fields)
        assert no.value.detail["errors"][0]["pointer"] == pointer


def test_numbers_are_given_all_the_same_and_screens_of_citizens_say_what_is_out(hall: Hall) -> None:
    start(hall)
    assert hall.issue()["state"] == "waiting"
    with hall.store.read() as reader:
        shown = outages.standing(reader, SITE, house(reader, SITE)[1])
    assert shown == [{"system": "ho_tich", "name": "Hộ tịch", "since": "2026-11-23T07:00:00+07:00", "services": ["ho-tich"]}]


def test_waits_under_an_outage_are_counted_beside_the_others(hall: Hall) -> None:
    hall.open()
    before = hall.issue()
    hall.clock.forward(60)
    assert (hall.next() or {})["id"] == before["id"]  # waited 60 s, before the outage
    start(hall)
    hall.issue()
    other = hall.issue("chung-thuc")
    hall.clock.forward(600)
    hall.next(previous="completed")
    end(hall, "ho_tich")
    hall.clock.forward(300)
    assert (hall.next(previous="completed") or {})["id"] == other["id"]
    late = hall.issue()
    hall.clock.forward(30)
    hall.next(previous="completed")
    found = of_day(hall)
    assert set(found) == {"ho_tich", "*"}
    assert found["ho_tich"] == found["*"]
    assert found["ho_tich"] == {
        "out_s": 600, "out_open_s": 600, "visits": 1, "waits": 1, "wait": {"n": 1, "sum_ms": 600_000, "mean_s": 600},
    }  # fmt: skip
    total = of_month(hall)["systems"][0]
    assert (total["n"], total["elsewhere"]) == (1, {"n": 2, "sum_ms": 90_000, "mean_s": 45})
    assert late["service"] == "ho-tich"


def test_what_was_found_out_afterwards_is_a_new_event_and_changes_the_figures(hall: Hall) -> None:
    hall.clock.forward(3600)
    made = start(hall)
    hall.clock.forward(600)
    end(hall, made["id"])

    def correct(**fields: Any) -> dict[str, Any]:
        return hall.do(lambda unit: outages.correct(unit, made["id"], reason="báo muộn", **fields))

    fixed = correct(started_at=MORNING + 1_800_000)
    assert (fixed["lasted_s"], fixed["corrected_by"]) == (2400, "key:clerk-1")
    assert of_day(hall)["ho_tich"]["out_s"] == 2400
    assert correct(started_at=MORNING + 1_800_000) == fixed  # says nothing new: no event
    for wrong in ({"started_at": hall.clock.at_ms + 1}, {"ended_at": MORNING}, {"ended_at": hall.clock.at_ms + 1}):
        with pytest.raises(Refusal) as no:
            correct(**wrong)
        assert no.value.code == "invalid"
    assert correct(withdrawn=True)["withdrawn"]
    assert of_day(hall) == {}
    assert kinds(hall) == ["outage.started", "outage.ended", "outage.corrected", "outage.corrected"]


def test_an_outage_that_was_none_is_taken_back_while_it_runs(hall: Hall) -> None:
    made = start(hall)
    hall.do(lambda unit: outages.correct(unit, made["id"], withdrawn=True, reason="bấm nhầm"))
    assert of_day(hall) == {}
    assert start(hall)["id"] != made["id"]


def test_what_nobody_ended_ends_with_its_day_and_says_so(hall: Hall) -> None:
    hall.clock.forward(10 * 3600)
    made = start(hall)
    hall.clock.at_ms = MORNING + 30 * 3_600_000  # the day after, long past midnight
    assert days.turn(hall.store, SITE)
    row = hall.look(lambda reader, site, now: dict(reader.outage(site, made["id"])))
    assert (row["ended_how"], row["ended_at"] - row["started_at"]) == ("day_close", 7 * 3_600_000)
    assert row["ended_by"] == "system:server"
    assert of_month(hall)["outages"][0]["ended_how"] == "day_close"


def test_the_audit_reckons_the_same_and_finds_a_row_that_was_changed(hall: Hall) -> None:
    hall.open("1")
    for minutes in (1, 4, 2):
        start(hall)
        for service in ("ho-tich", "chung-thuc", "ho-tich"):
            hall.issue(service)
        hall.clock.forward(minutes * 60)
        hall.next("1", previous="completed")
        if minutes == 4:
            start(hall, "vneid", services=("chung-thuc",))
        else:
            end(hall, "ho_tich")
        hall.clock.forward(45)
        hall.next("1", previous="no_show")
    with hall.store.read() as reader:
        assert compare.findings(reader, SITE) == []
    assert of_day(hall)["vneid"]["waits"] > 0
    with contextlib.closing(sqlite3.connect(hall.store.url.removeprefix("sqlite:///"))) as other, other:
        other.execute("UPDATE outage SET started_at = started_at - 1000 WHERE system = 'vneid'")
    with hall.store.read() as reader:
        found = compare.findings(reader, SITE)
    assert any(each.startswith("outage-row: ") for each in found)
    assert any("vneid.out_s" in each for each in found)


def test_the_export_has_a_row_per_outage_and_a_total_and_no_formula(hall: Hall) -> None:
    for minutes in (5, 7):
        start(hall, note="=HYPERLINK(1)")
        hall.clock.forward(minutes * 60 + 30)
        end(hall, "ho_tich")
    rows = list(csv.DictReader(io.StringIO(outage_figures.as_csv(of_month(hall)).removeprefix("\ufeff"))))
    assert [(row["row"], row["out_min"]) for row in rows] == [("outage", "5"), ("outage", "7"), ("total", "13")]
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert tuple(rows[0]) == outage_figures.COLUMNS


def test_a_standby_has_the_same_marks(hall: Hall, tmp_path: Path) -> None:
    copying.copy_out(hall.store.url, tmp_path / "standby.db")
    standby = open_store(f"sqlite:///{tmp_path}/standby.db", hall.clock)
    made = start(hall)
    hall.clock.forward(60)
    end(hall, made["id"])
    hall.do(lambda unit: outages.correct(unit, made["id"], ended_at=MORNING + 30_000, reason="báo muộn"))
    with standby.read() as reader:
        row = reader.site(SITE)
    with hall.store.read() as reader:
        told = json.loads(json.dumps(replicating.batch(reader, SITE, after=row["seq"] if row else 0, answers_since=0, limit=500)))
        ours = [dict(each) for each in reader.outages(SITE, 0, 2**42)]
    standby.write(SITE, lambda repository: replicating.take_in(repository, told))
    with standby.read() as reader:
        assert [dict(each) for each in reader.outages(SITE, 0, 2**42)] == ours
    standby.close()
    assert len(ours) == 1
