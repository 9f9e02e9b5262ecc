"""Orders to devices, waves of them, and settings of devices by version: on both databases where the second one is there."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from queue_server import bundle as files
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import Principal
from queue_server.services import device_settings, fleet, ordering, waves
from tests.hall import SITE, Hall

HOUR = 3600


def beat(hall: Hall, device: str = "kiosk-01", who: Principal | None = None, **report: Any) -> dict[str, Any]:
    acting = {"who": who} if who else {}
    return hall.do(lambda unit: fleet.heartbeat(unit, device=device, role="kiosk", **report), **acting)


def order(hall: Hall, kind: str = "screenshot", device: str = "kiosk-01", **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: ordering.order(unit, device, kind=kind, **fields))


def done(hall: Hall, made: dict[str, Any], ok: bool = True, **fields: Any) -> dict[str, Any]:
    return hall.do(lambda unit: ordering.done(unit, made["id"], ok=ok, **fields))


def types(hall: Hall) -> list[str]:
    return [event.type for event in hall.log() if event.type.startswith("device.") and event.type != "device.seen"]


def refusal(act: Any) -> Refusal:
    with pytest.raises(Refusal) as no:
        act()
    return no.value


# ---------------------------------------------------------------- one order
def test_an_order_is_fetched_with_the_next_beat_answered_and_kept_with_who_and_when(hall: Hall) -> None:
    assert beat(hall)["orders"] == []
    made = order(hall, "logs", args={"since": "yesterday"})
    assert order(hall, "logs", args={"since": "yesterday"})["id"] == made["id"]  # pressed again
    told = beat(hall)
    assert told["orders"] == [{"id": made["id"], "kind": "logs", "args": {"since": "yesterday"}}]
    assert (told["beat_s"], told["config_version"]) == (10, 0)
    ended = done(hall, made, detail="gửi Nguyễn Văn An 012345678901", file={"type": "text/plain", "bytes": 12})
    assert (ended["state"], ended["file"]["bytes"], ended["ordered_by"]) == ("done", 12, "key:clerk-1")
    assert "An" not in ended["detail"]
    assert "0123" not in ended["detail"]
    assert (beat(hall)["orders"], beat(hall)["beat_s"]) == ([], 60)
    assert done(hall, made, ok=False)["state"] == "done"  # told twice
    assert types(hall) == ["device.ordered", "device.order_done"]
    assert [each["id"] for each in hall.look(ordering.of_device, "kiosk-01")["orders"]] == [made["id"]]


def test_an_order_nobody_fetches_ends_by_itself_and_a_late_answer_counts(hall: Hall) -> None:
    beat(hall)
    made = order(hall)
    hall.clock.forward(HOUR + 1)
    assert beat(hall)["orders"] == []
    assert hall.look(ordering.one, made["id"])["state"] == "expired"
    assert done(hall, made)["state"] == "done"
    taken = order(hall, "restart")
    assert hall.do(lambda unit: ordering.withdraw(unit, taken["id"]))["state"] == "withdrawn"
    assert beat(hall)["orders"] == []


def test_another_device_neither_sees_nor_answers_an_order(hall: Hall) -> None:
    for name in ("kiosk-01", "kiosk-02"):
        beat(hall, name)
    made = order(hall)
    stranger = Principal("device", "kiosk-02", (SITE,), frozenset({"issue"}))
    assert beat(hall, "kiosk-02", stranger)["orders"] == []
    assert refusal(lambda: hall.do(lambda unit: ordering.done(unit, made["id"], ok=True), who=stranger)).code == "not_found"
    clerk = Principal("person", "p1", (SITE,), frozenset({"call"}))
    assert refusal(lambda: hall.do(lambda unit: ordering.done(unit, made["id"], ok=True), who=clerk)).code == "not_found"


def test_what_cannot_be_ordered_is_refused(hall: Hall) -> None:
    beat(hall)
    assert refusal(lambda: order(hall, device="nobody")).code == "not_found"
    assert refusal(lambda: order(hall, "wipe")).detail["errors"][0]["pointer"] == "/confirm"
    assert order(hall, "wipe", confirm="kiosk-01")["state"] == "open"
    assert refusal(lambda: order(hall, "reboot", args={"now": "1"})).detail["errors"][0]["code"] == "unknown_field"
    assert refusal(lambda: order(hall, "logs", args={"since": "x; rm"})).detail["errors"][0]["code"] == "bad_format"


# ---------------------------------------------------------------- files
def bring(hall: Hall, made: dict[str, Any], kind: str, content: bytes) -> bytes:
    who = Principal("device", "kiosk-01", (SITE,), frozenset({"issue"}))
    with hall.store.read() as reader:
        ordering.may_bring(reader, SITE, who, made["id"], kind, content)
    return files.cleaned(kind, content)


def bundle(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name.replace("__", "/"), text)
    return out.getvalue()


PLANTED = ("Nguyễn Văn An", "TRAN THI BINH", "012345678901", "079 123 456 789", "tl_AbCdEfGhIjKl", "0912 345 678", "Zx9-secret-token-1234")


def test_a_bundle_is_kept_without_names_numbers_and_tokens(hall: Hall) -> None:
    beat(hall)
    made = order(hall, "bundle")
    told = "quầy 3: " + "\nlog ".join(PLANTED[:-1]) + f"\nGET /t/{PLANTED[-1]} 200\npassword={PLANTED[-1]}\nhost 10.0.0.2 lúc 07:00:00"
    kept = zipfile.ZipFile(io.BytesIO(bring(hall, made, "application/zip", bundle(journal__kiosk="" + told, doctor=told))))
    assert sorted(kept.namelist()) == ["doctor", "journal/kiosk"]
    for name in kept.namelist():
        text = kept.read(name).decode()
        assert not [planted for planted in PLANTED if planted in text], text
        assert "quầy 3" in text
        assert "10.0.0.2 lúc 07:00:00" in text
    logs = order(hall, "logs")
    assert b"012345678901" not in bring(hall, logs, "text/plain", b"so 012345678901")


def test_only_the_file_of_the_order_comes_in_and_only_what_it_says_it_is(hall: Hall) -> None:
    beat(hall)
    shot, pack = order(hall), order(hall, "bundle")
    png = b"\x89PNG\r\n\x1a\nrest"
    assert bring(hall, shot, "image/png", png) == png
    assert refusal(lambda: bring(hall, shot, "application/zip", bundle(a="b"))).code == "unsupported_type"
    assert refusal(lambda: bring(hall, shot, "image/png", b"<svg onload=x>")).code == "invalid"
    with pytest.raises(files.NotClean):
        bring(hall, pack, "application/zip", b"PK\x03\x04 no zip at all")
    with pytest.raises(files.NotClean):
        bring(hall, pack, "application/zip", bundle(**{"..__etc__passwd": "x"}))
    with pytest.raises(files.NotClean):
        bring(hall, pack, "application/zip", bundle(bomb="0" * (files.MOST_UNPACKED + 1)))
    done(hall, shot)
    assert refusal(lambda: bring(hall, shot, "image/png", png)).code == "not_found"


def test_what_devices_brought_is_kept_a_few_days_and_a_bounded_number(hall: Hall) -> None:
    def keep(order_id: str, at: int) -> None:
        hall.store.write(SITE, lambda rows: rows.put_device_file(SITE, order_id, "text/plain", b"x", at=at, before=at - 100, most=3))

    for n in range(5):
        keep(f"o{n}", 1000 + n)
    keep("o4", 1004)
    with hall.store.read() as reader:
        assert [n for n in range(5) if reader.device_file(SITE, f"o{n}")] == [2, 3, 4]
        assert reader.device_file_about(SITE, "o4")["bytes"] == 1
    keep("late", 2000)
    with hall.store.read() as reader:
        assert reader.device_file(SITE, "o4") is None
        assert bytes(reader.device_file(SITE, "late")["content"]) == b"x"


# ---------------------------------------------------------------- waves
def wave(hall: Hall, n: int = 5, **fields: Any) -> dict[str, Any]:
    names = [f"kiosk-{each:02d}" for each in range(n)]
    for name in names:
        beat(hall, name)
    return hall.do(lambda unit: waves.start(unit, kind="restart", devices=names, **({"size": 2} | fields)))


def answer(hall: Hall, device: str, ok: bool = True) -> None:
    for each in beat(hall, device)["orders"]:
        done(hall, each, ok=ok)


def states(hall: Hall) -> str:
    """Of the newest wave: its state, and each device by the first letter of its order's."""
    found = hall.look(waves.all_of)["waves"][0]
    return found["state"] + " " + "".join(each["state"][0] for each in found["devices"])


