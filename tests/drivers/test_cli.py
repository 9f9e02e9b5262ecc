"""The commands: what doctor finds and how it says it, and the simulators as anyone would use them."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from PIL import Image

from drivers.cli import drivers
from drivers.health import HINTS
from drivers.holders import holders, running
from drivers.model import Outcome
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire
from drivers.technician.doctor import examine

Until = Callable[..., Any]


@pytest.fixture
def printer() -> Iterator[tuple[PrinterSim, str]]:
    sim = PrinterSim(576)
    wire = TcpWire(sim, "127.0.0.1", 0)
    threading.Thread(target=wire.run, daemon=True).start()
    yield sim, wire.address
    wire.close()


def _config(folder: Path, port: str) -> Path:
    path = folder / "drivers.toml"
    path.write_text(f'[slot.printer]\nport = "{port}"\ndriver = "escpos"\n')
    return path


def _codes(config: Path, folder: Path) -> set[str]:
    return {one.check for one in examine(config, folder / "none.sock") if one.slot or one.check == "service"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("paper-low", "paper_low"),
        ("paper-out", "paper_out"),
        ("cover-open", "cover_open"),
        ("offline", "offline"),
        ("overheat", "overheat"),
        ("silent", "timeout"),
    ],
)
def test_doctor_explains_each_fault_in_one_line(tmp_path: Path, printer: tuple[PrinterSim, str], fault: str, code: str) -> None:
    sim, address = printer
    sim.set_faults(parse_faults(fault, PRINTER_FAULTS))
    findings = [one for one in examine(_config(tmp_path, f"tcp://{address}"), tmp_path / "none.sock") if one.slot]
    assert [one.check for one in findings] == [code]
    assert "\n" not in findings[0].line("vi")
    assert HINTS[code][0] in findings[0].line("vi")
    assert HINTS[code][1] in findings[0].line("en")


def test_doctor_finds_the_absent_the_forbidden_and_the_taken(tmp_path: Path) -> None:
    assert _codes(_config(tmp_path, "tcp://127.0.0.1:1"), tmp_path) == {"service", "absent"}
    assert _codes(_config(tmp_path, "serial:/dev/toiluot-none"), tmp_path) == {"service", "absent"}
    node = tmp_path / "lp9"
    node.write_bytes(b"")
    with node.open("rb"):
        findings = examine(_config(tmp_path, f"usblp:{node}"), tmp_path / "none.sock")
        own = {one.pid for one in holders(str(node))}
    assert os.getpid() in own
    assert "usblp" in {one.check for one in findings} or Path("/sys/bus/usb/drivers/usblp").exists()
    holder = subprocess.Popen(["sleep", "60"], stdin=node.open("rb"))
    try:
        taken = [one for one in examine(_config(tmp_path, f"usblp:{node}"), tmp_path / "none.sock") if one.check == "busy"]
        assert len(taken) == 1
        assert f"pid {holder.pid}" in taken[0].en
        assert "sleep" in running({"sleep"})
    finally:
        holder.kill()
        holder.wait()


def test_doctor_exits_1_with_findings_and_speaks_both_languages(tmp_path: Path) -> None:
    config = _config(tmp_path, "tcp://127.0.0.1:1")
    plain = CliRunner().invoke(drivers, ["doctor", "--config", str(config), "--socket", str(tmp_path / "x.sock")])
    assert plain.exit_code == 1
    assert "Không thấy thiết bị" in plain.output
    english = CliRunner().invoke(
        drivers, ["doctor", "--config", str(config), "--socket", str(tmp_path / "x.sock"), "--lang", "en", "--json"]
    )
    assert english.exit_code == 1
    assert all(set(one["remedy"]) == {"vi", "en"} for one in json.loads(english.output)["findings"])
    broken = CliRunner().invoke(drivers, ["doctor", "--config", str(tmp_path / "none.toml"), "--json"])
    assert json.loads(broken.output)["findings"][0]["check"] == "config"


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--config", "/nonexistent.toml"],
        ["test", "toaster"],
        ["sim", "printer"],
        ["sim", "printer", "--tcp", "127.0.0.1:0", "--fault", "on-fire"],
        ["sim", "printer", "--tcp", "nowhere"],
        ["sim", "scanner"],
        ["bind"],
    ],
)
def test_misuse_is_exit_2_and_no_traceback(arguments: list[str]) -> None:
    said = CliRunner().invoke(drivers, arguments)
    assert said.exit_code == 2
    assert "Traceback" not in said.output


def test_test_says_when_the_service_is_away(tmp_path: Path) -> None:
    said = CliRunner().invoke(drivers, ["test", "printer", "--socket", str(tmp_path / "x.sock")])
    assert said.exit_code == 1
    assert "Dịch vụ thiết bị không trả lời" in said.output


def test_list_names_slots_and_devices(tmp_path: Path) -> None:
    said = CliRunner().invoke(drivers, ["list", "--config", str(_config(tmp_path, "tcp://127.0.0.1:1")), "--json"])
    assert said.exit_code == 0
    found = json.loads(said.output)
    slot = {"role": "printer", "driver": "escpos", "port": "tcp://127.0.0.1:1", "profile": "80mm-203", "state": "", "code": ""}
    assert (found["slots"], found["service"]) == ([slot], False)
    assert isinstance(found["devices"], list)
    assert CliRunner().invoke(drivers, ["list"]).exit_code == 0


# ---------------------------------------------------------------- simulators
@pytest.fixture
def run_sim() -> Iterator[Callable[..., dict[str, Any]]]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> dict[str, Any]:
        process = subprocess.Popen(
            [sys.executable, "-m", "toiluot", "drivers", "sim", *arguments, "--json"], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        said: dict[str, Any] = json.loads(process.stdout.readline())
        return said

    yield run
    for process in started:
        assert process.stdout is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()


def test_the_printer_shows_its_paper_and_takes_faults(
    run_sim: Callable[..., dict[str, Any]], tmp_path: Path, make_bench: Any, raster: Any, until: Until
) -> None:
    said = run_sim("printer", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--paper", str(tmp_path / "paper"), "--fault", "paper-low")
    from drivers.devices.journal import Journal
    from drivers.devices.ticket_printer import TicketPrinter
    from drivers.model import PrintJob
    from drivers.ports.opening import open_port, parse_address
    from drivers.quirks import load_quirks

    journal = Journal(tmp_path / "jobs")
    device = TicketPrinter(load_quirks().profiles["80mm-203"], journal)
    port = open_port(parse_address(f"tcp://{said['tcp']}"))
    result, _ = device.act(port, PrintJob("one", 576, 250, raster(576, 250)))
    port.close()
    journal.close()
    assert result.outcome is Outcome.PRINTED
    with httpx.Client(base_url=said["http"]) as http:
        paper = http.get("/slips").json()
        assert (paper["printed"], paper["faults"], paper["slips"][0]["rows"]) == (1, ["paper-low"], 250)
        for picture in (http.get(paper["slips"][0]["png"]).content, (tmp_path / "paper" / "slip-00001.png").read_bytes()):
            image = Image.open(io.BytesIO(picture))
            assert image.size == (576, 250)
            assert bytes(byte ^ 0xFF for byte in image.convert("1").tobytes()) == raster(576, 250)
        assert http.post("/fault", json={"faults": ["paper-out", "silent"]}).json() == {"faults": ["paper-out", "silent"]}
        assert http.get("/slips").json()["stopped"] is True
        assert http.post("/fault", json={"faults": ["on-fire"]}).status_code == 422
        assert http.post("/fault", json={"faults": "silent"}).status_code == 422
        assert http.post("/fault", json=[]).status_code == 422
        assert http.post("/fault", content=b"{").status_code == 400
        assert http.get("/slips/99.png").status_code == 404
        assert http.get("/hanging.png").headers["content-type"] == "image/png"
        assert "Máy in phiếu" in http.get("/").text


def test_the_scanner_sends_what_is_laid_down(run_sim: Callable[..., dict[str, Any]], tmp_path: Path, until: Until) -> None:
    link = tmp_path / "scanner"
    said = run_sim("scanner", "--pty", str(link), "--http", "127.0.0.1:0", "--encoding", "latin1", "--end", "crlf")
    line = os.open(link, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    with httpx.Client(base_url=said["http"]) as http:
        assert http.post("/scan", json={"payload": "Đào", "encoding": "utf-8"}).json() == {"bytes": 7}
        assert http.post("/scan", json={"sample": "dossier"}).json()["bytes"] == 27
        assert http.post("/scan", json={"payload": ""}).status_code == 422
        assert http.post("/scan", json={"payload": "x", "encoding": "morse"}).status_code == 422
        assert http.get("/samples").json()["encoding"] == "latin1"
        assert http.post("/fault", json={"faults": ["silent"]}).json() == {"faults": ["silent"]}
        assert "giả lập" in http.get("/").text
    got = bytearray()

    def all_there() -> bool:
        try:
            got.extend(os.read(line, 100))
        except BlockingIOError:
            return False
        return len(got) >= 34

    until(all_there, "the bytes")
    os.close(line)
    assert bytes(got) == "Đào\r\n000.00.53.H48-260921-0001\r\n".encode()


def test_a_taken_address_is_told_in_a_sentence(printer: tuple[PrinterSim, str]) -> None:
    said = CliRunner().invoke(drivers, ["sim", "printer", "--tcp", printer[1]])
    assert said.exit_code == 1
    assert "choose another" in said.output
