"""Devices on a standby and in a copy: the same rows from the same log, the same keys, and numbers that stay used up."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from queue_server.authority import Authority
from queue_server.domain.errors import Refusal
from queue_server.services import devices, enrolling, replicating
from queue_server.storage import copying
from queue_server.storage.store import Store, open_store
from tests.hall import SITE, Hall
from tests.identity.devices import TECHNICIAN, Device, accepted, asked, holder
from tests.standby.conftest import Building, building, together
from tests.standby.day import tables
from tests.web.helpers import until

__all__ = ["building"]
FLEET = ("enrolment", "enrolled", "device_key", "join_key", "device_use", "authority", "device", "lease")


@pytest.fixture
def standby(hall: Hall, tmp_path: Path) -> Iterator[Store]:
    copying.copy_out(hall.store.url, tmp_path / "standby.db")
    store = open_store(f"sqlite:///{tmp_path}/standby.db", hall.clock)
    yield store
    store.close()


def follow(hall: Hall, standby: Store) -> None:
    with standby.read() as reader:
        after = (reader.site(SITE) or {})["seq"]
    with hall.store.read() as reader:
        told = json.loads(json.dumps(replicating.batch(reader, SITE, after=after, answers_since=0)))
        beside = json.loads(json.dumps(replicating.aside(reader)))
    standby.write(SITE, lambda repository: replicating.take_in(repository, told))
    standby.write("", lambda repository: replicating.take_aside(repository, beside))


def story(hall: Hall) -> list[Device]:
    """Everything that may become of devices."""
    made = [Device(seed) for seed in range(1, 8)]
    for n, device in enumerate(made[:5]):
        accepted(hall, device, f"kiosk-{n}")
    told = hall.do(lambda u: enrolling.make_join_key(u, role="kiosk", ttl_s=600), who=TECHNICIAN)
    asked(hall, made[5], join_key=told["join_key"])
    gone = hall.do(lambda u: enrolling.make_join_key(u, role="kiosk", ttl_s=600), who=TECHNICIAN)
    hall.do(lambda u: enrolling.revoke_join_key(u, gone["id"]), who=TECHNICIAN)
    hall.do(lambda u: devices.suspend(u, "kiosk-0"), who=TECHNICIAN)
    hall.do(lambda u: devices.revoke(u, "kiosk-1"), who=TECHNICIAN)
    hall.do(lambda u: devices.lost(u, "kiosk-2", since=hall.clock.at_ms - 1000), who=TECHNICIAN)
    hall.do(lambda u: devices.cloned(u, "kiosk-3", why="two_starts") or {}, who=TECHNICIAN)
    hall.do(lambda u: devices.rotate(u, "kiosk-4", made[4].keyid, public_key=Device(50).public), who=TECHNICIAN)
    refused = asked(hall, made[6])["enrolment"]
    hall.do(lambda u: enrolling.refuse(u, refused), who=TECHNICIAN)
    hall.do(lambda u: devices.note(u.repository, made[3].keyid, devices.window(u.repository, made[3].keyid), 70) or {})
    return made


def test_a_standby_has_every_row_and_every_key(hall: Hall, standby: Store) -> None:
    Authority(hall.store).ensure()
    made = story(hall)
    follow(hall, standby)
    ours, theirs = tables(hall.store), tables(standby)
    for name in FLEET:
        assert theirs[name] == ours[name], name
    assert Authority(standby).ca_pem == Authority(hall.store).ca_pem
    there = Hall(standby, hall.clock, 1000)
    states = [found.state for device in made[:5] if (found := holder(there, device)) is not None]
    assert states == ["suspended", "revoked", "lost", "active", "active"]
    with pytest.raises(Refusal, match="replayed"):
        there.do(lambda u: devices.note(u.repository, made[3].keyid, devices.window(u.repository, made[3].keyid), 70) or {})


def test_a_copy_of_the_database_holds_the_sites_own_keys(hall: Hall, tmp_path: Path) -> None:
    """A restored server is the one the devices know: nobody walks to every kiosk after a dead disk."""
    Authority(hall.store).ensure()
    accepted(hall, Device(1))
    copying.copy_out(hall.store.url, tmp_path / "backup.db")
    store = open_store(f"sqlite:///{tmp_path}/backup.db", hall.clock)
    try:
        assert Authority(store).site_key == Authority(hall.store).site_key
        assert holder(Hall(store, hall.clock), Device(1)) is not None
    finally:
        store.close()


@pytest.mark.full
@pytest.mark.slow(reason="a server, its standby and a promotion in real processes")
def test_a_promoted_standby_takes_the_devices_requests_and_no_repeats(building: Building) -> None:
    server = building.serve()
    standby = building.follow(server)
    device, line = Device(77), httpx.Client(timeout=30)
    admin = httpx.Client(headers={"Authorization": f"Bearer {building.key}"}, timeout=30)
    waits = line.post(f"{server.base}/api/v1/enrol", json={"public_key": device.public, "role": "kiosk"}, auth=device).json()
    body = {"request_id": "a", "name": "kiosk-07", "user_code": waits["user_code"]}
    assert admin.post(f"{server.base}/api/v1/enrolments/{waits['enrolment']}/accept", json=body).status_code == 200
    beat = line.build_request("POST", f"{server.base}/api/v1/devices/heartbeat", json={"device": "kiosk-07", "role": "kiosk"})
    device.sign(beat)
    assert line.send(beat).status_code == 200
    until(together(building.client(server)), 60)
    until(lambda: counted(standby.base, building, device) > 0, 60)
    server.kill()
    assert admin.post(f"{standby.base}/api/v1/replica/promote", json={"request_id": "p"}).status_code == 200
    assert line.get(f"{standby.base}/api/v1/services", auth=device).status_code == 200
    heard = line.build_request("POST", f"{standby.base}/api/v1/devices/heartbeat", content=beat.content, headers=beat.headers)
    heard.headers["host"] = beat.headers["host"]
    assert line.send(heard).json()["code"] == "replayed"
    for client in (line, admin):
        client.close()


@pytest.mark.full
@pytest.mark.slow(reason="a server, its standby and a promotion in real processes")
def test_over_https_a_standby_knows_its_server_by_the_sites_authority_and_serves_by_it_too(building: Building) -> None:
    server = building.serve(more=["--tls", "auto", "--state", str(building.folder / "one")])
    store = open_store(building.url)
    pem = Authority(store).ca_pem
    store.close()
    known = building.folder / "ca.pem"
    known.write_text(pem)
    bearer = {"Authorization": f"Bearer {building.key}"}
    with httpx.Client(verify=ssl.create_default_context(cadata=pem), headers=bearer, timeout=30) as admin:
        standby = building.follow(server, more=["--ca", str(known), "--tls", "auto", "--state", str(building.folder / "two")])
        assert standby.base.startswith("https://")
        until(lambda: admin.get(f"{server.base}/api/v1/standing").json()["standby"]["state"] == "together", 60)
        server.kill()
        assert admin.post(f"{standby.base}/api/v1/replica/promote", json={"request_id": "p"}).status_code == 200
        made = admin.post(f"{standby.base}/api/v1/tickets", json={"request_id": "t", "service": "ho-tich"})
        assert made.status_code == 201, made.text
    with pytest.raises(httpx.ConnectError), httpx.Client(timeout=30) as stranger:
        stranger.get(f"{standby.base}/healthz")


@pytest.mark.full
def test_a_standby_that_is_not_told_the_authority_follows_nobody(building: Building) -> None:
    server = building.serve(more=["--tls", "auto", "--state", str(building.folder / "one")])
    (building.folder / "key").write_text(building.key)
    told = [
        "--from",
        server.base,
        "--key-file",
        str(building.folder / "key"),
        "--db",
        building.standby_url,
        "--bind",
        "127.0.0.1:0",
        "--name",
        "pi-2",
    ]
    command = [sys.executable, "-m", "toiluot", "server", "follow", *told]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "--ca" in done.stderr
    assert "Traceback" not in done.stderr


def counted(base: str, building: Building, device: Device) -> int:
    """How far the standby knows the device to have counted."""
    store = open_store(building.standby_url)
    try:
        with store.read() as reader:
            row = reader.device_use(device.keyid)
        return int(row["high"]) if row else 0
    finally:
        store.close()
