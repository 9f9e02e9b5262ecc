"""A fault in the field becomes a test: what `record` took down plays back on a memory line, and nothing of a person is in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cli import drivers
from drivers.client import DriversClient
from drivers.codecs import card_qr, scan_text
from drivers.codecs.anonymise import Anonymiser
from drivers.codecs.scan_text import SCANNER_ENCODINGS, encode
from drivers.model import Outcome
from drivers.ports.nodes import DeviceInfo
from drivers.ports.tap import MOST_EVENTS, Tape
from drivers.recording import described, make
from drivers.sim.scanner import SAMPLES
from tests.drivers.far_ends import Hall
from tests.drivers.scenarios.levels import MEMORY
from tests.drivers.scenarios.playback import PlaybackFar, load
from tests.drivers.scenarios.printer import PrinterStage
from tests.drivers.scenarios.reader import ReaderStage
from tests.drivers.scenarios.stage import until

CARD = SAMPLES[0].payload


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    made = Hall(tmp_path_factory.mktemp("hall"))
    made.serve()
    yield made
    made.close()


def _recorded(hall: Hall, slot: str, file: Path, seconds: float, during: Any) -> dict[str, Any]:
    """As a technician does it, while something happens."""
    came: list[Any] = []
    command = ["record", slot, str(file), "--socket", str(hall.socket), "--for", str(seconds), "--json"]
    thread = threading.Thread(target=lambda: came.append(CliRunner().invoke(drivers, command)))
    thread.start()
    with DriversClient(hall.socket) as client:
        began = client.lines()[slot]["bytes_in"]
        until(lambda: client.lines()[slot]["recording"], "the tape runs")
        until(lambda: slot != "printer" or client.lines()[slot]["bytes_in"] > began, "it polls")
    during()
    thread.join(60)
    assert came[0].exit_code == 0, came[0].output
    assert json.loads(came[0].output)["ok"] is True
    return load(file)


class PlayedPrinter(PrinterStage):
    def make_far(self, recording: dict[str, Any]) -> PlaybackFar:  # type: ignore[override]
        return PlaybackFar(recording)


class PlayedReader(ReaderStage):
    def make_far(self, recording: dict[str, Any]) -> PlaybackFar:  # type: ignore[override]
        return PlaybackFar(recording)


def test_a_printers_fault_in_the_field_plays_back(hall: Hall, tmp_path: Path) -> None:
    """The cutter jams in the field; weeks later, on a desk without a printer, the same driver meets the same bytes."""

    def jam() -> None:
        hall.fault("printer", "cutter")
        with DriversClient(hall.socket) as client:
            client.print_raster("field-1", b"\xff" * (72 * 60), 576, 60)

    recording = _recorded(hall, "printer", tmp_path / "fault.json", 3.0, jam)
    hall.fault("printer", "")
    assert recording["complete"] is True
    assert "cutter" in [code for _, code in recording["health"]]
    stage = PlayedPrinter(MEMORY, tmp_path, recording=recording)
    try:
        stage.start()
        stage.until_code("cutter")
        assert stage.print("again").outcome is Outcome.NOT_SENT
    finally:
        stage.close()


def test_a_scanners_fault_plays_back_without_the_person(hall: Hall, tmp_path: Path) -> None:
    def scan() -> None:
        hall.fault("reader", "wrong-encoding")
        for sample in SAMPLES[:3]:
            hall.scanner.scan(sample.payload)
            threading.Event().wait(1.7)  # a person takes one card away and lays the next one down

    file = tmp_path / "fault.json"
    recording = _recorded(hall, "reader", file, 7.5, scan)
    hall.fault("reader", "")
    raw = b"".join(bytes.fromhex(data) for _, what, data in recording["events"] if what == "in")
    for sample in SAMPLES[:3]:
        fields = sample.payload.split("|")
        assert fields[0].encode() not in raw
        assert not any(word.encode("cp1258", "ignore") in raw for word in fields[2].split() if word.isascii() and len(word) > 2)
    stage = PlayedReader(MEMORY, tmp_path, recording=recording)
    try:
        stage.start()
        stage.far.begin.set()
        stage.until_code("scan_charset")
        assert [data["kind"] for event, data in stage.events if event == "card"][:1] == ["id_card"]
    finally:
        stage.close()


# ---------------------------------------------------------------- what leaves the machine
@pytest.mark.parametrize("encoding", [one for one in SCANNER_ENCODINGS if one not in ("utf-16", "hex")])
def test_what_is_anonymous_keeps_its_shape(encoding: str) -> None:
    raw = encode(CARD, encoding)
    clean = Anonymiser().text(raw)
    before, after = scan_text.decode(raw), scan_text.decode(clean)
    assert (len(clean), after.encoding, type(card_qr.parse(after.text))) == (len(raw), before.encoding, type(card_qr.parse(before.text)))
    assert CARD.split("|")[0] not in after.text
    assert "Nguy" not in after.text
    assert "Phường" not in after.text


def test_other_codes_stay_what_they_are() -> None:
    for sample in SAMPLES:
        clean = scan_text.decode(Anonymiser().text(encode(sample.payload, "utf-8"))).text
        assert type(card_qr.parse(clean)) is type(card_qr.parse(sample.payload)), (sample.code, clean)


def test_the_same_number_becomes_the_same_number() -> None:
    cleaner = Anonymiser()
    one, two, again = (cleaner.text(number) for number in (b"001090123456", b"079203004321", b"001090123456"))
    assert one == again != two


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_anything_can_be_made_anonymous(data: bytes) -> None:
    assert len(Anonymiser().text(data)) == len(data)
    assert len(Anonymiser.keys(data)) == len(data)


def test_a_tape_has_an_end() -> None:
    tape = Tape(0.0)
    for _ in range(MOST_EVENTS + 5):
        tape.take("in", b"x")
    assert (len(tape.events), tape.full) == (MOST_EVENTS, True)
    assert make("reader", "reader", "serial-scanner", tape, [], None)["complete"] is False


def test_the_device_is_described_without_its_serial_number() -> None:
    device = DeviceInfo("tty", "/dev/ttyACM0", "1eab", "0c10", "SN123", "pci-0:2", "NLS", sys_path="/sys/devices/x", parent="/sys/devices")
    text = described(device)
    assert "SN123" not in text
    assert {"P: /devices/x", "N: ttyACM0", "E: ID_VENDOR_ID=1eab", "A: idProduct=0c10"} <= set(text.splitlines())


def test_refusals_are_sentences(hall: Hall, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(drivers, ["record", *arguments])

    assert run("nothing", str(tmp_path / "x"), "--socket", str(hall.socket)).exit_code == 1
    assert run("reader", str(tmp_path / "no" / "x"), "--socket", str(hall.socket)).exit_code == 2
    away = run("reader", str(tmp_path / "x"), "--socket", str(tmp_path / "none"))
    assert (away.exit_code, "Traceback" in away.output) == (1, False)


# ---------------------------------------------------------------- burn-in
def _burn(hall: Hall, *more: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(drivers, ["burn-in", "--socket", str(hall.socket), "--cycles", "3", "--every", "0", "--json", *more])
    return done.exit_code, json.loads(done.output)


def test_burn_in_reports_on_every_device(hall: Hall) -> None:
    with DriversClient(hall.socket) as client:
        until(lambda: all(slot["code"] in ("ok", "scan_charset") for slot in client.status()["slots"]), "all well", 20)
    for sample in SAMPLES[:3]:
        hall.scanner.scan(sample.payload)
    with DriversClient(hall.socket) as client:
        until(lambda: all(slot["code"] == "ok" for slot in client.status()["slots"]), "all well", 20)
    code, said = _burn(hall)
    assert (code, said["ok"], said["rounds"]) == (0, True, 3), said
    by_slot = {one["slot"]: one for one in said["devices"]}
    assert set(by_slot) == {"printer", "reader", "led", "keypad"}
    assert by_slot["printer"]["cycles"] == 3
    assert by_slot["printer"]["worst_ms"] > 0
    printed = hall.printer.printed
    hall.fault("printer", "paper-out")
    hall.fault("led", "nak")
    code, said = _burn(hall)
    hall.fault("printer", "")
    hall.fault("led", "")
    by_slot = {one["slot"]: one for one in said["devices"]}
    assert (code, said["ok"], hall.printer.printed) == (1, False, printed)
    assert by_slot["printer"]["errors"]["paper_out"] >= 2
    assert by_slot["led"]["ok"] is False
    assert by_slot["keypad"]["ok"] is True
