"""`bind` writes one line into one table, or nothing; what it writes is a configuration that means the device it was told."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drivers.cli import drivers
from drivers.config import ConfigError, load_config
from drivers.ports.nodes import DeviceInfo
from drivers.technician.binding import BindError, bind, identity

TEXT = """# Máy in ở quầy 1
quirks = "mine"

[slot.printer]   # USB
driver = "escpos"
port = "usblp:/dev/usb/lp0"
profile = "58mm-203"   # giấy hẹp

[slot.reader]
match = "usb:1eab:0c10:*"
driver = "serial-scanner"
"""


def _device(
    subsystem: str, node: str, vid: str = "04b8", pid: str = "0e15", serial: str = "", path: str = "", parent: str = ""
) -> DeviceInfo:
    return DeviceInfo(subsystem, node, vid, pid, serial, path or f"pci-{node[-1]}", "x", (f"{node}-by-id",), f"/sys{node}", parent or node)


PRINTER = _device("usbmisc", "/dev/usb/lp0", serial="SN1")
SCANNER = _device("tty", "/dev/ttyACM0", "1eab", "0c10", "A1")
BRIDGE = _device("tty", "/dev/ttyUSB3", "1a86", "7523")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    made = tmp_path / "drivers.toml"
    made.write_text(TEXT, encoding="utf-8")
    made.chmod(0o640)
    return made


def test_one_line_changes_and_the_second_time_none(path: Path) -> None:
    done = bind(path, "printer", "/dev/usb/lp0", [PRINTER, SCANNER])
    assert (done.match, done.changed) == ("usb:04b8:0e15:SN1", True)
    expected = TEXT.replace('port = "usblp:/dev/usb/lp0"\n', "").replace("# USB\n", '# USB\nmatch = "usb:04b8:0e15:SN1"\n')
    assert path.read_text(encoding="utf-8") == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    before = path.stat().st_mtime_ns
    assert bind(path, "printer", "usb:04b8:0e15:SN1", [PRINTER, SCANNER]).changed is False
    assert path.stat().st_mtime_ns == before
    assert sorted(one.name for one in path.parent.iterdir()) == ["drivers.toml", "mine"]


def test_a_new_slot_is_a_new_table_at_the_end(path: Path) -> None:
    done = bind(path, "reader-2", "/dev/ttyUSB3-by-id", [PRINTER, SCANNER, BRIDGE], driver_name="serial-scanner", line="baud=9600")
    assert done.match == "path:pci-3?baud=9600"
    slots = {slot.role: slot for slot in load_config(path).slots}
    assert (slots["reader-2"].match, slots["reader-2"].line, slots["reader-2"].driver) == ("path:pci-3", "baud=9600", "serial-scanner")
    assert path.read_text(encoding="utf-8").startswith(TEXT)


def test_a_machine_without_a_file_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "drivers.toml"
    assert bind(path, "printer", "", [PRINTER]).driver == "escpos"
    assert load_config(path).slots[0].profile.name == "80mm-180"  # type: ignore[union-attr]


def test_twins_are_named_by_their_socket() -> None:
    twins = [_device("usbmisc", f"/dev/usb/lp{n}", serial="0001") for n in (0, 1)]
    assert [identity(one, twins) for one in twins] == ["path:pci-0", "path:pci-1"]
    ports = [_device("tty", f"/dev/ttyUSB{n}", "0403", "6010", "FT1", parent="/sys/usb1") for n in (0, 1)]
    assert identity(ports[1], ports) == "path:pci-1"
    assert identity(ports[1], ports[1:]) == "usb:0403:6010:FT1"


def test_none_or_several_are_told_with_the_choices(path: Path) -> None:
    twin = _device("usbmisc", "/dev/usb/lp1", serial="SN2")
    with pytest.raises(BindError) as several:
        bind(path, "printer", "", [PRINTER, twin, SCANNER])
    assert several.value.choices == [PRINTER, twin]
    with pytest.raises(BindError):
        bind(path, "printer", "/dev/usb/lp7", [PRINTER])
    with pytest.raises(BindError, match="--driver"):
        bind(path, "reader-2", "/dev/ttyUSB3", [BRIDGE])
    assert path.read_text(encoding="utf-8") == TEXT


def test_what_would_not_be_a_configuration_is_not_written(path: Path) -> None:
    with pytest.raises(ConfigError, match="serves the role"):
        bind(path, "keypad", "/dev/usb/lp0", [PRINTER], driver_name="escpos")
    with pytest.raises(ConfigError, match="baud must be one of"):
        bind(path, "reader", "/dev/ttyACM0", [SCANNER], line="baud=7")
    assert path.read_text(encoding="utf-8") == TEXT
    assert len(list(path.parent.iterdir())) == 2


def _run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(drivers, ["bind", *arguments, "--json"])
    return done.exit_code, json.loads(done.output) if done.output.startswith("{") else done.output


def test_the_command_says_what_it_did(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.ports.discovery.devices", lambda: [PRINTER, SCANNER, BRIDGE])
    code, said = _run("printer", "--config", str(path))
    assert (code, said["match"], said["changed"]) == (0, "usb:04b8:0e15:SN1", True)
    code, said = _run("led-1", "/dev/nothing", "--config", str(path))
    assert (code, said["ok"], len(said["choices"])) == (1, False, 3)
    code, said = _run("Printer!", "/dev/usb/lp0", "--driver", "escpos", "--config", str(path))
    assert code == 2
    assert "Traceback" not in said
    words = CliRunner().invoke(drivers, ["bind", "printer", "--config", str(path)])
    assert "Đã đúng từ trước" in words.output
