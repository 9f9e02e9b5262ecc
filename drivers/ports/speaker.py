"""Where sound goes: an ALSA device by its name (`alsa:plughw:CARD=Headset`), or WAV files in a folder (`wav:/folder`).

Holds one sound at a time: playing it, cutting it off, and noticing that it ended or that the device has left. What is
played is the device's affair.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

from drivers.ports.base import Gone, OpenFailed, Timeout, Waker
from drivers.ports.opening import Address

PLAYER = "aplay"
SYS_SOUND = Path("/sys/class/sound")
KEPT_FILES = 20
_CARD = re.compile(r"CARD=([\w-]+)|^(?:plug)?hw:(?!CARD=)(\w+)")


class SpeakerPort(ABC):
    """A `Port` that is written whole sounds. `read` only waits: for the end of a sound, the waker, or the deadline."""

    def __init__(self) -> None:
        self._closed = False

    @abstractmethod
    def write(self, data: bytes, deadline: float) -> int:
        """Begin to play; what is playing is cut off."""

    @abstractmethod
    def hush(self) -> None:
        """Cut off what is playing."""

    @property
    @abstractmethod
    def playing(self) -> bool:
        """Whether a sound is still on its way; `Gone` where it did not come to its end."""

    def _ended_fd(self) -> int | None:
        """Readable when the sound has ended."""
        return None

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        if self._closed:
            raise Gone("port is closed")
        ended = self._ended_fd()
        watched = [*([] if waker is None else [waker.fileno()]), *([] if ended is None else [ended])]
        ready = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]
        if not ready:
            raise Timeout("nothing came before the deadline")
        if waker is not None and waker.fileno() in ready:
            waker.clear()
        return b""

    def idle(self, deadline: float, waker: Waker) -> str:
        try:
            self.read(1, deadline, waker)
        except Timeout:
            return "time"
        return "woken"

    def rest(self) -> None:
        """A sound goes on by itself."""
        return

    def close(self) -> None:
        self._closed = True
        self.hush()


class AlsaPort(SpeakerPort):
    """One `aplay` for each sound: cutting off is ending it, and a device that left ends it with an error."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device
        self._process: subprocess.Popen[bytes] | None = None
        self._pid_fd: int | None = None

    def write(self, data: bytes, deadline: float) -> int:
        self.hush()
        with open(os.memfd_create("sound"), "w+b") as sound:
            sound.write(data)
            sound.flush()
            sound.seek(0)
            command = [PLAYER, "-q", "-D", self._device, "-"]
            self._process = subprocess.Popen(command, stdin=sound, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._pid_fd = os.pidfd_open(self._process.pid)
        return len(data)

    @property
    def playing(self) -> bool:
        """False once the sound has ended; `Gone` where the device did not play it to its end."""
        process = self._process
        if process is None:
            return False
        code = process.poll()
        if code is None:
            return True
        self._forget()
        if code:
            raise Gone(f"{PLAYER} ended with {code}")
        return False

    def hush(self) -> None:
        process = self._process
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait(5)
            self._forget()

    def _forget(self) -> None:
        self._process = None
        if self._pid_fd is not None:
            os.close(self._pid_fd)
            self._pid_fd = None

    def _ended_fd(self) -> int | None:
        return self._pid_fd


class FilePort(SpeakerPort):
    """Headphones of the demonstration and of tests: every sound becomes a file and is over at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._number = folder, 0

    def write(self, data: bytes, deadline: float) -> int:
        self._number += 1
        spare = self._folder / ".sound"
        spare.write_bytes(data)
        spare.replace(self._folder / f"{self._number:06d}.wav")
        (self._folder / f"{self._number - KEPT_FILES:06d}.wav").unlink(missing_ok=True)
        return len(data)

    @property
    def playing(self) -> bool:
        return False

    def hush(self) -> None:
        """Nothing lasts here."""


def open_address(address: Address) -> SpeakerPort:
    if address.kind == "wav":
        folder = Path(address.target)
        if not folder.is_dir():
            raise OpenFailed("absent", f"{folder}: no such folder")
        return FilePort(folder)
    return open_alsa(address.target)


def open_alsa(device: str, sys_sound: Path = SYS_SOUND) -> AlsaPort:
    if shutil.which(PLAYER) is None:
        raise OpenFailed("no_voice", f"{PLAYER} is not installed")
    named = _CARD.search(device)
    card = named and (named[1] or named[2])
    if card and not _there(card, sys_sound):
        raise OpenFailed("absent", f"no sound card {card}")
    return AlsaPort(device)


def _there(card: str, sys_sound: Path) -> bool:
    """Whether the kernel has a card of this number or name."""
    if (sys_sound / f"card{card}").exists():
        return True
    return any(path.read_text(encoding="utf-8").strip() == card for path in sys_sound.glob("card*/id"))
