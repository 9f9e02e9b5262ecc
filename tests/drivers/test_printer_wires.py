"""A printer on true wires, TCP and a pseudo-terminal: one slip is printed once, or we say what we know."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.devices.confirmation import MECHANISM_S
from drivers.devices.journal import Journal
from drivers.devices.ticket_printer import TicketPrinter
from drivers.model import JobResult, Outcome, PrintJob
from drivers.ports.base import PortError
from drivers.ports.memory import MemoryPort, Weather, null_modem
from drivers.quirks import Profile
from drivers.sim.faults import Fault
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire

WIRES = pytest.mark.parametrize("kind", ["tcp", "pty"])
ASKS_ID = Profile("id", 576, answer_s=0.5, stall_s=1.5, confirm_s=2.5, print_dots_per_s=4000, confirm=("process_id", "sensor"))
Make = Callable[..., Any]
Until = Callable[..., Any]


@pytest.mark.parametrize("kind", ["tcp", "pty", "usblp"])
@pytest.mark.parametrize("profile", [ASKS_ID, replace(ASKS_ID, confirm=("sensor",))], ids=["process_id", "sensor"])
def test_a_slip_is_printed_and_confirmed_pixel_by_pixel(make_bench: Make, raster: Make, kind: str, profile: Profile) -> None:
    bench = make_bench(kind, profile=profile)
    assert bench.print() == JobResult("job-1", Outcome.PRINTED)
    (slip,) = bench.sim.slips
    assert b"".join(slip.rows) == raster(576, 300)
    assert bench.state == "ready"
    assert bench.sim.unknown_bytes == 0


def test_a_printer_without_process_ids_is_confirmed_by_its_sensor(make_bench: Make) -> None:
    bench = make_bench(profile=ASKS_ID, knows_process_id=False)
    assert bench.print().outcome is Outcome.PRINTED
    started = time.monotonic()
    assert bench.print("again").outcome is Outcome.PRINTED
    assert time.monotonic() - started < MECHANISM_S, "what it does not know is waited for once"


@WIRES
@pytest.mark.parametrize(
    ("fault", "code"),
    [("paper-out", "paper_out"), ("cover-open", "cover_open"), ("offline", "offline"), ("overheat", "overheat")],
)
def test_a_sick_printer_is_told_and_nothing_is_sent(make_bench: Make, until: Until, kind: str, fault: str, code: str) -> None:
    bench = make_bench(kind, fault)
    until(lambda: bench.state == "degraded", "degraded")
    assert bench.code == code
    assert bench.print() == JobResult("job-1", Outcome.NOT_SENT, code)
    assert bench.sim.slips == []
    bench.fault("")
    until(lambda: bench.state == "ready", "ready again")
    assert bench.print("job-2").outcome is Outcome.PRINTED


@WIRES
def test_paper_low_prints_and_is_told_after_three_readings(make_bench: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind, "paper-low")
    until(lambda: bench.code == "paper_low", "paper_low")
    assert bench.print() == JobResult("job-1", Outcome.PRINTED, "paper_low")


@WIRES
def test_paper_that_ends_in_mid_slip_is_unknown_and_the_old_slip_comes_out_once(make_bench: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind, "paper-out@100r", profile=replace(ASKS_ID, band_rows=1024, confirm=("sensor",)))
    result = bench.print()
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, "paper_out")
    assert bench.print("job-2").outcome is Outcome.NOT_SENT
    bench.fault("")
    until(lambda: bench.state == "ready", "ready again")
    assert bench.print("job-3").outcome is Outcome.PRINTED
    assert [len(slip.rows) for slip in bench.sim.slips] == [300, 300], "the old one went on, nothing was sent again"


@WIRES
def test_a_cutter_that_jams_is_told(make_bench: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind, "cutter")
    result = bench.print()
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, "cutter")
    until(lambda: bench.code == "cutter", "cutter")


@pytest.mark.parametrize("kind", ["pty"])
def test_a_printer_that_never_speaks_is_unconfirmed_and_never_well(make_bench: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind, "silent")
    until(lambda: bench.state == "degraded", "degraded")
    assert bench.code == "timeout"
    assert bench.print() == JobResult("job-1", Outcome.SENT_UNCONFIRMED, "timeout", "no answer to DLE EOT")
    until(lambda: len(bench.sim.slips) == 1, "the slip on paper")


def test_a_printer_that_falls_silent_is_not_trusted_with_a_slip(make_bench: Make, until: Until) -> None:
    bench = make_bench()
    until(lambda: bench.state == "ready", "ready")
    bench.fault("silent")
    assert (bench.print().outcome, bench.print().code) == (Outcome.NOT_SENT, "timeout")
    assert bench.sim.slips == []


@WIRES
def test_noise_and_stale_bytes_are_not_taken_for_answers(make_bench: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind, "garbage")
    until(lambda: bench.state == "ready", "ready in spite of noise")
    assert bench.print().outcome is Outcome.PRINTED
    bench.fault("garbage,paper-out")
    until(lambda: bench.code == "paper_out", "paper_out behind the noise")


def test_a_slow_printer_is_waited_for(make_bench: Make) -> None:
    bench = make_bench("tcp", "slow", profile=replace(ASKS_ID, answer_s=0.8))
    assert bench.print(height=60).outcome is Outcome.PRINTED


@WIRES
def test_a_printer_that_takes_only_a_part_is_unknown_with_the_count(make_bench: Make, raster: Make, until: Until, kind: str) -> None:
    bench = make_bench(kind)
    until(lambda: bench.state == "ready", "ready")
    bench.fault("partial")
    result = bench.print(height=1200)
    assert result.outcome is Outcome.UNKNOWN
    sent = int(result.detail.split()[0])
    assert 0 < sent < 1200 * 72
    assert bench.sim.slips == []
    bench.fault("")
    until(lambda: bench.state == "ready", "ready again")
    assert bench.print("job-2", within_s=30).outcome is Outcome.PRINTED
    assert b"".join(bench.sim.slips[-1].rows).endswith(raster(576, 300)), "the slip after a torn one is whole"
    assert bench.sim.unknown_bytes == 0


def test_unplugged_in_mid_job_is_unknown_not_sent_again_and_found_when_back(make_bench: Make, until: Until) -> None:
    bench = make_bench("pty")
    until(lambda: bench.state == "ready", "ready")
    bench.fault("partial")
    future = bench.submit(height=1200)
    until(lambda: bench.sim.received_bytes > 4000, "bytes on the way")
    bench.wire.close()
    result = future.result(20)
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, "absent")
    until(lambda: bench.state == "absent", "absent")
    received = bench.sim.received_bytes
    assert bench.print(height=1200) == result, "the same job is answered from the journal"
    assert bench.sim.received_bytes == received
    again = make_bench("pty")
    until(lambda: bench.state == "ready" or again.state == "ready", "replugged under the same name")
    assert again.sim.slips == []


def test_a_strip_torn_off_is_cut_before_the_next_slip_also_when_the_service_died_meanwhile(
    make_bench: Make, until: Until, raster: Make, tmp_path: Path
) -> None:
    bench = make_bench("pty")
    until(lambda: bench.state == "ready", "ready")
    bench.fault("partial")
    future = bench.submit(height=1200)
    until(lambda: bench.sim.received_bytes > 4000, "bytes on the way")
    bench.wire.close()
    assert future.result(20).outcome is Outcome.UNKNOWN
    bench.slot.stop()
    assert bench.sim.hanging_rows > 0
    bench.fault("")
    one, two = null_modem()
    wire, journal = _MemoryWire(bench.sim, two), Journal(tmp_path / "jobs.sqlite3")  # as the next service opens it
    result, _ = TicketPrinter(ASKS_ID, journal).act(one, PrintJob("next", 576, 300, raster(576, 300)))
    assert result.outcome is Outcome.PRINTED
    assert b"".join(bench.sim.slips[-1].rows) == raster(576, 300), "two numbers never hang on one paper"
    for end in (one, wire, journal):
        end.close()


def test_a_printer_switched_off_and_on_comes_back_by_itself(make_bench: Make, until: Until) -> None:
    bench = make_bench("tcp")
    until(lambda: bench.state == "ready", "ready")
    port = int(bench.wire.address.rpartition(":")[2])
    bench.wire.close()
    until(lambda: bench.state == "absent", "absent")
    assert bench.print().outcome is Outcome.NOT_SENT
    bench.wire = TcpWire(bench.sim, "127.0.0.1", port)
    threading.Thread(target=bench.wire.run, daemon=True).start()
    until(lambda: bench.state == "ready", "ready again")
    assert bench.print("job-2").outcome is Outcome.PRINTED


def test_a_job_id_prints_once_however_often_it_is_asked(make_bench: Make) -> None:
    bench = make_bench()
    futures = [bench.submit("same") for _ in range(5)]
    assert {future.result(20).outcome for future in futures} == {Outcome.PRINTED}
    assert len(bench.sim.slips) == 1


def test_jobs_queue_and_come_out_in_order(make_bench: Make) -> None:
    bench = make_bench()
    futures = [bench.submit(f"job-{n}", 20 + n) for n in range(6)]
    assert {future.result(20).outcome for future in futures} == {Outcome.PRINTED}
    assert [len(slip.rows) for slip in bench.sim.slips] == [20, 21, 22, 23, 24, 25]


def test_too_wide_a_slip_is_refused(make_bench: Make) -> None:
    bench = make_bench(profile=Profile("narrow", 384, answer_s=0.25))
    result = bench.print()
    assert (result.outcome, result.code) == (Outcome.NOT_SENT, "error")


def test_many_slips_leak_no_descriptor(make_bench: Make) -> None:
    bench = make_bench()
    bench.print("first")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        assert bench.print(f"job-{number}", 20).outcome is Outcome.PRINTED
    assert abs(len(os.listdir("/proc/self/fd")) - before) <= 2


def test_an_idle_slot_does_not_spin(make_bench: Make, until: Until) -> None:
    bench = make_bench("pty", "garbage")
    until(lambda: bench.state == "ready", "ready")
    before, started = time.thread_time(), bench.sim.received_bytes
    until(lambda: bench.sim.received_bytes > started, "the next look")
    assert time.thread_time() - before < 1.0


def test_a_late_answer_to_an_earlier_slip_confirms_nothing(make_bench: Make, until: Until) -> None:
    """New paper makes the printer go on with the old slip; its `GS r` answer may arrive while we wait for the next one's."""
    bench = make_bench("pty", "paper-out@100r")
    assert bench.print("old").outcome is Outcome.UNKNOWN
    future = bench.submit("refused")
    assert future.result(10).outcome is Outcome.NOT_SENT
    bench.fault("paper-out@450r")  # the old slip comes out (200 rows and the feed), the next one stops half-way
    until(lambda: bench.state == "ready", "ready again")
    result = bench.print("next")
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, "paper_out")


