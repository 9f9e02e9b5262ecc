"""Admission of devices on both databases: a technician's word, join keys, and what becomes of a device afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from queue_server.contract import device as shared
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import DEVICE_ROLES, ROLES, Principal
from queue_server.services import devices, enrolling, fleet, leasing
from tests.hall import CLERK, SITE, Hall
from tests.identity.devices import TECHNICIAN, Device, accepted, asked, holder

MINUTE, DAY = 60, 24 * 3600


def do(hall: Hall, use_case: Any) -> dict[str, Any]:
    return hall.do(use_case, who=TECHNICIAN)


def refused(act: Any, code: str) -> Refusal:
    with pytest.raises(Refusal) as no:
        act()
    assert no.value.code == code
    return no.value


def types(hall: Hall) -> list[str]:
    return [event.type for event in hall.log() if event.type.startswith(("device.", "lease."))]


# ---------------------------------------------------------------- asking
def test_a_device_waits_until_somebody_who_stands_before_it_accepts(hall: Hall) -> None:
    device = Device()
    first = asked(hall, device)
    assert (first["state"], first["interval_s"], first["expires_in_s"]) == ("pending", 5, 600)
    assert first["words"] == list(shared.words(device.raw))
    assert asked(hall, device)["enrolment"] == first["enrolment"]  # asking again changes nothing
    waits = hall.look(enrolling.pending)["enrolments"]
    assert [(each["id"], each["address"], each["words"]) for each in waits] == [(first["enrolment"], "10.0.0.7", first["words"])]
    assert "user_code" not in waits[0]  # it is read from the device itself
    refused(lambda: do(hall, lambda unit: enrolling.accept(unit, first["enrolment"], name="kiosk-07", user_code="BBBB-BBBB")), "wrong_code")
    typed = first["user_code"].lower().replace("-", " ")
    made = do(hall, lambda unit: enrolling.accept(unit, first["enrolment"], name="kiosk-07", user_code=typed))
    assert (made["device"], made["role"], made["site"]) == ("kiosk-07", "kiosk", SITE)
    assert asked(hall, device)["device"] == "kiosk-07"
    found = holder(hall, device)
    assert found is not None
    assert found.state == "active"
    assert (found.who.kind, found.who.id, found.who.permissions) == ("device", "kiosk-07", ROLES["kiosk"] | {"device"})
    assert types(hall) == ["device.enrol_asked", "device.enrolled"]
    assert first["user_code"] not in json.dumps([event.data for event in hall.log()])


@pytest.mark.full
def test_a_request_expires_after_ten_minutes_and_a_refused_key_is_told_so(hall: Hall) -> None:
    device, other = Device(1), Device(2)
    old = asked(hall, device)["enrolment"]
    hall.clock.forward(10 * MINUTE)
    refused(lambda: do(hall, lambda unit: enrolling.accept(unit, old, name="k", words_match=True)), "not_found")
    assert hall.look(enrolling.pending)["enrolments"] == []
    assert asked(hall, device)["enrolment"] != old
    away = asked(hall, other)["enrolment"]
    do(hall, lambda unit: enrolling.refuse(unit, away))
    refused(lambda: asked(hall, other), "enrolment_refused")
    with hall.store.read() as reader:
        refused(lambda: enrolling.standing(reader, away, other.keyid, hall.clock.at_ms), "enrolment_refused")
        refused(lambda: enrolling.standing(reader, away, device.keyid, hall.clock.at_ms), "not_found")


@pytest.mark.full
def test_a_name_is_given_once_and_nobody_is_accepted_unseen(hall: Hall) -> None:
    accepted(hall, Device(1), "kiosk-07")
    waits = asked(hall, Device(2))["enrolment"]
    assert (
        refused(lambda: do(hall, lambda u: enrolling.accept(u, waits, name="kiosk-07", words_match=True)), "conflict").detail["why"]
        == "name_taken"
    )
    refused(lambda: do(hall, lambda u: enrolling.accept(u, waits, name="kiosk-08")), "invalid")
    refused(lambda: do(hall, lambda u: enrolling.accept(u, waits, name="kiosk-08", words_match=False)), "invalid")


@pytest.mark.full
def test_a_flood_of_strangers_leaves_few_rows(file_hall: Hall) -> None:
    for seed in range(enrolling.MOST_PENDING):
        asked(file_hall, Device(100 + seed))
    refused(lambda: asked(file_hall, Device(99)), "rate_limited")
    file_hall.clock.forward(10 * MINUTE)
    assert asked(file_hall, Device(99))["state"] == "pending"


# ---------------------------------------------------------------- join keys
def test_a_join_key_admits_one_device_once_and_is_kept_as_a_hash(hall: Hall) -> None:
    made = do(hall, lambda u: enrolling.make_join_key(u, role="kiosk", ttl_s=3600, name="kiosk-03", profile={"panel": "auto"}))
    key = made["join_key"]
    assert key.startswith("tlj_")
    first = asked(hall, Device(1), join_key=key)
    assert (first["state"], first["device"], first["profile"]) == ("accepted", "kiosk-03", {"panel": "auto"})
    second = asked(hall, Device(2), join_key=key)
    assert (second["state"], second["join_key"]) == ("pending", "not_valid")
    assert hall.look(enrolling.join_keys)["join_keys"][0]["state"] == "used"
    assert key not in json.dumps([event.data for event in hall.log()])


@pytest.mark.full
def test_a_join_key_ends_by_time_by_hand_and_is_for_one_role(hall: Hall) -> None:
    late, gone, board = (
        do(hall, lambda u, role=role: enrolling.make_join_key(u, role=role, ttl_s=60)) for role in ("kiosk", "kiosk", "board")
    )
    do(hall, lambda u: enrolling.revoke_join_key(u, gone["id"]))
    assert asked(hall, Device(1), join_key=gone["join_key"])["state"] == "pending"
    assert asked(hall, Device(1), join_key=board["join_key"])["state"] == "pending"
    hall.clock.forward(61)
    assert asked(hall, Device(1), join_key=late["join_key"])["state"] == "pending"
    states = {each["id"]: each["state"] for each in hall.look(enrolling.join_keys)["join_keys"]}
    assert states == {late["id"]: "expired", gone["id"]: "revoked", board["id"]: "expired"}


# ---------------------------------------------------------------- afterwards
@pytest.mark.full
def test_suspended_and_resumed(hall: Hall) -> None:
    device = Device()
    accepted(hall, device)
    do(hall, lambda u: devices.suspend(u, "kiosk-07", reason="đang sửa"))
    assert holder(hall, device).state == "suspended"  # type: ignore[union-attr]
    refused(lambda: asked(hall, device), "device_suspended")
    do(hall, lambda u: devices.resume(u, "kiosk-07"))
    assert holder(hall, device).state == "active"  # type: ignore[union-attr]
    assert types(hall)[-2:] == ["device.suspended", "device.resumed"]


def lease_of(hall: Hall, device: Device) -> dict[str, Any]:
    found = holder(hall, device)
    assert found is not None
    return hall.do(lambda unit: leasing.lease(unit, series="A", count=3), who=found.who)


def settled(hall: Hall, lease: dict[str, Any], n: int, at_ms: int) -> dict[str, Any]:
    entry = lease["entries"][n]
    told = {"number": entry["number"], "ticket_id": entry["ticket_id"], "issued_at": at_ms}
    return hall.do(lambda unit: leasing.settle(unit, lease["id"], tickets=[told]))


def marks(hall: Hall) -> list[str]:
    return [str(event.ticket) for event in hall.log() if event.type == "annotated" and event.data.get("code") == "device_lost"]


def test_a_lost_kiosk_prints_no_more_and_what_it_gave_out_since_is_marked(hall: Hall) -> None:
    device = Device()
    accepted(hall, device)
    lease = lease_of(hall, device)
    before, gone_at = hall.clock.at_ms, hall.clock.at_ms + 10_000
    hall.clock.forward(60)
    while_gone = settled(hall, lease, 0, gone_at + 1)["tickets"][0]["ticket_id"]
    earlier = settled(hall, lease, 1, before)["tickets"][0]["ticket_id"]
    do(hall, lambda u: devices.lost(u, "kiosk-07", since=gone_at))
    later = settled(hall, lease, 2, gone_at + 30_000)["tickets"][0]["ticket_id"]
    assert marks(hall) == [while_gone, later]
    assert earlier not in marks(hall)
    assert "lease.burnt" in types(hall)
    assert holder(hall, device).state == "lost"  # type: ignore[union-attr]
    refused(lambda: asked(hall, device), "device_revoked")
    refused(lambda: do(hall, lambda u: devices.resume(u, "kiosk-07")), "conflict")
    with hall.store.read() as reader:
        assert reader.live_leases_of(SITE, "kiosk-07") == []


def test_a_new_card_takes_over_name_lease_and_profile_and_the_old_key_is_done(hall: Hall) -> None:
    old, new = Device(1), Device(2)
    accepted(hall, old, profile={"printer": "80mm-203"})
    lease = lease_of(hall, old)
    waits = asked(hall, new)["enrolment"]
    made = do(hall, lambda u: enrolling.accept(u, waits, replaces="kiosk-07", words_match=True))
    assert (made["device"], made["profile"]) == ("kiosk-07", {"printer": "80mm-203"})
    assert (holder(hall, old).state, holder(hall, new).state) == ("revoked", "active")  # type: ignore[union-attr]
    assert settled(hall, lease, 0, hall.clock.at_ms)["tickets"][0]["result"] == "settled"
    with hall.store.read() as reader:
        assert [row["id"] for row in reader.live_leases_of(SITE, "kiosk-07")] == [lease["id"]]
        assert len(devices.identity(reader, SITE, "kiosk-07")["keys"]) == 2
    board = asked(hall, Device(3), role="board")["enrolment"]
    refused(lambda: do(hall, lambda u: enrolling.accept(u, board, replaces="kiosk-07", words_match=True)), "conflict")


def test_two_keys_sign_for_a_week_and_then_the_new_one_alone(hall: Hall) -> None:
    old, new = Device(1), Device(2)
    accepted(hall, old)
    who = holder(hall, old).who  # type: ignore[union-attr]
    hall.do(lambda u: devices.rotate(u, "kiosk-07", old.keyid, public_key=new.public), who=who)
    hall.do(lambda u: devices.rotate(u, "kiosk-07", old.keyid, public_key=new.public), who=who)  # said again
    assert (holder(hall, old).state, holder(hall, new).state) == ("active", "active")  # type: ignore[union-attr]
    hall.clock.forward(7 * DAY)
    assert (holder(hall, old).state, holder(hall, new).state) == ("expired", "active")  # type: ignore[union-attr]
    assert types(hall).count("device.key_rotated") == 1
    accepted(hall, Device(3), "kiosk-09")
    refused(lambda: hall.do(lambda u: devices.rotate(u, "kiosk-09", Device(3).keyid, public_key=new.public), who=who), "conflict")


def test_an_earlier_start_that_comes_back_is_another_machine(hall: Hall) -> None:
    device = Device()
    accepted(hall, device)
    number = iter(range(1, 100))

    def beat(boot: str) -> None:
        def work(unit: Any) -> dict[str, Any]:
            devices.note(unit.repository, device.keyid, devices.window(unit.repository, device.keyid), next(number))
            devices.seen_started(unit, "kiosk-07", device.keyid, boot)
            return fleet.heartbeat(unit, device="kiosk-07", role="kiosk")

        hall.do(work)

    for boot in ("one", "one", "two", "two", "three"):
        beat(boot)
    assert "device.cloned" not in types(hall)
    for boot in ("two", "three", "two"):
        beat(boot)
    assert types(hall).count("device.cloned") == 1
    with hall.store.read() as reader:
        assert devices.identity(reader, SITE, "kiosk-07")["cloned_at"] is not None
    do(hall, lambda u: devices.resume(u, "kiosk-07"))
    with hall.store.read() as reader:
        assert devices.identity(reader, SITE, "kiosk-07")["cloned_at"] is None


@pytest.mark.full
def test_a_number_written_down_is_not_taken_again_by_another_process(hall: Hall) -> None:
    device = Device()
    accepted(hall, device)

    def take(counter: int) -> None:
        hall.do(lambda unit: devices.note(unit.repository, device.keyid, devices.window(unit.repository, device.keyid), counter) or {})

    take(5)
    take(3)
    assert refused(lambda: take(5), "replayed").detail["above"] == 5
    take(500)
    refused(lambda: take(4), "replayed")


def test_a_device_role_holds_its_role_and_what_every_device_does_for_itself() -> None:
    for role in ("kiosk", "board", "keypad", "server"):
        assert DEVICE_ROLES[role] == ROLES[role] | {"device"}
    assert "device" not in CLERK.permissions
    assert not Principal("board", "x", (SITE,), ROLES["board"]).may("device")
