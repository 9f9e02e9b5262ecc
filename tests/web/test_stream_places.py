"""Where streams are served: they move to a process of their own unnoticed, come back when it dies, and a reader that
takes nothing loses its place."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from queue_server.bootstrap import prepare
from queue_server.domain.principal import SYSTEM
from queue_server.services import command, configuring
from queue_server.storage.store import Store
from queue_server.web.annexe import AUTO_STREAMS, READY_SAYS
from queue_server.web.auth import Gate
from queue_server.web.channel import Listener
from queue_server.web.house import House
from queue_server.web.hub import Hub
from queue_server.web.stream import Stream
from tests.loops import run_story
from tests.web.helpers import Process, Site, fresh_code, rid
from tests.web.listening import Crowd, Ear
from toiluot import main
from toiluot_edge import ScaledClock, SystemClock, clock_from_environment, setup_log


class Hall:
    """A server of its own and the readers of its one site."""

    def __init__(self, folder: Path, *options: str) -> None:
        url = f"sqlite:///{folder}/own.db"
        self.store = prepare(url)
        configuring.init_site(self.store, site=(code := fresh_code()))
        self.process = Process(url, folder / "server.log", *options)
        self.site = Site(code, self.process.base, self.store)
        self.client, self.crowd, self._key = self.site.client(), Crowd(), self.site.key("feed")
        host, port = self.process.base.removeprefix("http://").split(":")
        self._address = (host, int(port))
        self.first = self.seq

    def join(self, count: int) -> None:
        """Programs and boards by turns."""
        board = f"/b/{self.site.board_token}/stream"
        for n in range(count):
            self.crowd.join(Ear(self._address, board if n % 2 else "/api/v1/stream", "" if n % 2 else self._key))
        self.crowd.listen(lambda: all(ear.begun for ear in self.crowd.ears))

    @property
    def seq(self) -> int:
        return self.store.position(self.site.code)[1]

    @property
    def children(self) -> list[int]:
        """The processes for streams so far, by number."""
        return [int(found) for found in re.findall(rf'"pid": (\d+), "event": "{READY_SAYS}"', self.process.log.read_text())]

    def issue(self, count: int) -> None:
        for _ in range(count):
            self.client.issue(rid(), service="ho-tich")

    def all_heard_everything(self) -> None:
        """Every row, once, in order."""
        rows = list(range(self.first + 1, self.seq + 1))
        self.crowd.listen(lambda: all(ear.rows and ear.rows[-1] == rows[-1] for ear in self.crowd.ears))
        assert all(ear.rows == rows for ear in self.crowd.ears)

    def close(self) -> None:
        self.crowd.close()
        for close in self.site.closing:
            close()
        self.process.close()
        self.store.close()


@pytest.fixture
def halls(tmp_path: Path) -> Iterator[list[Hall]]:
    opened: list[Hall] = []
    yield opened
    for hall in opened:
        hall.close()


def connections_of(pid: int) -> int:
    """How many sockets a process holds; none where it is no more."""
    found = 0
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                found += os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
    return found


def test_many_streams_move_to_a_process_of_their_own_and_none_of_them_notices(halls: list[Hall], tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    halls.append(hall)
    hall.join(300)
    assert len(hall.crowd.ears) > AUTO_STREAMS
    while not hall.children:
        hall.issue(1)
        hall.all_heard_everything()
    hall.issue(3)
    hall.crowd.listen(lambda: connections_of(hall.children[0]) > len(hall.crowd.ears))
    hall.issue(10)
    hall.all_heard_everything()
    assert {ear.begun for ear in hall.crowd.ears} == {1}


def test_when_their_process_dies_streams_come_back_and_nothing_is_missed(halls: list[Hall], tmp_path: Path) -> None:
    hall = Hall(tmp_path, "--streams", "own")
    halls.append(hall)
    hall.crowd.listen(lambda: bool(hall.children))
    hall.join(20)
    hall.issue(3)
    hall.all_heard_everything()
    os.kill(hall.children[0], signal.SIGKILL)
    hall.issue(3)
    hall.all_heard_everything()
    assert {ear.begun for ear in hall.crowd.ears} == {2}
    hall.crowd.listen(lambda: len(hall.children) == 2)
    hall.crowd.listen(lambda: connections_of(hall.children[1]) > 20)
    hall.issue(3)
    hall.all_heard_everything()
    assert {ear.begun for ear in hall.crowd.ears} == {2}  # back from the server's own process they moved unnoticed again


def test_the_process_for_streams_ends_with_its_server_whatever_ended_that(halls: list[Hall], tmp_path: Path) -> None:
    hall = Hall(tmp_path, "--streams", "own")
    halls.append(hall)
    hall.crowd.listen(lambda: bool(hall.children))
    hall.process.close()  # SIGKILL: no word of farewell
    hall.crowd.listen(lambda: not connections_of(hall.children[0]))


# ---------------------------------------------------------------- a hub without a server
def long_history(store: Store, code: str) -> int:
    """More rows than the buffers between two sockets hold; the last one's number."""
    for _ in range(150):
        command.beat(store, code, SYSTEM, lambda unit: {"seq": unit.event("notice.filled", "notice:1", {"text": "x" * 5000}).seq})
    return store.position(code)[1]


