"""What a device tells of its board, read from a made tree of /sys, /proc and /run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from queue_server.contract import messages, strict
from queue_server.device.board_health import CANARY_EVERY_S, SYNC_EVERY_S, Board, address_towards

BOOT = "5d1c2c6e-0d6c-4a3b-9a55-3b0a3f1f7a11"


class Machine:
    """A machine made of files, with a clock that stands until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.root, self.state = folder / "root", folder / "state"
        self.state.mkdir()
        self.now_s = 1000.0
        self.asked: list[Sequence[str]] = []
        self.says: dict[str, str | None] = {}
        self.put("proc/sys/kernel/random/boot_id", BOOT)

    def put(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
        return file

    def run(self, words: Sequence[str]) -> str | None:
        self.asked.append(words)
        return self.says.get(words[0])

    def board(self, **more: Any) -> Board:
        return Board(self.state, root=self.root, run=self.run, monotonic=lambda: self.now_s, **more)

    def on_card(self, life: str = "0x03 0x02", errors: str = "0") -> None:
        """The state folder's medium is the second partition of an eMMC."""
        number = self.state.stat().st_dev
        part = self.root / "sys/devices/mmc1/block/mmcblk0/mmcblk0p2"
        part.mkdir(parents=True, exist_ok=True)
        self.put("sys/devices/mmc1/block/mmcblk0/device/life_time", life)
        self.put("sys/fs/ext4/mmcblk0p2/errors_count", errors)
        link = self.root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(part)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_sensors_tells_little_and_is_well(machine: Machine) -> None:
    told = machine.board(units=("toiluot-kiosk",)).report()
    assert set(told) == {"storage"}
    assert told["storage"]["writable"] is True
    assert told["storage"]["read_only"] is False
    assert told["storage"]["free_mb"] > 0


@pytest.mark.parametrize(("raw", "degrees"), [("48312", 48), ("-1500", -2), ("999999", 200)])
def test_heat_in_whole_degrees(machine: Machine, raw: str, degrees: int) -> None:
    machine.put("sys/class/thermal/thermal_zone0/temp", raw)
    assert machine.board().report()["temperature_c"] == degrees


@pytest.mark.parametrize("raw", ["", "warm", "4²", "--5"])
def test_a_sensor_that_talks_nonsense_is_left_out(machine: Machine, raw: str) -> None:
    machine.put("sys/class/thermal/thermal_zone0/temp", raw)
    assert "temperature_c" not in machine.board().report()


def test_a_short_drop_of_the_supply_is_kept_for_this_boot_and_no_longer(machine: Machine) -> None:
    alarm = machine.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0")
    board = machine.board()
    assert board.report()["undervoltage"] == {"now": False, "since_boot": False}
    alarm.write_text("1\n")
    board.sample()  # between two heartbeats
    alarm.write_text("0\n")
    assert board.report()["undervoltage"] == {"now": False, "since_boot": True}
    assert machine.board().report()["undervoltage"]["since_boot"] is True  # the program was started again
    machine.put("proc/sys/kernel/random/boot_id", "another-boot")
    assert machine.board().report()["undervoltage"]["since_boot"] is False


def test_the_boot_is_known_where_the_sandbox_hides_the_kernels_file(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.root / "proc/sys/kernel/random/boot_id").unlink()
    monkeypatch.setenv("TOILUOT_BOOT_ID", "from-systemd")
    assert machine.board().boot == "from-systemd"


@pytest.mark.parametrize(("life", "pct"), [("0x01 0x01", 10), ("0x03 0x09", 90), ("0x0B 0x01", 110), ("0x00 0x00", None), ("?", None)])
def test_the_cards_life_and_the_errors_of_its_file_system(machine: Machine, life: str, pct: int | None) -> None:
    machine.on_card(life, "7")
    storage = machine.board().report()["storage"]
    assert storage.get("life_pct") == pct
    assert storage["errors"] == 7


def test_a_card_that_cannot_be_written_is_noticed_at_once_and_asked_again_each_time(machine: Machine) -> None:
    board = machine.board()
    assert board.report()["storage"]["writable"] is True
    canary = machine.state / ".canary"
    canary.mkdir()  # nothing can be written there
    assert board.report()["storage"]["writable"] is True  # not written again so soon: writing wears a card
    machine.now_s += CANARY_EVERY_S
    assert board.report()["storage"]["writable"] is False
    canary.rmdir()
    assert board.report()["storage"]["writable"] is True


def test_restarts_of_units_that_are_there(machine: Machine) -> None:
    blocks = ["Id=toiluot-kiosk.service\nLoadState=loaded\nNRestarts=2", "Id=toiluot-screen.service\nLoadState=not-found\nNRestarts=0"]
    machine.says["systemctl"] = "\n\n".join(blocks) + "\n"
    assert machine.board(units=("toiluot-kiosk", "toiluot-screen")).report()["units"] == {"toiluot-kiosk": 2}


def test_whether_the_clock_is_kept_in_time(machine: Machine) -> None:
    board = machine.board()
    assert board.synced() is False
    machine.says["timedatectl"] = "yes\n"
    assert board.synced() is True
    asked = len(machine.asked)
    assert board.synced() is True
    assert len(machine.asked) == asked  # known for a while
    machine.now_s += SYNC_EVERY_S
    machine.says["timedatectl"] = "no\n"
    assert board.synced() is False
    machine.put("run/systemd/timesync/synchronized", "")
    assert board.synced() is True


def test_what_is_told_is_what_the_contract_reads(machine: Machine) -> None:
    machine.put("sys/class/thermal/thermal_zone0/temp", "61000")
    machine.put("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1")
    machine.on_card()
    machine.says["systemctl"] = "Id=toiluot-kiosk.service\nLoadState=loaded\nNRestarts=0\n"
    told = machine.board(units=("toiluot-kiosk",)).report()
    beat = strict.read(messages.Heartbeat, {"device": "k", "role": "kiosk", **told})
    assert (beat.temperature_c, beat.undervoltage.now, beat.storage.life_pct, beat.units) == (61, True, 30, {"toiluot-kiosk": 0})
    assert strict.wire(beat)["storage"] == told["storage"]


def test_ones_own_address_on_the_way_to_the_server() -> None:
    assert address_towards("http://127.0.0.1:8080,http://10.0.0.3") == "127.0.0.1"
    assert address_towards("not an address") == ""