# ---------------------------------------------------------------- weather on the line
class _MemoryWire:
    """The simulator at the far end of a null modem."""

    def __init__(self, sim: Any, far: MemoryPort) -> None:
        self._sim, self._far = sim, far
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                answer = self._sim.feed(self._far.read(512, time.monotonic() + 30))
                if answer:
                    self._far.write(answer, time.monotonic() + 5)
        except PortError:
            return

    def close(self) -> None:
        self._far.close()
        self._thread.join(5)


def _in_weather(tmp_path: Path, near: Weather, far: Weather) -> tuple[JobResult, PrinterSim]:
    sim = PrinterSim(576)
    one, two = null_modem(near, far)
    wire = _MemoryWire(sim, two)
    journal = Journal(tmp_path / "jobs")
    rows = bytes(0x55 for _ in range(72 * 20))
    result, _ = TicketPrinter(replace(ASKS_ID, confirm=("sensor",)), journal).act(one, PrintJob("job", 576, 20, rows))
    one.close()
    wire.close()
    journal.close()
    return result, sim


@pytest.mark.parametrize(
    ("near", "far"),
    [(Weather(one_byte=True), Weather(one_byte=True)), (Weather(delay_s=0.02), Weather(delay_s=0.02))],
    ids=["one byte at a time", "delay"],
)
def test_a_slip_comes_out_whole_in_bad_weather(tmp_path: Path, near: Weather, far: Weather) -> None:
    result, sim = _in_weather(tmp_path, near, far)
    assert result.outcome is Outcome.PRINTED
    assert b"".join(sim.slips[0].rows) == bytes(0x55 for _ in range(72 * 20))


