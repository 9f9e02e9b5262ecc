"""A blank kiosk and a real server over TLS: four words on both screens, accepted, a number on paper, orders, shut out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_server.bootstrap import prepare
from queue_server.client import Client
from queue_server.device.identity import load, trust
from queue_server.services import configuring
from tests.drivers.far_ends import Hall
from tests.kiosk.conftest import HOUSE, free_port
from tests.web.helpers import Process, Site, rid, until

WAIT_S = 60.0


class Device:
    """`toiluot kiosk run` with nothing but a card's join file."""

    def __init__(self, folder: Path, hall: Hall, join: str) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "join.toml").write_text(join)
        self._command = [sys.executable, "-m", "toiluot", "kiosk", "run", "--identity", str(folder / "identity")]
        self._command += ["--join", str(folder / "join.toml"), "--drivers", str(hall.socket), "--bind", f"127.0.0.1:{self.port}"]
        self._command += ["--state", str(folder / "kiosk")]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "kiosk.log").open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=HOUSE, stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def page(self, path: str = "/") -> str:
        assert self.process
        assert self.process.poll() is None, (self.folder / "kiosk.log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def state(self) -> dict[str, Any]:
        told = self.page("/api/state")
        return json.loads(told) if told else {}

    def act(self, name: str, **body: Any) -> int:
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api/{name}", json=body, timeout=20, trust_env=False)
        return answer.status_code


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    made.serve()
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Process, Site]]:
    url = f"sqlite:///{tmp_path}/site.db"
    store = prepare(url)
    configuring.init_site(store, site="PHUONG", kind="training")
    running = Process(url, tmp_path / "server.log", "--tls", "auto", "--state", str(tmp_path / "server"))
    yield running, Site("PHUONG", running.base, store)
    running.close()
    store.close()


def technician(site: Site, ca_pem: str) -> Client:
    return Client(site.base, site.key("fleet", "read"), 20, verify=trust(ca_pem))


def ca_of(base: str) -> str:
    answer = httpx.get(f"{base}/ca.pem", verify=False, timeout=20, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.text


def printed(hall: Hall) -> int:
    return len(hall.printer.slips)


@pytest.mark.full
@pytest.mark.slow(reason="three real programs, an enrolment that asks every five seconds, slips on a wire")
@pytest.mark.timeout(400)
def test_from_a_blank_card_to_a_slip_and_out_again(tmp_path: Path, hall: Hall, server: tuple[Process, Site]) -> None:
    running, site = server
    assert running.base.startswith("https://")
    ca_pem = ca_of(running.base)
    console = technician(site, ca_pem)
    device = Device(tmp_path, hall, f'servers = ["{running.base}"]\nrole = "kiosk"\nname = "kiosk-07"\n')
    device.start()
    try:
        # The same four words, of the device and of the server, on both screens.
        until(lambda: "Máy đang chờ chấp nhận" in device.page(), WAIT_S)
        asked = console._get("/enrolments")
        (one,) = asked["enrolments"]
        identity = load(tmp_path / "identity")
        assert tuple(one["words"]) == identity.words
        page = device.page()
        assert all(f"<li>{word}</li>" in page for word in one["words"])
        assert " · ".join(asked["server_words"]) in page
        assert device.act("choose", service="ho-tich", visit="x") >= 400  # nobody takes a number yet

        console._post(f"/enrolments/{one['id']}/accept", {"request_id": rid(), "name": "kiosk-07", "words_match": True})
        console._post("/devices/kiosk-07/orders", {"request_id": rid(), "kind": "test_slip"})
        until(lambda: device.state().get("screen") == "home", WAIT_S)
        facts = json.loads((tmp_path / "identity/device.json").read_text())
        assert (facts["device"], facts["ca_pem"].strip()) == ("kiosk-07", ca_pem.strip())
        assert not (tmp_path / "join.toml").exists()

        # A technician's slip from afar, then a citizen's.
        until(lambda: printed(hall) >= 1, WAIT_S)
        assert device.act("choose", service="ho-tich", visit=device.state()["visit"]) == 200
        until(lambda: printed(hall) >= 2, WAIT_S)
        label = device.state()["ticket"]["label"]
        until(lambda: [row["print"] for row in console.tickets(label=label)["tickets"]] == ["printed"], WAIT_S)
        until(lambda: all(order["state"] == "done" for order in console._get("/devices/kiosk-07/orders")["orders"]), WAIT_S)

        # Suspended and back, without a restart; then started anew with the same identity, and withdrawn.
        console._post("/devices/kiosk-07/suspend", {"request_id": rid()})
        until(lambda: "Máy này đang tạm ngừng" in device.page(), WAIT_S)
        assert device.act("choose", service="ho-tich", visit="x") == 409
        console._post("/devices/kiosk-07/resume", {"request_id": rid()})
        until(lambda: "Máy này" not in device.page(), WAIT_S)
        device.stop()
        device.start()
        until(lambda: device.state().get("screen") == "home", WAIT_S)
        console._post("/devices/kiosk-07/revoke", {"request_id": rid()})
        until(lambda: "Máy này đã bị ngừng" in device.page(), WAIT_S)
        until(lambda: not (tmp_path / "identity/device.key").exists(), WAIT_S)  # the site signed that it is to forget
        device.stop()
        device.start()
        until(lambda: "Máy này đã bị ngừng" in device.page(), WAIT_S)
        assert printed(hall) == 2
    finally:
        device.stop()
        console.close()
