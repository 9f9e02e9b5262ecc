"""The voice in the headphones: real speech by the real synthesiser into files, cutting off, and what is told when it cannot speak."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.wav import WavError, settled
from drivers.config import SlotConfig
from drivers.devices.link import Slot
from drivers.devices.speech import Say, Speech
from drivers.ports.base import OpenFailed, Port
from drivers.ports.opening import open_port, parse_address
from drivers.ports.speaker import open_alsa
from drivers.ports.tap import Tap
from drivers.say_route import parse
from drivers.service import Refused

Until = Callable[..., Any]


class Headphones:
    """A voice slot on a folder of files."""

    def __init__(self, folder: Path, address: str = "") -> None:
        self.folder = folder
        wanted = SlotConfig("speech", "speech", parse_address(address or f"wav:{folder}"))

        tap = Tap()

        def opener() -> tuple[Port, str]:
            assert wanted.address
            return tap.through(open_port(wanted.address)), wanted.address.text  # as a slot of the service opens it

        self.slot = Slot("speech", "speech", Speech("speech", {"vi": "vi", "en": "en"}), opener, backoff_s=(0.05, 0.1))
        self.slot.start()

    def say(self, *texts: str, volume: int = 3, append: bool = False, voice: str = "vi") -> dict[str, Any]:
        answer: dict[str, Any] = self.slot.submit(Say(tuple((voice, text) for text in texts), volume, append)).result(20).as_json()
        return answer

    def sounds(self) -> list[tuple[float, int]]:
        """Seconds and loudest sample of each sound, in the order they were played."""
        heard = []
        for path in sorted(self.folder.glob("*.wav")):
            with wave.open(str(path)) as sound:
                frames = sound.readframes(sound.getnframes())
                peak = max(abs(int.from_bytes(frames[at : at + 2], "little", signed=True)) for at in range(0, len(frames), 2))
                heard.append((sound.getnframes() / sound.getframerate(), peak))
        return heard


@pytest.fixture
def headphones(tmp_path: Path) -> Iterator[Headphones]:
    made = Headphones(tmp_path)
    yield made
    made.slot.stop()


def test_vietnamese_and_english_are_spoken_and_heard(headphones: Headphones, until: Until) -> None:
    assert headphones.say("Số của bạn là a một trăm linh năm")["outcome"] == "speaking"
    assert headphones.say("Your number is A 105", voice="en", append=True)["outcome"] == "speaking"
    until(lambda: len(headphones.sounds()) == 2)
    for seconds, peak in headphones.sounds():
        assert 1.0 < seconds < 8.0
        assert peak > 2_000, "not a whisper"


def test_longer_texts_last_longer_and_louder_ones_are_louder(headphones: Headphones, until: Until) -> None:
    headphones.say("Hộ tịch", volume=1)
    headphones.say("Hộ tịch", volume=5)
    headphones.say("Hộ tịch. Đang chờ: sáu người. một trên mười")
    until(lambda: len(headphones.sounds()) == 3)
    (soft_s, soft), (loud_s, loud), (long_s, _) = headphones.sounds()
    assert loud > 2 * soft
    assert long_s > soft_s == pytest.approx(loud_s, rel=0.2)


def test_several_parts_are_said_in_their_order(headphones: Headphones, until: Until) -> None:
    headphones.say("a", "Trung tâm phục vụ hành chính công", "b")
    until(lambda: len(headphones.sounds()) == 3)
    lengths = [seconds for seconds, _ in headphones.sounds()]
    assert max(lengths) == lengths[1]


def test_silence_is_a_word_too(headphones: Headphones) -> None:
    assert headphones.say()["outcome"] == "silent"
    assert headphones.sounds() == []


# ---------------------------------------------------------------- a device that takes its time
PLAYER = """#!/bin/sh
cat > "$HEARD/$$.part"
mv "$HEARD/$$.part" "$HEARD/$$.playing"
read -r _ < "$HEARD/go"
mv "$HEARD/$$.playing" "$HEARD/$$.ended"
exit ${PLAYER_CODE:-0}
"""


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands where aplay stands: a sound lasts until somebody writes to `go`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "aplay").write_text(PLAYER)
    (folder / "aplay").chmod(0o755)
    os.mkfifo(tmp_path / "go")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("HEARD", str(tmp_path))
    return tmp_path


def ended(folder: Path) -> list[Path]:
    return list(folder.glob("*.ended"))


def playing(folder: Path) -> list[Path]:
    return list(folder.glob("*.playing"))


def test_the_next_key_cuts_off_what_is_being_said(player: Path, until: Until) -> None:
    made = Headphones(player, "alsa:default")
    try:
        made.say("một câu dài", "và một câu nữa")
        first = until(lambda: playing(player))[0]
        made.say("câu mới")
        second = until(lambda: [path for path in playing(player) if path != first])[0]
        assert not ended(player)
        assert not Path(f"/proc/{first.stem}").exists(), "the old words' process is gone"
        made.say("rồi câu này", append=True)
        assert Path(f"/proc/{second.stem}").exists(), "what is appended waits for its turn"
        (player / "go").write_text("\n")
        until(lambda: ended(player))
        third = until(lambda: [path for path in playing(player) if path not in (first, second)])[0]
        made.say()
        until(lambda: not Path(f"/proc/{third.stem}").exists(), "silence ends it")
        assert made.slot.status.health.code == "ok"
    finally:
        made.slot.stop()


def test_a_device_that_leaves_in_mid_word_is_told_and_found_again(player: Path, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYER_CODE", "1")
    made = Headphones(player, "alsa:default")
    try:
        made.say("một câu")
        until(lambda: playing(player))
        (player / "go").write_text("\n")
        until(lambda: str(made.slot.status.state) != "ready" or ended(player))
        until(lambda: str(made.slot.status.state) == "ready")
        assert made.say()["outcome"] == "silent"
    finally:
        made.slot.stop()


def test_a_card_that_is_not_there_is_absent(player: Path, tmp_path: Path) -> None:
    (tmp_path / "sys/card1").mkdir(parents=True)
    (tmp_path / "sys/card1/id").write_text("Headset\n")
    for device in ("plughw:CARD=Headset,DEV=0", "hw:1", "plughw:1,0", "default"):
        open_alsa(device, tmp_path / "sys").close()
    for device in ("plughw:CARD=Other", "hw:0"):
        with pytest.raises(OpenFailed) as failed:
            open_alsa(device, tmp_path / "sys")
        assert failed.value.code == "absent"


def test_without_a_synthesiser_it_says_what_to_install(tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = Headphones(tmp_path)
    try:
        until(lambda: made.slot.status.health.code == "no_voice")
        assert made.say("a")["code"] == "no_voice"
    finally:
        made.slot.stop()


# ---------------------------------------------------------------- bytes
def test_the_header_is_made_true() -> None:
    told = subprocess.run(["espeak-ng", "-v", "vi", "--stdin", "--stdout"], input="xin chào".encode(), capture_output=True, check=True)
    whole, seconds = settled(told.stdout)
    with wave.open(io.BytesIO(whole)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(seconds)
        assert sound.getnchannels() == 1
    assert 0.3 < seconds < 5


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda rest: b"RIFF\0\0\0\0WAVE" + rest)))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        whole, seconds = settled(data)
    except WavError:
        return
    assert len(whole) <= len(data)
    assert seconds >= 0


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"parts": "a"}, {"parts": [{"voice": "vi"}]}, {"parts": [{"voice": "de", "text": "a"}]}, {"parts": [], "volume": 6},
        {"parts": [], "volume": True}, {"parts": [{"voice": "vi", "text": ""}]}, {"parts": [{"voice": "vi", "text": "x" * 401}]},
        {"parts": [{"voice": "vi", "text": "a\0b"}]}, {"parts": [], "append": 1}, {"parts": [], "loud": 1}, {"parts": [], "slot": 3},
    ],
)  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(body: Any) -> None:
    with pytest.raises(Refused):
        parse(body)


def test_a_request_as_the_kiosk_sends_it() -> None:
    body = {"parts": [{"voice": "vi", "text": "Hộ tịch"}], "volume": 4, "append": True}
    assert parse(body) == (None, Say((("vi", "Hộ tịch"),), 4, True))


def test_the_text_stands_in_no_list_of_processes(tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may list the processes must not read what somebody hears."""
    real = shutil.which("espeak-ng")
    (tmp_path / "espeak-ng").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\nexec {real} "$@"\n')
    (tmp_path / "espeak-ng").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = Headphones(tmp_path)
    try:
        made.say("bí mật")
        until(lambda: made.sounds())
        assert "-v\nvi\n" in (tmp_path / "arguments").read_text()
        assert "mật" not in (tmp_path / "arguments").read_text()
    finally:
        made.slot.stop()