def test_lost_answers_are_never_a_printed_slip(tmp_path: Path) -> None:
    result, _ = _in_weather(tmp_path, Weather(), Weather(loses=lambda _: True))
    assert result.outcome is Outcome.SENT_UNCONFIRMED


def test_lost_dots_are_never_confirmed(tmp_path: Path) -> None:
    """The head of a band is lost on its way: the printer waits for dots it will never get."""
    result, sim = _in_weather(tmp_path, Weather(loses=lambda at: at in range(40, 400)), Weather())
    assert result.outcome in (Outcome.SENT_UNCONFIRMED, Outcome.UNKNOWN)
    assert sim.slips == []


def test_stale_answers_in_the_buffer_are_not_believed(tmp_path: Path) -> None:
    """Answers to questions given up long ago say that all is well; the printer is out of paper."""
    sim = PrinterSim(576, [Fault("paper-out")])
    one, two = null_modem(near=Weather(one_byte=True))
    two.write(b"\x12\x12\x12\x12\x00", time.monotonic() + 1)
    wire = _MemoryWire(sim, two)
    journal = Journal(tmp_path / "jobs")
    result, _ = TicketPrinter(ASKS_ID, journal).act(one, PrintJob("job", 8, 1, b"\x55"))
    for end in (one, wire, journal):
        end.close()
    assert (result.outcome, result.code) == (Outcome.NOT_SENT, "paper_out")


