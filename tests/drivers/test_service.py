"""The service as a process: its socket, its stream, its answers to nonsense, and what is left after kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from drivers.cli import drivers
from drivers.client import DriversClient, DriversError
from drivers.devices.journal import Journal
from drivers.service import BEAT_S, Hub, Service, make_stream
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire
from drivers.sim.scanner import SAMPLES, ScannerSim
from tests.loops import run_story

Until = Callable[..., Any]
Make = Callable[..., Any]
NUMBER = "001090123456"


class Machine:
    """A printer, a scanner and the service that owns them, as another program meets it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printer = PrinterSim(576)
        self.wire = TcpWire(self.printer, "127.0.0.1", 0)
        threading.Thread(target=self.wire.run, daemon=True).start()
        self.scanner = ScannerSim(folder / "scanner")
        self.socket = folder / "drivers.sock"
        (folder / "drivers.toml").write_text(
            f'[slot.printer]\nport = "tcp://{self.wire.address}"\ndriver = "escpos"\npoll_s = 0.2\n'
            f'[slot.reader]\nport = "serial:{folder}/scanner"\ndriver = "serial-scanner"\nrepeat_s = 0.01\n'
        )
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "toiluot", "drivers", "serve", "--config", str(self.folder / "drivers.toml")]
        command += ["--socket", str(self.socket), "--state", str(self.folder / "state"), "--json"]
        log = (self.folder / "log").open("a")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        assert said["slots"] == ["printer", "reader"]

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.send_signal(number)
        code = self.process.wait(10)
        self.process.stdout.close()
        return code

    def fault(self, text: str) -> None:
        self.printer.set_faults(parse_faults(text, PRINTER_FAULTS))

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.end()
        self.wire.close()
        self.scanner.close()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"))
    yield made
    made.close()


@pytest.fixture
def own_machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(machine: Machine, until: Until) -> Iterator[DriversClient]:
    machine.fault("")
    with DriversClient(machine.socket) as made:
        until(lambda: all(slot["code"] == "ok" for slot in made.status()["slots"]), "all well")
        yield made


class Ear:
    """Listens to the stream on a thread of its own."""

    def __init__(self, socket: Path) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.ended = threading.Event()
        self._client = DriversClient(socket)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for event in self._client.events():
                self.heard.append(event)
        except DriversError:
            pass
        self._client.close()
        self.ended.set()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for event, data in self.heard if event == kind]


def test_status_says_what_the_plan_promises(client: DriversClient) -> None:
    printer, reader = client.status()["slots"]
    assert printer.items() >= {"role": "printer", "state": "ready", "code": "ok", "width_dots": 576}.items()
    assert reader.items() >= {"role": "reader", "state": "ready", "code": "ok"}.items()
    assert set(printer["hint"]) == {"vi", "en"}
    assert isinstance(printer["since_s"], int)
    assert printer["device"].startswith("tcp://")


def test_a_slip_goes_over_the_socket_and_comes_out_pixel_by_pixel(machine: Machine, client: DriversClient, raster: Make) -> None:
    dots, before = raster(576, 200), len(machine.printer.slips)
    said = client.print_raster("slip-1", dots, 576, 200)
    assert said == {"job_id": "slip-1", "outcome": "printed", "code": "ok", "detail": ""}
    assert b"".join(machine.printer.slips[-1].rows) == dots
    assert client.print_raster("slip-1", dots, 576, 200) == said
    assert client.job("slip-1") == said
    assert client.job("never") is None
    assert len(machine.printer.slips) == before + 1


