"""Paper is counted where no sensor counts it: slips left, paper low by the count, a roll changed step by step."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.client import DriversClient, DriversError
from drivers.devices.journal import Journal
from drivers.devices.odometer import CORE, NEW_SLIP_MM, Odometer, Roll
from drivers.devices.ticket_printer import TicketPrinter
from drivers.health import Health
from drivers.model import NewRoll, Outcome, PrintJob
from drivers.quirks import load_quirks
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire

Make = Callable[..., Any]
Until = Callable[..., Any]
SLIP_MM = 300 * 25.4 / 203 + 6 * 4.233


def test_a_roll_nobody_spoke_of_is_unknown_and_never_low() -> None:
    assert Roll().after(100).slips_left is None


def test_slips_left_follow_the_slips_that_are_really_printed() -> None:
    roll = Roll(80_000)
    assert roll.slips_left == int(80_000 * CORE / NEW_SLIP_MM)
    for _ in range(60):
        roll = roll.after(70)
    assert roll.slips_left == int((80_000 * CORE - 60 * 70) / 70)
    for _ in range(60):
        roll = roll.after(140)  # long names now
    assert roll.slips_left == pytest.approx((80_000 * CORE - 60 * 210) / 140, abs=3)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 300_000), st.lists(st.floats(5, 1000), max_size=200))
def test_the_count_never_goes_below_nothing_nor_up_while_slips_are_alike(length_mm: int, slips: list[float]) -> None:
    roll = Roll(length_mm)
    for slip_mm in slips:
        roll = roll.after(slip_mm)
        assert roll.slips_left is None or roll.slips_left >= 0
    used_mm = roll.used_mm
    assert used_mm == pytest.approx(sum(slips))


def test_the_count_survives_a_restart_and_a_slip_is_counted_before_it_is_sent(tmp_path: Path) -> None:
    book = Journal(tmp_path / "jobs")
    odometer = Odometer(book, "printer", 203, 60.0, 50)
    odometer.renew()
    odometer.sending("one", 300, 6)
    told = odometer.facts()
    book.close()
    again = Journal(tmp_path / "jobs")
    assert [one.job_id for one in again.in_doubt] == ["one"], "the step and the paper are one commit"
    assert Odometer(again, "printer", 203, 60.0, 50).facts() == told == {"slips_left": 923, "roll_m": 60.0, "roll_used_m": 0.1}
    assert Odometer(again, "printer-2", 203, 60.0, 50).facts() == {"slips_left": None}, "each printer has its own roll"
    again.close()


@pytest.mark.parametrize(
    ("codes", "new"),
    [
        (["ok", "paper_out", "ok"], True),
        (["paper_low", "paper_out", "cover_open", "ok"], True),
        (["ok", "cover_open", "paper_out", "ok"], False),  # lifted paper looks like none
        (["absent", "paper_out", "ok"], False),
        (["ok", "cover_open", "ok"], False),
    ],
)
def test_paper_that_ended_under_our_eyes_and_is_back_is_a_new_roll(tmp_path: Path, codes: list[str], new: bool) -> None:
    book = Journal(tmp_path / "jobs")
    odometer = Odometer(book, "printer", 203, 60.0, 50)
    for before, after in pairwise(codes):
        odometer.watch(before, after)
    assert (odometer.facts()["slips_left"] is not None) is new
    assert book.roll("printer").assumed is new
    book.close()


def test_low_by_the_count_is_told_as_the_sensor_would_and_ends_with_the_new_roll(make_bench: Make, until: Until) -> None:
    bench = make_bench("tcp")
    until(lambda: bench.state == "ready", "ready")
    assert bench.slot.status.facts["slips_left"] is None
    # 3 m hold 45 slips of the usual length: fewer than the 50 from which on a roll should be at hand.
    bench.slot.submit(NewRoll(3.0)).result(10)
    until(lambda: bench.code == "paper_low", "paper low by the count")
    result = bench.print()
    assert (result.outcome, result.code) == (Outcome.PRINTED, "paper_low"), "it prints all the same"
    bench.slot.submit(NewRoll(60.0)).result(10)
    until(lambda: bench.code == "ok", "well")
    assert bench.slot.status.facts["slips_left"] == int((60_000 * CORE) / SLIP_MM)
    assert any(told.facts.get("slips_left") for told in bench.told), "streams hear of the count"


def test_a_printer_with_a_near_end_sensor_is_believed(make_bench: Make, until: Until) -> None:
    profile = load_quirks().profiles["80mm-203-epson"]
    bench = make_bench("tcp", profile=profile)
    until(lambda: bench.state == "ready", "ready")
    bench.slot.submit(NewRoll(3.0)).result(10)
    assert bench.print().code == "ok"


def test_a_roll_can_be_counted_anew_while_the_printer_is_switched_off(tmp_path: Path) -> None:
    book = Journal(tmp_path / "jobs")
    device = TicketPrinter(load_quirks().profiles["80mm-203"], book)
    assert device.refuse(NewRoll(50), Health("absent"))["roll_m"] == 50
    assert device.refuse(PrintJob("x", 8, 1, b"\0"), Health("absent")).outcome is Outcome.NOT_SENT
    assert device.live_facts()["roll_used_m"] == 0, "a slip that was not sent took no paper"
    book.close()


# ---------------------------------------------------------------- through the service and the command
@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[PrinterSim, Path]]:
    sim = PrinterSim(576)
    wire = TcpWire(sim, "127.0.0.1", 0)
    threading.Thread(target=wire.run, daemon=True).start()
    (tmp_path / "drivers.toml").write_text(
        f'[slot.printer]\nport = "tcp://{wire.address}"\ndriver = "escpos"\npoll_s = 0.2\nroll_m = 40.0\nlow_slips = 30\n'
    )
    command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--config", str(tmp_path / "drivers.toml"), "--json"]
    command += ["--socket", str(tmp_path / "s"), "--state", str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield sim, tmp_path / "s"
    process.terminate()
    process.wait(20)
    process.stdout.close()
    wire.close()


def _roll(socket: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "toiluot", "drivers", "roll", "--socket", str(socket), "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_roll_is_changed_step_by_step(service: tuple[PrinterSim, Path], until: Until) -> None:
    sim, socket = service
    with DriversClient(socket) as client:
        until(lambda: client.status()["slots"][0]["state"] == "ready", "ready")
        leading = _roll(socket, "--wait", "30")
        assert leading.stderr is not None
        assert "Mở nắp" in leading.stderr.readline()
        sim.set_faults(parse_faults("cover-open", PRINTER_FAULTS))
        assert "cuộn giấy mới" in leading.stderr.readline()
        assert sim.printed == 0, "nothing is printed while the cover is open"
        sim.set_faults([])
        assert "phiếu thử" in leading.stderr.readline()
        said = json.loads(leading.communicate(timeout=30)[0])
        assert leading.returncode == 0
        assert (said["ok"], said["roll_m"], sim.printed) == (True, 40.0, 1)
        assert str(said["slips_left"]) in said["text"]
        assert client.status()["slots"][0]["slips_left"] == said["slips_left"]


def test_a_roll_that_is_already_in_is_counted_at_once_and_nonsense_is_refused(service: tuple[PrinterSim, Path]) -> None:
    sim, socket = service
    said = json.loads(_roll(socket, "--done", "--length", "75.5").communicate(timeout=30)[0])
    assert (said["roll_m"], sim.printed) == (75.5, 0)
    with DriversClient(socket) as client:
        for wrong in ({"length_m": 0}, {"length_m": True}, {"length_m": "80"}, {"metres": 3}, [1], {"slot": 5}):
            with pytest.raises(DriversError, match="invalid"):
                client._call("POST", "/v1/printer/roll", wrong)  # type: ignore[arg-type]
        with pytest.raises(DriversError, match="no_printer"):
            client.new_roll(slot="printer-7")
        assert client.new_roll()["roll_m"] == 40.0


def test_a_cover_that_says_nothing_is_told_how_to_go_on(service: tuple[PrinterSim, Path]) -> None:
    _, socket = service
    leading = _roll(socket, "--wait", "1", "--lang", "en")
    out, _ = leading.communicate(timeout=30)
    assert leading.returncode == 1
    assert "--done" in json.loads(out)["text"]