class _Laggard:
    """A far end that runs out of paper in every slip, and answers an old slip's `GS r` only while the next one is under way."""

    def __init__(self) -> None:
        self.late = 0
        self.paper = True
        self._slip = False

    def feed(self, data: bytes) -> bytes:
        answers = b""
        for at in range(len(data)):
            piece = data[at : at + 3]
            if piece[:2] == b"\x10\x04" and len(piece) == 3:
                bad = {1: 0x1A, 2: 0x32, 3: 0x12, 4: 0x72}
                answers += bytes([0x12 if self.paper else bad[piece[2]]])
            elif piece == b"\x1d\x76\x30":
                self._slip = True
            elif piece == b"\x1d\x72\x01":
                answers += b"\x00" * self.late
                self.late = 0
                if self._slip:
                    self._slip, self.late, self.paper = False, 1, False
                else:
                    answers += b"\x00"
        return answers


def test_an_old_slips_answer_is_never_the_next_ones(tmp_path: Path) -> None:
    far = _Laggard()
    one, two = null_modem()
    wire = _MemoryWire(far, two)
    journal = Journal(tmp_path / "jobs")
    printer = TicketPrinter(replace(ASKS_ID, confirm=("sensor",)), journal)
    assert printer.act(one, PrintJob("old", 8, 1, b"\x55"))[0].outcome is Outcome.UNKNOWN
    far.paper = True
    assert printer.act(one, PrintJob("next", 8, 1, b"\x55"))[0].outcome is Outcome.UNKNOWN
    for end in (one, wire, journal):
        end.close()
