"""A configuration is understood or refused with the key that is wrong; data files likewise."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.assembly import choose
from drivers.config import ConfigError, SlotConfig, load_config
from drivers.ports.base import OpenFailed
from drivers.ports.discovery import DeviceInfo, matching
from drivers.quirks import QuirkError, load_quirks
from drivers.registry import NODE_PORTS

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


def test_the_closest_match_wins_a_bridge_is_bound_by_hand_and_a_tie_is_told(tmp_path: Path) -> None:
    quirks = load_quirks()
    advice, tied = quirks.advise("usbmisc", "04b8", "0202", "TM-T88V")
    assert advice is not None
    assert (advice.profile, tied) == ("80mm-180", False)
    bridge, _ = quirks.advise("tty", "1A86", "7523", "ttyUSB0")
    assert bridge is not None
    assert bridge.bridge
    assert quirks.advise("input", "1", "2", "mouse") == (None, False)
    (tmp_path / "x.toml").write_text(
        '[[match]]\nsubsystem="usbmisc"\nvid="04b8"\nrole="printer"\ndriver="escpos"\nprofile="58mm-203"\nabout="x"'
    )
    assert load_quirks(tmp_path).advise("usbmisc", "04b8", "0202", "x")[1] is True


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
    wanted = SlotConfig("printer", "escpos", None, match="usb:04b8:0e15:*")
    twins = [DeviceInfo("usbmisc", f"/dev/usb/lp{n}", "04b8", "0e15", "", f"pci-1:{n}", "TM") for n in (0, 1)]
    with pytest.raises(OpenFailed, match="fits 2 devices") as refused:
        choose(twins, wanted.match, NODE_PORTS)
    assert refused.value.code == "error"
    assert choose(twins[:1], wanted.match, NODE_PORTS).text == "usblp:/dev/usb/lp0"
    with pytest.raises(OpenFailed) as absent:
        choose([], wanted.match, NODE_PORTS)
    assert absent.value.code == "absent"
