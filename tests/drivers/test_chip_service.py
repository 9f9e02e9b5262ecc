"""The chip through the whole service: pcscd, the simulator as a program, the socket, the stream. And what is left behind: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.client import DriversClient, DriversError
from drivers.technician.doctor import examine
from tests.drivers.chip.pcscd import Pcscd
from tests.drivers.chip.stand import BY_CAN, BY_ZONE, EVENT

Until = Callable[..., Any]
SECRETS = (b"001090123456", b"090123456", b"NGUYEN", b"123456", b"900101", b"1990-01-01")


class Program:
    """One of our commands as a process that says a line of JSON when it is ready."""

    def __init__(self, folder: Path, env: dict[str, str], *words: str) -> None:
        self.log = folder / f"{words[1]}.log"
        command = [sys.executable, "-m", "toiluot", *words, "--json"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=env, text=True)
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(15) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


class Machine:
    """pcscd, a card, and the service with a chip reader alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pcscd = Pcscd()
        self.env = {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.pcscd.socket)}
        (folder / "anchors").mkdir()
        place = f"127.0.0.1:{self.pcscd.port}"
        self.card = Program(folder, self.env, "drivers", "sim", "mrtd", "--vpcd", place, "--anchor", str(folder / "anchors/csca.pem"))
        (folder / "drivers.toml").write_text(
            f'[slot.reader-2]\nport = "pcsc:{self.pcscd.reader}"\ndriver = "mrtd"\nanchors = "{folder}/anchors"\nwait_s = 5\n'
        )
        self.socket = folder / "drivers.sock"
        words = ["serve", "--config", str(folder / "drivers.toml"), "--socket", str(self.socket), "--state", str(folder / "state")]
        self.service = Program(folder, self.env, "drivers", *words)

    def close(self) -> None:
        self.service.close()
        self.card.close()
        self.pcscd.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.close()


def cards_into(seen: list[dict[str, Any]], socket: Path, heard: threading.Event) -> None:
    with DriversClient(socket) as client:
        for event, data in client.events():
            if event == "snapshot":
                heard.set()
            if event == "card":
                seen.append(data)
                return


def test_a_chip_through_the_service_leaves_nothing_behind(machine: Machine, until: Until) -> None:
    seen: list[dict[str, Any]] = []
    heard = threading.Event()
    listener = threading.Thread(target=cards_into, args=(seen, machine.socket, heard), daemon=True)
    listener.start()
    assert heard.wait(10)
    with DriversClient(machine.socket) as client:
        assert client.read_chip(can="654321")["code"] == "wrong_key"
        told = client.read_chip(**BY_CAN)
        assert (told["code"], told["trust"]) == ("ok", "verified")
        assert told["hint"] == {"vi": "Đã đọc chip của thẻ.", "en": "The card's chip was read."}
        assert client.read_chip(**BY_ZONE)["code"] == "ok"
        with pytest.raises(DriversError) as refused:
            client.read_chip(can="12345x")
        assert (refused.value.code, refused.value.detail) == ("invalid", "can: six digits.")
        (slot,) = client.status()["slots"]
    assert (slot["role"], slot["state"], slot["code"]) == ("reader-2", "ready", "ok")
    listener.join(10)
    assert seen == [EVENT]
    written = machine.service.log.read_bytes()
    assert b'"chip"' in written or b"chip" in written
    for path in (machine.service.log, *(found for found in (machine.folder / "state").rglob("*") if found.is_file())):
        assert [secret for secret in SECRETS if secret in path.read_bytes()] == [], path


@pytest.mark.parametrize("lacking", ["no_anchor", "no_pcscd", "absent"])
def test_doctor_says_in_one_line_what_the_chip_reader_lacks(lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Pcscd()
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(daemon.socket))
    reader = "No Such Reader" if lacking == "absent" else daemon.reader
    (tmp_path / "drivers.toml").write_text(f'[slot.reader-2]\nport = "pcsc:{reader}"\ndriver = "mrtd"\n')
    try:
        if lacking == "no_pcscd":
            daemon.stop()
        findings = [one for one in examine(tmp_path / "drivers.toml", tmp_path / "none.sock") if one.slot == "reader-2"]
    finally:
        daemon.close()
    assert [one.check for one in findings] == [lacking]
    assert all(one.vi and one.en for one in findings)


def test_without_a_chip_reader_the_question_is_refused(tmp_path: Path) -> None:
    (tmp_path / "drivers.toml").write_text('[slot.printer]\nport = "tcp://127.0.0.1:9"\ndriver = "escpos"\n')
    words = ["serve", "--config", str(tmp_path / "drivers.toml"), "--socket", str(tmp_path / "s"), "--state", str(tmp_path / "state")]
    service = Program(tmp_path, dict(os.environ), "drivers", *words)
    try:
        with DriversClient(tmp_path / "s") as client, pytest.raises(DriversError) as refused:
            client.read_chip(can="123456")
        assert refused.value.code == "no_chip"
        maps = Path(f"/proc/{service.process.pid}/maps").read_text()
        assert "cryptography" not in maps  # a machine without the chip does not carry its libraries
    finally:
        service.close()