def test_the_same_job_at_the_same_moment_is_printed_once(machine: Machine, client: DriversClient, raster: Make) -> None:
    before = len(machine.printer.slips)
    outcomes = []

    def ask() -> None:
        with DriversClient(machine.socket) as one:
            outcomes.append(one.print_raster("twin", raster(576, 150), 576, 150)["outcome"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert outcomes == ["printed"] * 4
    assert len(machine.printer.slips) == before + 1


def test_the_stream_begins_with_a_snapshot_and_tells_cards_and_health(machine: Machine, client: DriversClient, until: Until) -> None:
    ear = Ear(machine.socket)
    until(lambda: ear.heard, "the snapshot")
    assert ear.heard[0] == ("snapshot", {"slots": ear.heard[0][1]["slots"]})
    machine.scanner.scan(SAMPLES[0].payload)
    until(lambda: ear.of("card"), "the card")
    assert ear.of("card") == [{"kind": "id_card", "number": NUMBER, "birth_year": 1990}]
    machine.fault("cover-open")
    until(lambda: any(data["code"] == "cover_open" for data in ear.of("health")), "the health")
    sick = next(data for data in ear.of("health") if data["code"] == "cover_open")
    assert sick["state"] == "degraded"
    assert sick["hint"]["vi"].startswith("Nắp máy in")
    assert client.print_raster("sick", bytes(72), 576, 1)["outcome"] == "not_sent"


def test_the_stream_beats(tmp_path: Path) -> None:
    """Every five seconds on a kiosk; here the same stream with a quicker heart."""
    assert BEAT_S == 5.0
    journal = Journal(tmp_path / "jobs")
    service = Service(journal, Hub(), lambda *_, **__: None)
    sent: list[bytes] = []

    async def scenario() -> None:
        done = asyncio.Event()

        async def receive() -> dict[str, str]:
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message.get("body", b""))
            if b"".join(sent).count(b"event: hb") >= 2:
                done.set()

        await asyncio.wait_for(make_stream(service, beat_s=0.02)({}, receive, send), 10)

    run_story(scenario)
    journal.close()
    assert b"".join(sent).startswith(b'retry: 1000\n\nevent: snapshot\ndata: {"slots": []}\n\nevent: hb\ndata: {}\n\n')


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"job_id":"a","surprise":1}', 422),
        (b'{"job_id":""}', 422),
        (json.dumps({"job_id": "a" * 65}).encode(), 422),
        (json.dumps({"job_id": "đ"}).encode(), 422),
        (b'{"job_id":"a","width_dots":577,"height":1,"raster":""}', 422),
        (b'{"job_id":"a","width_dots":true,"height":1,"raster":""}', 422),
        (b'{"job_id":"a","width_dots":576,"height":0,"raster":""}', 422),
        (b'{"job_id":"a","width_dots":576,"height":99999,"raster":""}', 422),
        (b'{"job_id":"a","width_dots":8,"height":1,"raster":"!!!"}', 422),
        (b'{"job_id":"a","width_dots":8,"height":1,"raster":7}', 422),
        (b'{"job_id":"a","width_dots":8,"height":1,"raster":"AAAA"}', 422),
        (b'{"job_id":"a","width_dots":8,"height":1,"raster":"AA==","cut":1}', 422),
        (b"x" * 2_000_000, 413),
    ],
)
def test_nonsense_is_refused_in_words_and_prints_nothing(machine: Machine, body: bytes, status: int) -> None:
    before = machine.printer.received_bytes
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(machine.socket)), base_url="http://drivers", timeout=10) as http:
        answer = http.post("/v1/print", content=body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] in ("malformed", "invalid", "too_large")
        assert "Traceback" not in answer.text
        assert http.get("/v1/jobs/a").status_code == 404
        assert http.get("/nothing").json()["code"] == "not_found"
        assert http.get("/v1/print").json()["code"] == "method_not_allowed"
    assert machine.printer.received_bytes - before < 500, "status questions only"


def test_nothing_of_a_card_is_in_the_log_or_on_disk(machine: Machine, client: DriversClient, until: Until) -> None:
    ear = Ear(machine.socket)
    until(lambda: ear.heard, "the snapshot")
    for sample in SAMPLES:
        machine.scanner.scan(sample.payload)
    machine.scanner.scan(NUMBER)
    until(lambda: len(ear.of("card")) == len(SAMPLES) + 1, "all cards")
    until(lambda: machine.log.count('"event": "card"') >= len(SAMPLES) + 1, "the log")
    kept = machine.log.encode() + b"".join(path.read_bytes() for path in (machine.folder / "state").iterdir())
    for word in (NUMBER, NUMBER[:6], "Nguy", "Tây Hồ", "DN401", "H48-260921"):
        assert word.encode() not in kept


