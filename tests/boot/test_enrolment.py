"""A blank card becomes a kiosk that prints: its `user-data` from the product, a real server over TLS, one boot; then the server revokes it.

cloud-init itself does not run: `write_files` of the card is put in place by the few lines below, packages are already there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.boot.building import TOILUOT, Building
from tests.boot.figures import record
from tests.boot.files import machine_files
from tests.boot.machine import Machine, until

pytestmark = [pytest.mark.full, pytest.mark.slow(reason="boots a whole Debian"), pytest.mark.timeout(900)]
CITIZEN = Path(__file__).with_name("citizen.py").read_text(encoding="utf-8")
NAME = "kiosk-07"
STATE = """
import json, urllib.request
try: print(urllib.request.urlopen("http://127.0.0.1:8765/api/state", timeout=5).read().decode().replace("\\n", ""))
except OSError as no: print(json.dumps({"screen": "none", "why": str(no)}))
"""


def card(building: Building) -> dict[str, str]:
    """What a technician copies to the card, by `toiluot provision card`, and what cloud-init makes of it: path → content."""
    out = building.place / "card"
    words = ["--server", building.url, "--key-file", building.place / "fleet.key", "--ca", building.place / "ca.pem", "--out", out]
    building.inside(*TOILUOT, "provision", "card", *words, "--role", "kiosk", "--name", NAME, "--site", "T01", "--printer", "80mm-203")
    assert {path.name for path in out.iterdir()} >= {"user-data", "network-config", "meta-data"}
    told = yaml.safe_load((out / "user-data").read_text(encoding="utf-8"))
    assert told["hostname"] == NAME
    return {file["path"]: file["content"] for file in told["write_files"]}


@pytest.fixture(scope="module")
def kiosk(building: Building, layers: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    building.street()
    building.print_here()
    building.open()
    files = card(building)
    assert "join_key" in files["/etc/toiluot/join.toml"]
    place = tmp_path_factory.mktemp("kiosk")
    made = Machine(place, layers, net=building.net, name=NAME, files=machine_files() | files, enable=["toiluot-enrol.service"])
    try:
        building.wire(made)
        yield made
    finally:
        made.stop()


def test_it_is_let_in_by_its_key_and_shows_its_page(kiosk: Machine) -> None:
    told = until("the kiosk's home screen", lambda: (seen := kiosk.python(STATE))["screen"] == "home" and seen, 180, 0.2)
    record("start of systemd → first page (enrolment by join key included)", time.monotonic() - kiosk.started_at, "s")
    assert told
    until("the units of a kiosk are up", lambda: kiosk.active("toiluot-kiosk", "toiluot-drivers", "toiluot-screen"), 90)


def test_its_key_was_made_there_and_is_roots_alone(kiosk: Machine) -> None:
    assert kiosk.run("stat -c '%U %a' /var/lib/toiluot/identity").split() == ["root", "700"]
    assert kiosk.run("stat -c '%U %a' /var/lib/toiluot/identity/device.key").split() == ["root", "600"]
    assert kiosk.run("test ! -e /etc/toiluot/join.toml && echo erased") == "erased"
    facts = json.loads(kiosk.run("cat /var/lib/toiluot/identity/device.json"))
    assert (facts["device"], facts["role"]) == (NAME, "kiosk")
    assert kiosk.run("runuser -u toiluot-kiosk -- cat /var/lib/toiluot/identity/device.key 2>/dev/null || echo refused") == "refused"


def test_a_citizen_takes_a_number_and_the_slip_comes_out(kiosk: Machine, building: Building) -> None:
    before = len(building.slips())
    label = kiosk.python(CITIZEN, "120")["label"]
    record("start of systemd → first ticket", time.monotonic() - kiosk.started_at, "s")
    until("the slip lies in the printer's tray", lambda: len(building.slips()) > before, 60)
    status, told = building.ask("GET", "/api/v1/queue", key=building.read_key)
    assert status == 200, told
    assert label in json.dumps(told)


def test_the_buildings_server_is_its_clock(kiosk: Machine) -> None:
    until("the server as a source of time", lambda: "10.77.0.1" in kiosk.run("cat /etc/chrony/sources.d/toiluot.sources", check=False), 30)


def test_what_each_unit_costs(kiosk: Machine) -> None:
    for unit in ("toiluot-drivers", "toiluot-kiosk"):
        held = int(kiosk.run(f"awk '/^VmRSS/ {{print $2}}' /proc/{kiosk.pid(unit)}/status"))
        assert held < 256 * 1024
        record(f"resident memory of {unit}", held / 1024, "MB")
    pids = kiosk.run("pgrep -u toiluot-screen").split()
    shares = [kiosk.run(f"awk '/^Pss:/ {{print $2}}' /proc/{pid}/smaps_rollup", check=False) for pid in pids]
    record("proportional memory of the screen (cage, Chromium)", sum(int(share) for share in shares if share) / 1024, "MB")


def test_a_revoked_kiosk_gives_no_more_numbers_and_forgets_its_key(kiosk: Machine, building: Building) -> None:
    body = {"request_id": f"boot-{os.getpid()}", "reason": "theft"}
    status, told = building.ask("POST", f"/api/v1/devices/{NAME}/revoke", body, key=building.fleet_key)
    assert status == 200, told
    until("the kiosk takes nobody's touch any more", lambda: kiosk.python(STATE)["screen"] != "home", 180, 1.0)
    until(
        "its key is gone from the disk",
        lambda: kiosk.run("test -s /var/lib/toiluot/identity/device.key || echo gone", check=False) == "gone",
        180,
        1.0,
    )