def test_a_wave_asks_the_next_few_when_these_have_answered(hall: Hall) -> None:
    assert [each["state"] for each in wave(hall)["devices"]] == ["open", "open", "waiting", "waiting", "waiting"]
    answer(hall, "kiosk-00")
    assert states(hall) == "running dowww"
    answer(hall, "kiosk-01")
    assert states(hall) == "running ddoow"
    for n in (2, 3, 4):
        answer(hall, f"kiosk-{n:02d}")
    assert states(hall) == "done ddddd"
    assert types(hall)[0] == "device.wave_started"
    assert types(hall)[-1] == "device.wave_ended"


def test_a_wave_stops_at_failures_and_takes_back_what_was_not_fetched(hall: Hall) -> None:
    wave(hall)
    answer(hall, "kiosk-01", ok=False)
    assert states(hall) == "stopped wfwww"
    wave(hall, stop_after=2)
    answer(hall, "kiosk-01", ok=False)
    hall.clock.forward(HOUR + 1)
    beat(hall, "kiosk-04")
    assert states(hall) == "stopped efwww"  # who does not answer in time has failed too


def test_a_person_stops_a_wave_and_a_wave_names_each_device_once(hall: Hall) -> None:
    running = wave(hall)
    assert hall.do(lambda unit: waves.stop(unit, running["id"]))["reason"] == "person"
    assert beat(hall, "kiosk-00")["orders"] == []
    for devices, pointer in ((["kiosk-00", "kiosk-00"], "/devices/1"), (["x"], "/devices/0")):
        no = refusal(lambda devices=devices: hall.do(lambda unit: waves.start(unit, kind="restart", devices=devices)))
        assert no.detail["errors"][0]["pointer"] == pointer
    assert refusal(lambda: hall.do(lambda unit: waves.start(unit, kind="wipe", devices=["kiosk-00"]))).code == "invalid"
    assert refusal(lambda: hall.do(lambda unit: waves.stop(unit, "none"))).code == "not_found"


