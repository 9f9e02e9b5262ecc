"""The technician's commands on emulated devices: list, bind, watch, with the real udev; and many plugs of a true line."""

from __future__ import annotations

import gc
import json
import os
import threading
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from drivers.cli import drivers
from drivers.config import load_config
from drivers.technician.watching import changes
from tests.drivers.scenarios.levels import fds
from tests.drivers.scenarios.stage import until
from tests.drivers.umockdev.bed import Bed
from tests.drivers.umockdev.case_supervision import Machine
from tests.drivers.umockdev.hardware import usb_printer, usb_serial

CYCLES = 25


def _run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(drivers, [*arguments, "--json"])
    return done.exit_code, json.loads(done.output)


def test_list_and_bind_see_what_is_plugged_in(bed: Bed, tmp_path: Path) -> None:
    plugged = [usb_printer(60, serial="P9", port="1-8"), usb_serial(61, vid="1a86", pid="7523", model="USB Serial", port="1-9")]
    for device in plugged:
        bed.plug(device)
    path, nowhere = tmp_path / "drivers.toml", str(tmp_path / "none.sock")
    code, said = _run("bind", "printer", "--config", str(path))
    assert (code, said["match"], said["changed"]) == (0, "usb:04b8:0e15:P9", True)
    code, said = _run("bind", "reader", "/dev/ttyUSB61", "--driver", "serial-scanner", "--line", "baud=9600", "--config", str(path))
    assert (code, said["match"]) == (0, "path:pci-0000:00:14.0-usb-0:9:1.0?baud=9600")
    assert [slot.role for slot in load_config(path).slots] == ["printer", "reader"]
    held = os.open("/dev/usb/lp60", os.O_RDWR | os.O_NOCTTY)
    code, said = _run("list", "--config", str(path), "--socket", nowhere)
    os.close(held)
    rows = {row["node"]: row for row in said["devices"]}
    assert (rows["/dev/usb/lp60"]["slot"], rows["/dev/usb/lp60"]["score"], rows["/dev/usb/lp60"]["driver"]) == ("printer", 3, "escpos")
    assert (rows["/dev/ttyUSB61"]["slot"], rows["/dev/ttyUSB61"]["driver"]) == ("reader", "")
    for device in plugged:
        bed.unplug(device)


def test_watch_tells_of_coming_and_going(bed: Bed) -> None:
    listens = threading.Event()
    first = changes(30.0, listens.set)
    device = usb_printer(62, serial="P8", port="1-8")
    told: list[dict[str, Any]] = []

    def listen() -> None:
        for change in first:
            told.append(change)
            if len(told) == 2:
                return

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    assert listens.wait(20)
    bed.plug(device)
    until(lambda: told, "the first")
    bed.unplug(device)
    listening.join(10)
    assert [(one["change"], one["device"]["node"]) for one in told] == [("add", "/dev/usb/lp62"), ("remove", "/dev/usb/lp62")]


def test_many_plugs_of_a_true_line_leak_nothing(bed: Bed, tmp_path: Path) -> None:
    own = Machine(tmp_path, '[slot.reader]\nmatch = "usb:0403:6001:A9X"\ndriver = "serial-scanner"\n')
    before = 0
    try:
        for number in range(100, 100 + CYCLES):
            device = usb_serial(number, serial="A9X")
            bed.plug(device)
            until(lambda: own.state("reader")[0] == "ready", "plugged", 45)  # the look every 30 s finds what a wake-up missed
            bed.unplug(device)
            until(lambda: own.state("reader")[0] not in ("ready", "degraded"), "pulled")
            if number == 105:
                gc.collect()
                before = fds()
        gc.collect()
        until(lambda: fds() <= before, "no more open files than after the fifth plug")
    finally:
        own.close()
