"""One service with every role for all scenes, as on a kiosk: starting a program takes long in a machine that is emulated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evdev import UInput
from evdev import ecodes as e

from tests.hil.guest.service import DriversService

CONFIG = """
[slot.printer]
driver = "escpos"
match = "usb:04b8:0e15:*"

[slot.reader]
driver = "wedge"
match = "usb:1eab:0022:*"

[slot.reader-2]
driver = "serial-scanner"
match = "usb:1eab:0c06:*"

[slot.touch]
driver = "touch"
match = "usb:222a:0001:*"

[slot.touch-2]
driver = "touch"
match = "usb:222a:0002:*"
rotate = "90"

[slot.tactile]
driver = "tactile"
match = "usb:04d9:1203:*"

[slot.tactile-2]
driver = "tactile"
port = "evdev:{socket}"

[slot.speech]
driver = "speech"
port = "alsa:plughw:CARD=Loopback,DEV=0"
"""


@pytest.fixture(scope="session")
def socket() -> Iterator[UInput]:
    """A headphone socket that tells whether something is in it."""
    with UInput({e.EV_SW: [e.SW_HEADPHONE_INSERT]}, name="rig Headphone") as made:
        yield made


@pytest.fixture(scope="session")
def kiosk(tmp_path_factory: pytest.TempPathFactory, socket: UInput) -> Iterator[DriversService]:
    service = DriversService(tmp_path_factory.mktemp("kiosk"), CONFIG.format(socket=socket.device.path))
    yield service
    service.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], DriversService]]:
    """A service of one's own, for a scene whose configuration would disturb the others."""
    made: list[DriversService] = []

    def start(config: str) -> DriversService:
        made.append(DriversService(tmp_path, config))
        return made[-1]

    yield start
    for one in made:
        one.close()
