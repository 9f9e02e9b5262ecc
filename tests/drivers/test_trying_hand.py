"""`drivers test touch|tactile|speech`: a person asked to do something, one line of outcome, and an exit code."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import CliRunner, Result
from evdev import ecodes as e

from drivers.cli import drivers
from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.devices.speech import Speech
from drivers.ports.opening import open_port, parse_address
from drivers.say_route import add as add_say
from drivers.service import Hub, Service, make_app, make_stream
from tests.drivers.scenarios.hands import SYN, HandStage, TactileStage, TouchStage
from tests.drivers.scenarios.levels import MEMORY
from tests.drivers.scenarios.stage import until
from toiluot_edge import mount


class Kiosk:
    """The service with the slots it is given, on a socket of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hub = folder, Hub()
        self.stages: list[HandStage] = []
        self.slots: dict[str, Slot] = {}

    def put(self, kind: type[HandStage]) -> HandStage:
        (self.folder / kind.role).mkdir()
        stage = kind(MEMORY, self.folder / kind.role)
        stage.events = Told(self.hub)
        stage.start()
        self.stages.append(stage)
        self.slots[stage.role] = stage.slot
        return stage

    def serve(self) -> Path:
        (self.folder / "own").mkdir()
        self.journal = Journal(self.folder / "own/jobs.sqlite3")
        service = Service(self.journal, self.hub, lambda *_, **__: None)
        service.slots = self.slots
        app = make_app(service)
        add_say(app, service)
        mounted: Any = mount(app, {"/v1/stream": make_stream(service)}, threads=4, most_bytes=1 << 20)
        path = self.folder / "d.sock"
        config = uvicorn.Config(mounted, uds=str(path), interface="asgi3", lifespan="off", log_config=None, timeout_graceful_shutdown=2)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        until(lambda: self.server.started, "serving")
        return path

    def close(self) -> None:
        self.hub.close()
        self.server.should_exit = True
        self.thread.join(10)
        for stage in self.stages:
            stage.close()
        self.journal.close()


class Told(list[tuple[str, dict[str, Any]]]):
    """What a stage was told goes to the streams, too."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub

    def append(self, one: tuple[str, dict[str, Any]]) -> None:
        super().append(one)
        self._hub.publish(*one)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    made = Kiosk(tmp_path)
    yield made
    made.close()


def run(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(drivers, ["test", *words, "--socket", str(socket)])


def while_a_hand(moves: Callable[[], None], socket: Path, *words: str) -> Result:
    """A person goes on until the command has ended."""
    ended = threading.Event()

    def hand() -> None:
        while not ended.wait(0.1):
            moves()

    person = threading.Thread(target=hand, daemon=True)
    person.start()
    try:
        return run(socket, *words)
    finally:
        ended.set()
        person.join(5)


def test_a_key_a_socket_and_a_touch_are_heard(kiosk: Kiosk) -> None:
    pad, screen = kiosk.put(TactileStage), kiosk.put(TouchStage)
    socket = kiosk.serve()
    assert isinstance(pad, TactileStage)
    got = while_a_hand(lambda: pad.press(e.KEY_KP2), socket, "tactile", "--wait", "10")
    assert (got.exit_code, got.stdout.strip()) == (0, "[tactile] Phím: next.")
    assert "Bấm một phím" in got.stderr
    plug = lambda: pad.far.moves((e.EV_SW, e.SW_HEADPHONE_INSERT, 1), SYN)  # noqa: E731
    assert "Tai nghe đã cắm." in while_a_hand(plug, socket, "tactile", "--wait", "10").stdout
    touch = lambda: screen.far.moves((e.EV_KEY, e.BTN_TOUCH, 1), SYN, (e.EV_KEY, e.BTN_TOUCH, 0), SYN)  # noqa: E731
    got = while_a_hand(touch, socket, "touch", "--wait", "10", "--json")
    told = json.loads(got.stdout)
    assert (got.exit_code, told["ok"], told["slot"], told["text"]) == (0, True, "touch", "[touch] Màn hình nhận chạm.")


def test_nobody_is_one_line_and_exit_1(kiosk: Kiosk) -> None:
    kiosk.put(TouchStage)
    socket = kiosk.serve()
    got = run(socket, "touch", "--wait", "1", "--json")
    assert (got.exit_code, json.loads(got.stdout)["code"]) == (1, "timeout")
    for role in ("tactile", "speech"):
        got = run(socket, role, "--wait", "1")
        assert (got.exit_code, got.stdout.strip()) == (1, f"Chưa khai báo [slot.{role}] trong cấu hình.")


def test_a_sentence_is_spoken(kiosk: Kiosk) -> None:
    heard = kiosk.folder / "heard"
    heard.mkdir()
    address = parse_address(f"wav:{heard}")
    slot = Slot("speech", "speech", Speech("speech", {"vi": "vi", "en": "en"}), lambda: (open_port(address), address.text))
    kiosk.slots["speech"] = slot
    slot.start()
    try:
        got = run(kiosk.serve(), "speech")
        assert (got.exit_code, got.stdout.strip()) == (0, "Đang đọc câu thử: hãy nghe ở tai nghe.")
        until(lambda: len(list(heard.glob("*.wav"))) == 2, "Vietnamese and English")
    finally:
        slot.stop()
