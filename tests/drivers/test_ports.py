"""Every port keeps its deadlines, counts what it wrote and says plainly that the device has left."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.ports.base import Gone, OpenFailed, Port, Timeout, Waker
from drivers.ports.memory import Weather, null_modem
from drivers.ports.opening import open_port, parse_address
from drivers.ports.serial import open_serial
from drivers.ports.tcp import open_tcp


def _soon(seconds: float = 0.1) -> float:
    return time.monotonic() + seconds


@pytest.fixture(params=["pty", "tcp", "memory"])
def line(request: pytest.FixtureRequest) -> Iterator[tuple[Port, Callable[[bytes], Any], Callable[[], None]]]:
    """Our end, a way to send from the far end, and the plug."""
    if request.param == "pty":
        near, far = pty.openpty()
        tty.setraw(far)
        port: Port = open_serial(os.ttyname(far))
        os.close(far)
        yield port, lambda data: os.write(near, data), lambda: os.close(near)
    elif request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = open_tcp(*listener.getsockname())
            peer, _ = listener.accept()
            yield port, peer.sendall, peer.close
    else:
        port, other = null_modem()
        yield port, lambda data: other.write(data, _soon()), other.close
    port.close()


def test_bytes_come_through(line: Any) -> None:
    port, send, _ = line
    send(b"abc")
    assert port.read(64, _soon(2)) == b"abc"


def test_a_read_ends_at_its_deadline(line: Any) -> None:
    port, _, _ = line
    started = time.monotonic()
    with pytest.raises(Timeout):
        port.read(64, _soon(0.1))
    assert 0.09 < time.monotonic() - started < 2


def test_a_write_nobody_reads_ends_at_its_deadline_and_is_counted(line: Any) -> None:
    port, _, _ = line
    with pytest.raises(Timeout) as stopped:
        port.write(bytes(8_000_000), _soon(0.3))
    assert 0 < stopped.value.written < 8_000_000


def test_pulling_the_plug_is_gone_on_both_ways(line: Any) -> None:
    port, _, pull = line
    pull()
    with pytest.raises(Gone):
        port.read(64, _soon(2))
    with pytest.raises(Gone):
        _write_often(port)
    port.close()
    port.close()
    if not hasattr(port, "connect"):
        with pytest.raises(Gone):
            port.read(1, _soon())


def _write_often(port: Port) -> None:
    """A socket may take a few bytes before it learns that nobody is there."""
    for _ in range(50):
        port.write(bytes(1000), _soon(2))


def test_a_waker_ends_a_read_at_once(line: Any) -> None:
    port, _, _ = line
    waker = Waker()
    threading.Timer(0.05, waker.wake).start()
    started = time.monotonic()
    assert port.read(64, _soon(10), waker) == b""
    assert time.monotonic() - started < 5
    waker.close()


def test_weather_delays_loses_and_dribbles() -> None:
    near, far = null_modem(near=Weather(one_byte=True), far=Weather(delay_s=0.05, loses=lambda at: at == 1))
    far.write(b"abc", _soon())
    with pytest.raises(Timeout):
        near.read(64, time.monotonic() + 0.005)
    assert near.read(64, _soon(2)) + near.read(64, _soon(2)) == b"ac"
    near.close()
    far.close()


def test_a_port_in_use_is_busy_and_a_missing_one_absent(tmp_path: Path) -> None:
    near, far = pty.openpty()
    name = os.ttyname(far)
    first = open_serial(name)
    with pytest.raises(OpenFailed) as busy:
        open_serial(name)
    assert busy.value.code == "busy"
    first.close()
    for fd in (near, far):
        os.close(fd)
    for text in (f"serial:{tmp_path}/none", f"usblp:{tmp_path}/none", "tcp://127.0.0.1:1"):
        with pytest.raises(OpenFailed) as absent:
            open_port(parse_address(text))
        assert absent.value.code == "absent", text


def test_who_has_the_port_is_told() -> None:
    near, far = pty.openpty()
    name = os.ttyname(far)
    os.close(far)
    code = f"import serial, sys; line = serial.Serial({name!r}, exclusive=True); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(OpenFailed) as busy:
            open_port(parse_address(f"serial:{name}"))
        assert busy.value.code == "busy"
        assert f"({other.pid})" in busy.value.detail
        other.communicate()
    os.close(near)


def test_no_right_to_open_is_permission(tmp_path: Path) -> None:
    """Root may open anything, so the test gives up root for the moment it opens."""
    node = tmp_path / "lp0"
    node.write_bytes(b"")
    node.chmod(0)
    was_root = os.geteuid() == 0
    if was_root:
        tmp_path.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(OpenFailed) as refused:
            open_port(parse_address(f"usblp:{node}"))
    finally:
        if was_root:
            os.seteuid(0)
    assert refused.value.code in ("permission", "absent")


def test_opening_and_closing_leaks_no_descriptor() -> None:
    near, far = pty.openpty()
    name = os.ttyname(far)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        open_serial(name).close()
        with pytest.raises(OpenFailed):
            open_tcp("127.0.0.1", 1, 0.2)
    assert len(os.listdir("/proc/self/fd")) <= before  # fewer where another test's leavings were collected meanwhile
    for fd in (near, far):
        os.close(fd)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/dev/ttyUSB0", "serial:"),
        ("tcp://printer", "tcp://HOST:PORT"),
        ("serial:/dev/x?speed=9600", "unknown option speed"),
        ("serial:/dev/x?baud=12345", "baud must be one of"),
        ("serial:/dev/x?parity=M", "parity must be one of N, E, O"),
        ("serial:/dev/x?flow=some", "flow must be one of"),
        ("usblp:/dev/usb/lp0?x=1", "unknown option x"),
    ],
)
def test_a_wrong_address_says_what_to_write(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*") as refused:
        parse_address(text)
    assert word in str(refused.value)