# ---------------------------------------------------------------- settings
def change(hall: Hall, document: dict[str, Any], version: int = 0, device: str = "*") -> dict[str, Any]:
    return hall.do(lambda unit: device_settings.change(unit, device=device, version=version, document=document))


def test_settings_for_all_and_for_one_have_versions_that_rise_and_are_previewed_by_device(hall: Hall) -> None:
    for name in ("kiosk-01", "kiosk-02"):
        beat(hall, name)
    assert change(hall, {"printer": {"paper_m": 40}})["version"] == 1
    assert change(hall, {"printer": {"paper_m": 90}, "zone": "A"}, device="kiosk-02")["version"] == 2
    assert [beat(hall, name)["config_version"] for name in ("kiosk-01", "kiosk-02")] == [1, 2]
    with hall.store.read() as reader:
        found = device_settings.preview(reader, SITE, device="*", version=1, document={"printer": {"paper_m": 10}, "ring": "rest"})
        assert {each["device"]: [c["key"] for c in each["changes"]] for each in found["devices"]} == {
            "kiosk-01": ["printer.paper_m", "ring"], "kiosk-02": ["ring"],
        }  # fmt: skip
        wanted = device_settings.wanted(reader, SITE, "kiosk-02")
    assert wanted == {"version": 2, "document": {"printer": {"paper_m": 90}, "zone": "A", "role": "kiosk", "name": "kiosk-02"}}
    assert change(hall, {"printer": {"paper_m": 10}}, 1)["version"] == 3
    assert [beat(hall, name)["config_version"] for name in ("kiosk-01", "kiosk-02")] == [3, 3]


def test_an_older_version_comes_back_as_a_new_one_and_a_stale_page_changes_nothing(hall: Hall) -> None:
    change(hall, {"zone": "A"})
    change(hall, {"zone": "B"}, 1)
    assert refusal(lambda: change(hall, {"zone": "C"}, 1)).code == "config_changed"
    assert change(hall, {"zone": "B"}, 2) == {"version": 2, "changes": []}  # says the same: no version
    back = hall.do(lambda unit: device_settings.restore(unit, device="*", version=2, to=1))
    assert back == {"version": 3, "changes": [{"key": "zone", "from": "B", "to": "A"}]}
    with hall.store.read() as reader:
        told = [(each["version"], each["was"], each["changes"]) for each in device_settings.shown(reader, SITE)["versions"]]
    assert [each[:2] for each in told] == [(3, 1), (2, None), (1, None)]
    assert told[1][2] == [{"key": "zone", "from": "A", "to": "B"}]
    assert refusal(lambda: hall.do(lambda unit: device_settings.restore(unit, device="*", version=3, to=9))).code == "not_found"
    assert refusal(lambda: change(hall, {}, 0, "nobody")).code == "not_found"
