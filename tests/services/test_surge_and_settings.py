"""Temporary services for a rush, and a manager's settings: previewed, made a version, refused at their field."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain.errors import Refusal
from queue_server.services import policies, queries, surging
from tests.hall import SITE, Hall
from tests.services.test_policy import HOUR_MS, OFFICE, hall_config, home, nothing_found, office, refused


# ---------------------------------------------------------------- surge
def seal(hall: Hall, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"code": "con-dau", "name": "Con dấu", "series": "X", "counters": ["1"]} | more
    return hall.do(lambda unit: surging.begin(unit, **fields))


def test_a_temporary_service_is_served_at_once_by_a_counter_that_stands_open(hall: Hall) -> None:
    office(hall)
    hall.open("1", services=["ho-tich"])
    assert seal(hall)["services"] == ["con-dau"]
    mine = hall.issue("con-dau")
    assert mine["label"] == "X001"
    assert hall.look(queries.counter, "1")["services"] == ["ho-tich", "con-dau"]
    assert (hall.next("1") or {})["id"] == mine["id"]
    assert home(hall, "con-dau")["open"]
    waits = hall.issue("con-dau")
    hall.do(lambda unit: surging.end(unit, "con-dau"))
    assert refused(hall, service="con-dau").code == "service_closed"
    assert "con-dau" not in [each["code"] for each in hall.look(queries.kiosk_home)["services"]]
    assert (hall.next("1") or {})["id"] == waits["id"]  # who waits is served
    seal(hall, name="Con dấu, mẫu mới")
    assert hall.issue("con-dau")["label"] == "X003"
    nothing_found(hall)


def test_one_rush_is_parted_in_three_and_ends_at_its_time(hall: Hall) -> None:
    office(hall)
    made = seal(hall, split=True, until=hall.clock.at_ms + HOUR_MS, name_en="Seals")
    assert made["services"] == ["con-dau-nop", "con-dau-tra", "con-dau-hd"]
    assert home(hall, "con-dau-tra")["names"] == {"vi": "Trả kết quả: Con dấu", "en": "Collect result: Seals"}
    assert hall.issue("con-dau-nop")["label"] == "X001"
    hall.clock.forward(3600)
    said = home(hall, "con-dau-nop")
    assert (said["open"], said["closed_reason"], said["next_open_at"]) == (False, "ended", None)
    assert refused(hall, service="con-dau-nop").code == "service_closed"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"code": "ho-tich"}, "/code"),
        ({"series": "B"}, "/series"),
        ({"counters": ["9"]}, "/counters/0"),
        ({"until": 1000}, "/until"),
        ({"code": "-x"}, "/code"),
    ],
)
def test_a_surge_that_cannot_be_is_refused_at_its_field(hall: Hall, fields: dict[str, Any], pointer: str) -> None:
    office(hall)
    with pytest.raises(Refusal) as no:
        seal(hall, **fields)
    assert (no.value.code, no.value.detail["errors"][0]["pointer"]) == ("invalid", pointer)


def test_only_what_is_temporary_is_ended(hall: Hall) -> None:
    for code in ("ho-tich", "nothing"):
        with pytest.raises(Refusal) as no:
            hall.do(lambda unit, code=code: surging.end(unit, code))
        assert no.value.code == "not_found"


# ---------------------------------------------------------------- settings one by one
def settings(hall: Hall) -> dict[str, Any]:
    with hall.store.read() as reader:
        return policies.shown(reader, SITE)


def change(hall: Hall, *changes: tuple[str, Any], version: int | None = None) -> dict[str, Any]:
    asked = [{"pointer": pointer, "value": value} for pointer, value in changes]
    told = version or settings(hall)["version"]
    with hall.store.read() as reader:
        seen = policies.preview(reader, SITE, version=told, changes=asked)
    done = hall.do(lambda unit: policies.change(unit, version=told, changes=asked))
    assert done["changes"] == seen["changes"]
    return done


def test_settings_change_as_previewed_and_make_a_version(hall: Hall) -> None:
    office(hall)
    before = settings(hall)
    assert before["defaults"]["transfer_credit_s"] == 600
    done = change(
        hall, ("/policy/transfer_credit_s", 900), ("/services/ho-tich/quota_day", 40), ("/priority_classes/elderly/cap_share", 25)
    )
    assert done["version"] == before["version"] + 1
    assert done["changes"][:2] == [
        {"pointer": "/policy/transfer_credit_s", "from": 600, "to": 900},
        {"pointer": "/services/ho-tich/quota_day", "from": None, "to": 40},
    ]
    config = hall_config(hall)
    assert (config.policy.transfer_credit_s, config.services["ho-tich"].quota_day) == (900, 40)
    assert config.priority_classes["elderly"].cap_share == 25
    change(hall, ("/calendars/office", {"weekly": OFFICE, "exceptions": {"2026-11-23": []}}))
    assert refused(hall).code == "outside_hours"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ([("/policy/undo_s", 5), ("/policy/transfer_credit_s", -1)], "/changes/1/value"),
        ([("/services/ho-tich/absent", [{"from": "x"}])], "/changes/0/value/0/from"),
        ([("/services/nobody/quota_day", 1)], "/changes/0/pointer"),
        ([("/policy/standby", "x")], "/changes/0/pointer"),
        ([("/services/ho-tich/series", "C")], "/changes/0/pointer"),
        ([("/name", "x")], "/changes/0/pointer"),
        ([("/calendars/office", {"weekly": {"1": "x"}})], "/changes/0/value"),
        ([("/services/ho-tich/calendar", "none")], "/changes/0/value"),
    ],
)
def test_a_refused_value_is_pointed_at_and_nothing_changes(hall: Hall, changes: list[tuple[str, Any]], pointer: str) -> None:
    office(hall)
    before = settings(hall)
    with pytest.raises(Refusal) as no:
        change(hall, *changes)
    assert (no.value.code, no.value.detail["errors"][0]["pointer"]) == ("invalid", pointer)
    assert settings(hall) == before


def test_a_change_made_from_an_older_version_is_refused(hall: Hall) -> None:
    version = settings(hall)["version"]
    change(hall, ("/policy/undo_s", 20))
    with pytest.raises(Refusal) as no:
        change(hall, ("/policy/undo_s", 30), version=version)
    assert (no.value.code, no.value.detail) == ("config_changed", {"version": version + 1})
