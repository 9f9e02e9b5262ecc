"""Doctor, with the service running and without it: one line for each fault switch of each simulator, and for the machine around."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.client import DriversClient
from drivers.config import load_config
from drivers.health import HINTS
from drivers.ports.nodes import DeviceInfo
from drivers.sim.faults import KEYPAD_FAULTS, LED_FAULTS, PRINTER_FAULTS, SCANNER_FAULTS
from drivers.sim.scanner import SAMPLES
from drivers.technician.checks import machine as check_machine
from drivers.technician.doctor import examine
from drivers.technician.finding import Finding
from tests.drivers.far_ends import Hall
from tests.drivers.scenarios.stage import until


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    made = Hall(tmp_path_factory.mktemp("hall"))
    made.serve()
    yield made
    made.close()


PRINTER = {
    "paper-low": "paper_low",
    "paper-out": "paper_out",
    "cover-open": "cover_open",
    "offline": "offline",
    "overheat": "overheat",
    "silent": "timeout",
    "slow": "slow",
    "garbage": "garbled",
    "partial": "stalls",
    "unplug": "absent",
}
# A cutter jams when it cuts; a buffer is kept when a slip is broken off. Each has a test of its own below.
IN_A_JOB = {"cutter", "keeps-buffer"}
LED = {"silent": "timeout", "garbage": "garbled", "slow": "slow", "partial": "garbled", "wrong-checksum": "garbled", "unplug": "absent"}
LED |= {"nak": "refused"}
KEYPAD = LED
SCANNER = {"garbage": "scan_noise", "wrong-encoding": "scan_charset", "prefix": "scan_prefix", "slow": "slow", "unplug": "absent"}
SCANNER |= {"partial": "scan_noise", "no-end": "no_end"}
# Bytes that come in pieces are joined, so there is nothing to explain; keyboards have layouts, lines have none (`test_doctor_hands`).
HARMLESS, OF_KEYBOARDS = {"split"}, {"wrong-layout"}
CARDS = [sample for sample in SAMPLES if sample.code in ("cccd", "cccd-old", "cancuoc")]
ROUNDS = list(itertools.zip_longest(PRINTER.items(), SCANNER.items(), LED.items(), KEYPAD.items(), fillvalue=("", "")))


def test_every_switch_is_told_of_here() -> None:
    assert set(PRINTER) | IN_A_JOB == set(PRINTER_FAULTS)
    assert set(LED) == set(LED_FAULTS)
    assert set(KEYPAD) == set(KEYPAD_FAULTS)
    assert set(SCANNER) | HARMLESS | OF_KEYBOARDS | {"silent"} == set(SCANNER_FAULTS)


def test_a_scanner_that_never_spoke_is_noted(hall: Hall) -> None:
    hall.fault("reader", "silent")
    assert hall.scanner.scan(CARDS[0].payload) == 0
    until(lambda: [one.check for one in hall.doctor()["reader"]] == ["silent"], "noted")
    assert hall.doctor()["reader"][0].level == "note"


@pytest.mark.slow(reason="a panel is told silent after two questions, a scanner's setting after three cards, low paper after three looks")
@pytest.mark.parametrize("switches", ROUNDS, ids=lambda one: "+".join(name for name, _ in one if name))
def test_each_switch_is_one_line_that_says_what_to_do(hall: Hall, switches: Any) -> None:
    wanted = dict(zip(("printer", "reader", "led", "keypad"), switches, strict=True))
    for slot, (name, _) in wanted.items():
        hall.fault(slot, name)
    if wanted["reader"][0] not in ("", "unplug"):
        until(lambda: "absent" not in [one.check for one in hall.doctor()["reader"]], "plugged in again", 20)
        for card in CARDS:
            hall.scanner.scan(card.payload)
            threading.Event().wait(0.5)  # a person takes one card away and lays the next one down
    if wanted["keypad"][0] == "nak":  # the keys have nothing to refuse; their little display has
        with DriversClient(hall.socket) as client:
            client.show("keypad", ["8"])
    said: dict[str, list[Finding]] = {}

    def told() -> bool:
        said.update(hall.doctor())
        return all([one.check for one in said[slot]] == [code] for slot, (_, code) in wanted.items() if code)

    until(told, f"{wanted}, not {said}", 20)
    for slot, (_, code) in wanted.items():
        for one in said[slot] if code else []:
            assert "\n" not in one.line("vi") + one.line("en")
            assert code == "no_end" or (one.vi, one.en) == HINTS[code]


def test_a_cutter_that_jams_is_told_after_the_cut(hall: Hall) -> None:
    for slot in ("printer", "reader", "led", "keypad"):
        hall.fault(slot, "")
    for card in CARDS:
        hall.scanner.scan(card.payload)
    until(lambda: not any(hall.doctor().values()), f"all is well again: {hall.doctor()}", 20)
    hall.fault("printer", "cutter")
    with DriversClient(hall.socket) as client:
        client.print_raster("doctor-cut", b"\xff" * (72 * 40), 576, 40)
    until(lambda: [one.check for one in hall.doctor()["printer"]] == ["cutter"], "the cutter", 20)


def test_a_scan_in_pieces_is_one_scan_and_no_finding(hall: Hall) -> None:
    hall.fault("reader", "")
    for card in CARDS:
        hall.scanner.scan(card.payload)
    until(lambda: not hall.doctor()["reader"], "all is well", 20)
    hall.fault("reader", "split")
    heard: list[str] = []
    listening = threading.Event()

    def listen() -> None:
        with DriversClient(hall.socket) as client:
            for event, data in client.events():
                listening.set()
                if event == "card":
                    heard.append(data["kind"])
                if len(heard) == len(CARDS):
                    return

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    assert listening.wait(10)
    for card in CARDS:
        assert hall.scanner.scan(card.payload)
    ear.join(15)
    assert heard == ["id_card"] * len(CARDS)
    assert not hall.doctor()["reader"]


def test_a_printer_that_kept_an_old_slip_says_so_until_another_came_out(hall: Hall) -> None:
    hall.fault("printer", "")
    until(lambda: not hall.doctor()["printer"], "all is well", 20)
    hall.fault("printer", "paper-out@20r,keeps-buffer")
    with DriversClient(hall.socket) as client:
        assert client.print_raster("doctor-kept", b"\xff" * (72 * 400), 576, 400)["outcome"] == "unknown"
        assert [one.check for one in hall.doctor()["printer"]] == ["paper_out", "kept_slip"]
        hall.fault("printer", "keeps-buffer")
        until(lambda: [one.check for one in hall.doctor()["printer"]] == ["kept_slip"], "new paper", 20)
        (kept,) = hall.doctor()["printer"]
        assert kept.level == "warn"
        assert "xé bỏ" in kept.line("vi")
        assert "\n" not in kept.line("vi") + kept.line("en")
        assert client.print_raster("doctor-next", b"\xff" * (72 * 40), 576, 40)["outcome"] == "printed"
    until(lambda: not hall.doctor()["printer"], "told no more", 20)


def test_a_printer_that_forgot_the_old_slip_has_none(hall: Hall) -> None:
    hall.fault("printer", "paper-out@20r")
    with DriversClient(hall.socket) as client:
        assert client.print_raster("doctor-forgot", b"\xff" * (72 * 400), 576, 400)["outcome"] == "unknown"
    assert [one.check for one in hall.doctor()["printer"]] == ["paper_out"]
    hall.fault("printer", "")
    until(lambda: not hall.doctor()["printer"], "new paper", 20)


# ---------------------------------------------------------------- without the service, and the machine around
def test_without_the_service_the_devices_are_asked_themselves(tmp_path: Path) -> None:
    """One finding for the service, one for each device that ails; panels and keypads are watched for a moment."""
    own = Hall(tmp_path)
    try:
        for slot, name in (("printer", "garbage"), ("led", "nak"), ("keypad", "silent")):
            own.fault(slot, name)
        found = [one for one in examine(own.config, own.socket) if one.check != "fonts"]
        assert {(one.slot, one.check) for one in found} == {
            ("", "service"),
            ("printer", "garbled"),
            ("led", "refused"),
            ("keypad", "timeout"),
        }
    finally:
        own.close()


def _machine(folder: Path, text: str, found: list[DeviceInfo]) -> set[str]:
    (folder / "proc").mkdir(exist_ok=True)
    path = folder / "drivers.toml"
    path.write_text(text)
    return {one.check for one in check_machine(load_config(path), found, folder)} - {"fonts", "grabber", "group"}


def test_the_machine_around(tmp_path: Path) -> None:
    text = '[slot.printer]\nmatch = "usb:04b8:0e15:0001"\ndriver = "escpos"\n'
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/comm").write_text("systemd\n")
    assert _machine(tmp_path, text, []) == set()
    (tmp_path / "run/udev").mkdir(parents=True)
    twins = [DeviceInfo("usbmisc", f"/dev/usb/lp{n}", "04b8", "0e15", "0001", f"pci-{n}", "x", parent=f"/sys/{n}") for n in (0, 1)]
    (tmp_path / "sys/class/hwmon/hwmon1").mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon1/name").write_text("rpi_volt\n")
    (tmp_path / "sys/class/hwmon/hwmon1/in0_lcrit_alarm").write_text("1\n")
    assert _machine(tmp_path, text, twins) == {"rules", "twins", "undervoltage"}
    (tmp_path / "etc/udev/rules.d").mkdir(parents=True)
    (tmp_path / "etc/udev/rules.d/70-toiluot.rules").write_text("")
    (tmp_path / "sys/class/hwmon/hwmon1/in0_lcrit_alarm").write_text("0\n")
    assert _machine(tmp_path, text, twins[:1]) == set()
    (tmp_path / "proc/7/comm").write_text("ModemManager\n")
    config = load_config(tmp_path / "drivers.toml")
    assert [one.check for one in check_machine(config, [], tmp_path) if one.check == "grabber"] == ["grabber"]


def test_a_tie_is_noted(tmp_path: Path) -> None:
    (tmp_path / "q").mkdir()
    (tmp_path / "q/90.toml").write_text(
        '[[match]]\nsubsystem="usbmisc"\nvid="04b8"\nrole="printer"\ndriver="escpos"\nprofile="58mm-203"\nabout="x"\n'
    )
    text = 'quirks = "q"\n[slot.printer]\nmatch = "auto"\ndriver = "escpos"\n'
    found = [DeviceInfo("usbmisc", "/dev/usb/lp0", "04b8", "0202", "S", "pci-0", "x")]
    assert _machine(tmp_path, text, found) == {"tie"}