def test_only_owner_and_group_may_talk_to_the_service(machine: Machine) -> None:
    assert stat.S_IMODE(os.stat(machine.socket).st_mode) == 0o660


def test_doctor_asks_the_running_service(machine: Machine, client: DriversClient, until: Until) -> None:
    arguments = ["doctor", "--config", str(machine.folder / "drivers.toml"), "--socket", str(machine.socket), "--json"]

    def of_slots() -> list[dict[str, str]]:
        return [one for one in json.loads(CliRunner().invoke(drivers, arguments).output)["findings"] if one["slot"]]

    until(lambda: of_slots() == [], "nothing to find")  # a busy machine answers slowly, and is told so
    machine.fault("cutter")
    client.print_raster("jam", bytes(72 * 10), 576, 10)
    until(lambda: client.status()["slots"][0]["code"] == "cutter", "the jam")
    said = CliRunner().invoke(drivers, arguments)
    assert said.exit_code == 1
    (finding,) = [one for one in json.loads(said.output)["findings"] if one["slot"]]
    assert (finding["check"], finding["slot"]) == ("cutter", "printer")


def test_a_printer_and_a_reader_are_tried_by_hand(machine: Machine, client: DriversClient) -> None:
    before = len(machine.printer.slips)
    said = CliRunner().invoke(drivers, ["test", "printer", "--socket", str(machine.socket)])
    assert (said.exit_code, said.output) == (0, "Đã in phiếu thử.\n")
    assert len(machine.printer.slips) == before + 1
    stop = threading.Event()

    def lay_cards() -> None:
        while not stop.wait(0.2):
            machine.scanner.scan(SAMPLES[0].payload)

    person = threading.Thread(target=lay_cards)
    person.start()
    said = CliRunner().invoke(drivers, ["test", "reader", "--socket", str(machine.socket), "--lang", "en", "--json"])
    stop.set()
    person.join()
    assert said.exit_code == 0
    assert json.loads(said.output)["kind"] == "id_card"
    assert NUMBER not in said.output


def test_kill_9_in_mid_job_is_unknown_after_the_restart_and_never_sent_again(own_machine: Machine, raster: Make, until: Until) -> None:
    machine = own_machine
    with DriversClient(machine.socket) as client:
        until(lambda: client.status()["slots"][0]["code"] == "ok", "ready")
    machine.fault("partial")
    gone: list[str] = []

    def ask() -> None:
        try:
            with DriversClient(machine.socket) as client:
                client.print_raster("doubt", raster(576, 1200), 576, 1200)
        except DriversError as error:
            gone.append(error.code)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: machine.printer.received_bytes > 6000, "bytes on the way")
    assert machine.end(signal.SIGKILL) == -signal.SIGKILL
    asking.join(10)
    assert gone == ["unreachable"]
    machine.fault("")
    machine.start()
    with DriversClient(machine.socket) as client:
        said = client.job("doubt")
        assert said is not None
        assert said["outcome"] == "unknown"
        until(lambda: client.status()["slots"][0]["code"] == "ok", "ready")
        before = machine.printer.received_bytes
        assert client.print_raster("doubt", raster(576, 1200), 576, 1200) == said
        assert machine.printer.received_bytes - before < 500
        assert client.print_raster("next", raster(576, 100), 576, 100)["outcome"] == "printed"
    assert "job_in_doubt" in machine.log


def test_sigterm_ends_it_soon_with_a_stream_open(own_machine: Machine, until: Until) -> None:
    ear = Ear(own_machine.socket)
    until(lambda: ear.heard, "the snapshot")
    assert own_machine.end() == 0
    assert ear.ended.wait(5)
    assert not own_machine.socket.exists()
    with DriversClient(own_machine.socket) as client, pytest.raises(DriversError, match="unreachable"):
        client.status()