def ids_in(heard: bytes) -> list[int]:
    return [int(seq) for seq in re.findall(rb"\nid: 1-(\d+)", heard)]


def test_a_reader_that_takes_nothing_is_cut_off_and_its_neighbour_is_not(store: Store) -> None:
    configuring.init_site(store, site=(code := fresh_code()))
    last = long_history(store, code)
    house = House(store=store, clock=SystemClock(), log=setup_log("test"), version="0", local=True)
    who = Listener(code, False, None, f"Bearer {Site(code, '', store).key('feed')}", {})

    async def both() -> None:
        hub, loop = Hub(house, Gate(house), patience_s=0.2), asyncio.get_running_loop()
        silent, reading = [await _connected(loop, Stream(hub, who, 0)) for _ in range(2)]
        heard = b""
        async with asyncio.timeout(20):
            while f"id: 1-{last}\n".encode() not in heard or hub.open > 1:
                heard += await loop.sock_recv(reading, 1 << 16)
        assert hub.open == 1
        assert ids_in(heard) == list(range(1, last + 1))
        hub.stop()
        silent.close()
        reading.close()
        hub.close()

    run_story(both)


async def _connected(loop: asyncio.AbstractEventLoop, stream: Stream) -> socket.socket:
    """The far end of a stream."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        far.connect(listening.getsockname())
        near, _ = listening.accept()
    near.setblocking(False)
    far.setblocking(False)
    await loop.connect_accepted_socket(lambda: stream, near)
    return far


def test_another_process_has_the_same_rehearsed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ScaledClock(1_795_000_000_000, 60.0, 17.5)
    monkeypatch.setenv("TOILUOT_CLOCK", clock.words())
    there = clock_from_environment("training")
    assert isinstance(there, ScaledClock)
    assert there.words() == clock.words()


def test_a_rehearsal_is_moved_on_for_every_process_that_shares_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = tmp_path / "moved"
    moved.write_text("0")
    clock = ScaledClock(1_795_000_000_000, 1.0, None, str(moved))
    monkeypatch.setenv("TOILUOT_CLOCK", clock.words())
    there, before = clock_from_environment("demo"), clock.wall_ms()
    moved.write_text("1800.5")
    assert clock.wall_ms() >= before + 1_800_500
    assert there.wall_ms() >= before + 1_800_500
    assert there.monotonic() >= 1800.5


def test_an_encrypted_stream_is_served_where_its_keys_are(tmp_path: Path) -> None:
    wish = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=localhost"]
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run([*wish, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    store = prepare(f"sqlite:///{tmp_path}/own.db")
    configuring.init_site(store, site=(code := fresh_code()))
    last = long_history(store, code)
    process = Process(store.url, tmp_path / "server.log", "--tls", certificate, key)
    host, port = process.base.removeprefix("https://").split(":")
    trusting = ssl.create_default_context(cafile=certificate)
    with socket.create_connection((host, int(port)), timeout=20) as bare, trusting.wrap_socket(bare, server_hostname="localhost") as line:
        who = f"Authorization: Bearer {Site(code, '', store).key('feed')}"
        line.sendall(f"GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: x\r\n{who}\r\n\r\n".encode())
        heard = b""
        while f"id: 1-{last}\n".encode() not in heard:
            heard += line.recv(1 << 16)
        process.terminate()
        while line.recv(1 << 16):
            pass
    assert process.wait(10) == 0
    assert ids_in(heard) == list(range(1, last + 1))
    process.close()
    store.close()


def test_encrypted_connections_cannot_be_handed_over(tmp_path: Path) -> None:
    (tmp_path / "cert").write_text("")
    certificate = str(tmp_path / "cert")
    options = ["--db", f"sqlite:///{tmp_path}/a.db", "--tls", certificate, certificate, "--streams", "own"]
    told = CliRunner().invoke(main, ["server", "run", *options])
    assert told.exit_code == 2
    assert "proxy" in told.output
