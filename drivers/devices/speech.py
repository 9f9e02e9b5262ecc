"""The voice in the headphones as a device: texts in, one after the other spoken, cut off by the next.

Holds the queue of texts and the calling of the synthesiser (espeak-ng: offline, 10 MB, some ten milliseconds a sentence).
Says what it is given: figures are made into words before (the kiosk does). Keeps and logs no text.
"""

from __future__ import annotations

import collections
import contextlib
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from drivers.codecs.wav import WavError, settled
from drivers.health import Health
from drivers.ports.base import Port, Timeout, Waker

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.ports.speaker import SpeakerPort
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("speech",)
OPTIONS: dict[str, type] = {"words_per_min": int, "voice_vi": str, "voice_en": str}
PORTS: dict[str, str] = {}
ENGINE = "espeak-ng"
VOICES = {"vi": "vi", "en": "en"}
LOUDNESS = (25, 50, 100, 150, 200)  # espeak-ng's amplitude for the volumes 1 to 5
USUAL_WPM, WPM = 150, range(80, 451)
SYNTHESIS_S = 10.0
LISTEN_S = 3600.0
MAX_QUEUE = 64


@dataclass(frozen=True)
class Say:
    """`parts`: voice and text. Nothing in it is silence."""

    parts: tuple[tuple[str, str], ...]
    volume: int = 3
    append: bool = False


@dataclass(frozen=True)
class Said:
    slot: str
    outcome: str  # "speaking", "silent" or "not_spoken"
    code: str = "ok"
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"slot": self.slot, "outcome": self.outcome, "code": self.code, "detail": self.detail}


def check(wanted: SlotConfig, _: Quirks) -> None:
    if wanted.address is None or wanted.address.kind not in ("alsa", "wav"):
        raise ValueError("a voice needs port = “alsa:plughw:CARD=NAME” (names: “aplay -L”) or “wav:/FOLDER”")
    if wanted.options.get("words_per_min", USUAL_WPM) not in WPM:
        raise ValueError(f"words_per_min is {WPM[0]} to {WPM[-1]}")


def build(wanted: SlotConfig, parts: Parts) -> Speech:
    voices = {lang: wanted.options.get(f"voice_{lang}", voice) for lang, voice in VOICES.items()}
    return Speech(wanted.role, voices, wanted.options.get("words_per_min", USUAL_WPM))


class Speech:
    """The `Device` behind a speech slot."""

    def __init__(self, slot: str, voices: dict[str, str], words_per_min: int = USUAL_WPM) -> None:
        self._slot, self._voices, self._words_per_min = slot, voices, words_per_min
        self._waiting: collections.deque[tuple[str, str, int]] = collections.deque(maxlen=MAX_QUEUE)
        self._health = Health()

    def greet(self, port: Port) -> Health:
        self._waiting.clear()
        self._health = Health() if shutil.which(ENGINE) else Health("no_voice", f"{ENGINE} is not installed")
        return self._health

    def tend(self, port: Port, waker: Waker) -> Health:
        speaker = _speaker(port)
        playing = speaker.playing  # asked first: this also notices that the last sound has ended, or that the device has left
        if self._waiting and not playing:
            self._next(speaker)
            return self._health
        with contextlib.suppress(Timeout):
            port.read(1, time.monotonic() + LISTEN_S, waker)
        return self._health

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        speaker = _speaker(port)
        if not command.append:
            self._waiting.clear()
            speaker.hush()
        self._waiting.extend((voice, text, command.volume) for voice, text in command.parts)
        if not speaker.playing and self._waiting:
            self._next(speaker)
        if not self._health.well:
            return Said(self._slot, "not_spoken", self._health.code, self._health.detail), self._health
        return Said(self._slot, "speaking" if command.parts else "silent"), self._health

    def refuse(self, command: Any, health: Health) -> Any:
        return Said(self._slot, "not_spoken", health.code, health.detail)

    def lose(self) -> None:
        self._waiting.clear()

    # ------------------------------------------------------------ one text
    def _next(self, speaker: SpeakerPort) -> None:
        voice, text, volume = self._waiting.popleft()
        try:
            sound, _ = settled(self._synthesise(voice, text, volume))
        except FileNotFoundError:
            self._health = Health("no_voice", f"{ENGINE} is not installed")
        except (subprocess.SubprocessError, WavError) as error:
            self._health = Health("error", f"{ENGINE}: {type(error).__name__}")
        else:
            self._health = Health()
            speaker.write(sound, time.monotonic() + SYNTHESIS_S)
            return
        self._waiting.clear()

    def _synthesise(self, voice: str, text: str, volume: int) -> bytes:
        loud = LOUDNESS[min(max(volume, 1), len(LOUDNESS)) - 1]
        # The text goes in by the pipe: the list of processes is for everybody to read.
        command = [
            ENGINE,
            "-v",
            self._voices.get(voice, VOICES["vi"]),
            "-s",
            str(self._words_per_min),
            "-a",
            str(loud),
            "--stdin",
            "--stdout",
        ]
        told = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SYNTHESIS_S, check=True)
        return told.stdout


def _speaker(port: Port) -> SpeakerPort:
    """`check` lets no other kind of port through; what stands between (the slot's tap) passes everything on."""
    return cast("SpeakerPort", port)
