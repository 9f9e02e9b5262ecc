"""A printer that stops in mid-slip: known early, told as unknown, forgotten by the printer where it can, never sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.codecs.escpos_write import raster_bands
from drivers.devices.journal import Journal
from drivers.devices.ticket_printer import TicketPrinter
from drivers.model import Outcome, PrintJob
from drivers.ports.opening import open_port, parse_address
from drivers.quirks import Profile, load_quirks
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire

WIRES = pytest.mark.parametrize("kind", ["tcp", "pty"])
BANDS = Profile("bands", 576, answer_s=0.3, stall_s=2.0, confirm_s=4.0, print_dots_per_s=4000, band_rows=32, clear="dc4")
# One band a slip: after a torn one a whole band of blank dots goes first, which a simulator on a busy machine swallows slowly.
PATIENT = replace(BANDS, band_rows=1024, stall_s=6.0)
Make = Callable[..., Any]
Until = Callable[..., Any]


@WIRES
@pytest.mark.parametrize(("fault", "code"), [("cover-open@40r", "cover_open"), ("paper-out@40r", "paper_out"), ("offline@40r", "offline")])
def test_a_stop_in_mid_slip_is_known_before_the_slip_is_sent(make_bench: Make, until: Until, kind: str, fault: str, code: str) -> None:
    bench = make_bench(kind, profile=BANDS)
    until(lambda: bench.state == "ready", "ready")
    bench.fault(fault)
    result = bench.print(height=2000)
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, code)
    sent, of, size, *_ = result.detail.split()
    assert (of, size) == ("of", str(2000 * 72 + 63 * 8 + 2 + 6))
    assert int(sent) < 1000 * 72, "the rest was not sent to a printer that stands"
    received = bench.sim.received_bytes
    assert bench.print(height=2000) == result, "answered from the journal"
    assert bench.sim.received_bytes - received < 100, "and by no dots"


@WIRES
@pytest.mark.parametrize("clear", ["dc4", "enq"])
def test_a_printer_that_was_told_to_forget_brings_no_stale_slip(
    make_bench: Make, until: Until, raster: Make, kind: str, clear: str
) -> None:
    bench = make_bench(kind, "paper-out@100r", profile=replace(PATIENT, clear=clear))
    assert bench.print().outcome is Outcome.UNKNOWN
    bench.fault("")
    until(lambda: bench.state == "ready", "new paper")
    assert bench.print("next").outcome is Outcome.PRINTED
    torn, whole = bench.sim.slips
    assert len(torn.rows) == 100, "what was on paper before the end, cut off before the next number"
    assert b"".join(whole.rows) == raster(576, 300)
    assert bench.sim.unknown_bytes == 0


@WIRES
def test_one_that_cannot_forget_prints_on_and_the_next_slip_is_whole(make_bench: Make, until: Until, raster: Make, kind: str) -> None:
    bench = make_bench(kind, "paper-out@100r,keeps-buffer", profile=PATIENT)
    assert bench.print().outcome is Outcome.UNKNOWN
    bench.fault("keeps-buffer")
    until(lambda: bench.state == "ready", "new paper")
    assert bench.print("next").outcome is Outcome.PRINTED
    old, new = bench.sim.slips
    assert b"".join(old.rows) == b"".join(new.rows) == raster(576, 300), "the old one once, from its own buffer"


def test_a_head_that_is_too_hot_goes_on_by_itself(make_bench: Make, until: Until, raster: Make) -> None:
    bench = make_bench("pty", profile=replace(BANDS, stall_s=5.0, confirm_s=5.0))
    until(lambda: bench.state == "ready", "ready")
    bench.fault("overheat@40r")
    future = bench.submit(height=300)
    until(lambda: bench.sim.received_bytes > 200 * 72, "bands go on into its buffer")
    bench.fault("")
    outcome = future.result(20).outcome
    assert outcome in (Outcome.PRINTED, Outcome.UNKNOWN)  # on a busy machine the head may stay hot for longer than is waited for
    if outcome is Outcome.PRINTED:
        until(lambda: bench.sim.slips, "the slip")
        assert b"".join(bench.sim.slips[0].rows) == raster(576, 300)


def test_a_printer_that_falls_silent_while_it_prints_is_waited_for_once(make_bench: Make, until: Until) -> None:
    bench = make_bench("pty", profile=replace(BANDS, band_rows=16, answer_s=0.4, confirm_s=1.0))
    until(lambda: bench.state == "ready", "ready")
    bench.fault("silent@40r")
    started = time.monotonic()
    assert bench.print(height=600).outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < 38 * 0.4, "not one answer's time for each of 38 bands"
    assert len(bench.sim.slips) == 1


@WIRES
def test_a_cable_pulled_in_mid_slip_and_put_back(make_bench: Make, until: Until, raster: Make, kind: str) -> None:
    bench = make_bench(kind, profile=BANDS)
    until(lambda: bench.state == "ready", "ready")
    bench.fault("unplug@40r")
    result = bench.print(height=3000)
    assert result.outcome is Outcome.UNKNOWN
    until(lambda: bench.state in ("absent", "backoff"), "gone")
    assert bench.print("meanwhile").outcome is Outcome.NOT_SENT
    bench.fault("")
    until(lambda: bench.state == "ready", "back")
    assert bench.print("next").outcome is Outcome.PRINTED
    assert b"".join(bench.sim.slips[-1].rows) == raster(576, 300)
    assert bench.print(height=3000) == result


def test_a_service_killed_in_mid_slip_cuts_the_strip_before_the_next_number(tmp_path: Path, raster: Make) -> None:
    sim = PrinterSim(576)
    wire = TcpWire(sim, "127.0.0.1", 0)
    thread = threading.Thread(target=wire.run, daemon=True)
    thread.start()
    killed = Journal(tmp_path / "jobs")
    killed.sending("one")
    killed.close()
    sim.feed(b"\x1b\x40" + raster_bands(raster(576, 50), 576, 64)[0])
    assert sim.hanging_rows == 50
    journal = Journal(tmp_path / "jobs")
    port = open_port(parse_address(f"tcp://{wire.address}"))
    printer = TicketPrinter(BANDS, journal)
    assert printer.act(port, PrintJob("two", 576, 100, raster(576, 100)))[0].outcome is Outcome.PRINTED
    assert [len(one.rows) for one in sim.slips] == [50, 100], "the wreck apart, and the new one whole"
    assert printer.act(port, PrintJob("three", 576, 10, raster(576, 10)))[0].outcome is Outcome.PRINTED
    assert sim.received_bytes < 72 * 200, "cut once"
    port.close()
    wire.close()
    thread.join(5)
    journal.close()


@pytest.mark.parametrize("name", sorted(load_quirks().profiles))
def test_every_profile_that_comes_with_us_prints_its_own_width(make_bench: Make, until: Until, raster: Make, name: str) -> None:
    profile = load_quirks().profiles[name]
    bench = make_bench("tcp", profile=replace(profile, answer_s=0.3))
    bench.sim.width_dots = profile.width_dots
    dots = raster(profile.width_dots, 360)
    result = bench.slot.submit(PrintJob("one", profile.width_dots, 360, dots)).result(20)
    assert result.outcome is Outcome.PRINTED
    assert b"".join(bench.sim.slips[0].rows) == dots
