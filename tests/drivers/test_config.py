"""A configuration is understood or refused with the key that is wrong; data files likewise."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.config import ConfigError, load_config
from drivers.ports.base import OpenFailed
from drivers.ports.nodes import DeviceInfo, distinct, matching
from drivers.quirks import QuirkError, load_quirks
from drivers.seats import Claims, Place, Seat, choose

GOOD = """
[slot.printer]
port = "tcp://127.0.0.1:9100"
driver = "escpos"
profile = "80mm-203"

[slot.reader]
match = "usb:1eab:0c10:*"
driver = "serial-scanner"
"""


def _load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "drivers.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_a_good_one_is_read(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    assert [(slot.role, slot.driver, slot.address and slot.address.text) for slot in config.slots] == [  # type: ignore[attr-defined]
        ("printer", "escpos", "tcp://127.0.0.1:9100"),
        ("reader", "serial-scanner", None),
    ]
    assert config.slots[0].profile.width_dots == 576  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "[slot.printer]"),
        ("[slot.printer", "drivers.toml"),
        ("speed = 1\n" + GOOD, "top level: unknown key speed"),
        (GOOD.replace('profile = "80mm-203"', 'paper = "80"'), "[slot.printer]: unknown key paper; known: "),
        (GOOD.replace("80mm-203", "90mm"), "profile is one of"),
        (GOOD.replace('"escpos"', '"laser"'), "not 'laser'"),
        (GOOD.replace("[slot.reader]", "[slot.keypad]"), "serves the role reader"),
        (GOOD.replace('port = "tcp://127.0.0.1:9100"', ""), "give either port or match"),
        (GOOD.replace("tcp://", "telnet://"), "write tcp://HOST:PORT"),
        (GOOD.replace("usb:1eab:0c10:*", "usb:*"), "match is usb:VID:PID:SERIAL"),
        (GOOD.replace('match = "usb:1eab:0c10:*"', 'match = "usb:1eab:0c10:*"\nport = "tcp://h:1"'), "give either port or match"),
        (GOOD + "idle_s = 'long'", "idle_s must be a number"),
        (GOOD + "idle_s = 0", "idle_s must be more than 0"),
        (GOOD + "max_bytes = true", "max_bytes must be a number"),
    ],
)
def test_a_bad_one_says_where_and_what(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, text)
    assert word in str(refused.value)


def test_a_missing_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "none.toml")


def test_own_data_files_override_key_by_key(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "90-local.toml").write_text("[profile.80mm-203]\nconfirm_s = 3.5\n[profile.tiny]\nwidth_dots = 256\n")
    config = _load(tmp_path, 'quirks = "mine"\n' + GOOD.replace("80mm-203", "tiny"))
    profiles = config.quirks.profiles  # type: ignore[attr-defined]
    assert (profiles["80mm-203"].confirm_s, profiles["80mm-203"].width_dots) == (3.5, 576)
    assert config.slots[0].profile.width_dots == 256  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[profile.x]\nwidth = 3", "unknown key width in [profile.x]"),
        ("[profile.x]\ndpi = 3", "width_dots is missing"),
        ("[profile.x]\nwidth_dots = 577", "multiple of 8"),
        ('[profile.x]\nwidth_dots = 64\nconfirm = ["hope"]', "confirm may hold"),
        ('[[match]]\nvid = "04b8"', "role, driver and about"),
        ("[[matches]]\n", "unknown key matches"),
    ],
)
def test_a_bad_data_file_is_refused(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(QuirkError) as refused:
        load_quirks(tmp_path)
    assert word in str(refused.value)


def _device(subsystem: str, vid: str, pid: str, name: str, **more: str) -> DeviceInfo:
    return DeviceInfo(subsystem, more.pop("node", "/dev/x"), vid, pid, more.pop("serial", ""), more.pop("path", ""), name, **more)  # type: ignore[arg-type]


def test_the_closest_match_wins_a_bridge_is_bound_by_hand_and_a_tie_is_told(tmp_path: Path) -> None:
    quirks = load_quirks()
    advice, tied = quirks.advise(_device("usbmisc", "04b8", "0202", "TM-T88V"))
    assert advice is not None
    assert (advice.profile, tied) == ("80mm-180", False)
    bridge, _ = quirks.advise(_device("tty", "1A86", "7523", "ttyUSB0"))
    assert bridge is not None
    assert bridge.bridge
    assert quirks.advise(_device("input", "1", "2", "mouse")) == (None, False)
    line = '[[match]]\nsubsystem="usbmisc"\nvid="04b8"\nrole="printer"\ndriver="escpos"\nprofile="58mm-203"\nabout="x"\n'
    (tmp_path / "x.toml").write_text(line)
    assert load_quirks(tmp_path).advise(_device("usbmisc", "04b8", "0202", "x"))[1] is True
    (tmp_path / "x.toml").write_text(line + 'serial="SN*"\n')
    closer = load_quirks(tmp_path)
    assert closer.advise(_device("usbmisc", "04b8", "0202", "x", serial="SN7"))[0].profile == "58mm-203"  # type: ignore[union-attr]
    assert closer.advise(_device("usbmisc", "04b8", "0202", "x", serial="KX7"))[0].profile == "80mm-180"  # type: ignore[union-attr]


def test_auto_takes_what_is_advised_and_neither_a_bridge_nor_what_another_slot_has() -> None:
    printer = _device("usbmisc", "04b8", "0202", "TM", node="/dev/usb/lp0", sys_path="/sys/1")
    twin = _device("usbmisc", "0483", "5743", "POS", node="/dev/usb/lp1", sys_path="/sys/2")
    bridge = _device("tty", "0403", "6001", "FT232R", node="/dev/ttyUSB0", sys_path="/sys/3")
    claims = Claims()

    def seat(slot: str, kind: str, driver: str, found: list[DeviceInfo], ports: dict[str, str]) -> Seat:
        return Seat(Place(slot, kind, driver, None, "auto", ports), load_quirks(), lambda: found, claims)

    both = {"usbmisc": "usblp", "tty": "serial"}
    assert seat("printer", "printer", "escpos", [printer, bridge], both).find()[1] == printer
    with pytest.raises(OpenFailed, match="fits 2 devices") as refused:
        seat("printer", "printer", "escpos", [printer, twin, bridge], both).find()
    assert refused.value.code == "duplicate"
    claims.take("printer-1", printer)
    assert seat("printer-2", "printer", "escpos", [printer, twin], both).find()[1] == twin
    with pytest.raises(OpenFailed, match=r"serves \[slot.printer-1\]") as taken:
        claims.take("printer-2", printer)
    assert taken.value.code == "busy"
    with pytest.raises(OpenFailed, match="nothing like it"):
        seat("reader", "reader", "serial-scanner", [bridge], both).find()


def test_event_nodes_of_one_device_are_one_and_lines_of_one_adaptor_are_two() -> None:
    scanner = [_device("input", "1eab", "22", "S", node=f"/dev/input/event{n}", parent="/sys/usb1") for n in (11, 9)]
    lines = [_device("tty", "0403", "6011", "F", node=f"/dev/ttyUSB{n}", parent="/sys/usb2") for n in (1, 0)]
    assert [one.node for one in distinct(scanner, ("input",))] == ["/dev/input/event9"]
    assert [one.node for one in distinct(lines, ("tty",))] == ["/dev/ttyUSB0", "/dev/ttyUSB1"]


def test_a_match_is_by_serial_or_by_socket() -> None:
    one = DeviceInfo("usbmisc", "/dev/usb/lp0", "04b8", "0e15", "SN1", "pci-1:1.0", "TM")
    two = DeviceInfo("usbmisc", "/dev/usb/lp1", "04b8", "0e15", "SN2", "pci-1:2.0", "TM")
    mouse = DeviceInfo("input", "/dev/input/event1", "04b8", "0e15", "SN3", "pci-1:2.0", "mouse")
    found = [one, two, mouse]
    assert matching(found, "usb:04B8:0e15:SN2") == [two]
    assert matching(found, "usb:04b8:*:*") == [one, two]
    assert matching(found, "path:pci-1:1.0") == [one]
    assert (one.stable_id, DeviceInfo("tty", "/dev/ttyUSB0", "1a86", "7523", "", "pci-1:3", "x").stable_id) == (
        "usb:04b8:0e15:SN1",
        "path:pci-1:3",
    )


def test_two_identical_devices_are_refused_with_the_way_out() -> None:
    twins = [DeviceInfo("usbmisc", f"/dev/usb/lp{n}", "04b8", "0e15", "", f"pci-1:{n}", "TM") for n in (0, 1)]
    with pytest.raises(OpenFailed, match="fits 2 devices") as refused:
        choose(twins, "usb:04b8:0e15:*")
    assert refused.value.code == "duplicate"
    assert choose(twins[:1], "usb:04b8:0e15:*") is twins[0]
    with pytest.raises(OpenFailed) as absent:
        choose([], "usb:04b8:0e15:*")
    assert absent.value.code == "absent"


def test_a_match_carries_the_speed_of_its_line(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD.replace("usb:1eab:0c10:*", "usb:0403:6001:*?baud=9600"))
    wanted = config.slots[1]  # type: ignore[attr-defined]
    assert (wanted.match, wanted.line) == ("usb:0403:6001:*", "baud=9600")
    bridge = _device("tty", "0403", "6001", "F", node="/dev/ttyUSB3")
    place = Place("reader", "reader", "serial-scanner", None, wanted.match, {"tty": "serial"}, wanted.line)
    address, _ = Seat(place, load_quirks(), lambda: [bridge], Claims()).find()
    assert (address.target, address.baud) == ("/dev/ttyUSB3", 9600)
    with pytest.raises(ConfigError, match="baud must be one of"):
        _load(tmp_path, GOOD.replace("usb:1eab:0c10:*", "usb:0403:6001:*?baud=1"))


def test_several_slots_of_a_role_and_a_shared_line(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD + GOOD.split("[slot.reader]")[1].join(["[slot.reader-2]", "\n[bus.hall]\nport = 'serial:/dev/ttyS1'\n"]))
    assert [(slot.role, slot.kind) for slot in config.slots] == [  # type: ignore[attr-defined]
        ("printer", "printer"),
        ("reader", "reader"),
        ("reader-2", "reader"),
    ]
    assert config.buses["hall"].address.target == "/dev/ttyS1"  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"\[bus.hall\]: unknown key speed"):
        _load(tmp_path, GOOD + "[bus.hall]\nspeed = 1\n")
    with pytest.raises(ConfigError, match="bus is named by a table"):
        _load(tmp_path, GOOD.replace('match = "usb:1eab:0c10:*"', 'bus = "hall"'))
