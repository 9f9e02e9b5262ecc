"""Tactile keypads and headphone sockets: tables, strokes, and the device in a true slot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from evdev import ecodes as e
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.hid_keymap import RECORD, Strokes, pack
from drivers.codecs.tactile import HEADPHONES, KEYS, Jack, Pressed, TableError, heard, table_of
from drivers.config import ConfigError, load_config
from drivers.devices.tactile import load_tables
from kiosk import audio

TABLES = load_tables()
# A numpad as its maker's key caps read, by evdev's own names of the codes.
NUMPAD = {
    e.KEY_KP8: "previous", e.KEY_KP4: "previous", e.KEY_KP2: "next", e.KEY_KP6: "next", e.KEY_KP5: "select", e.KEY_KPENTER: "select",
    e.KEY_KP0: "back", e.KEY_BACKSPACE: "back", e.KEY_KPASTERISK: "repeat", e.KEY_KP1: "repeat", e.KEY_KPPLUS: "louder",
    e.KEY_KPMINUS: "softer",
}  # fmt: skip
ARROWS = {
    e.KEY_UP: "previous", e.KEY_LEFT: "previous", e.KEY_DOWN: "next", e.KEY_RIGHT: "next", e.KEY_ENTER: "select", e.KEY_SPACE: "select",
    e.KEY_ESC: "back", e.KEY_HOME: "back", e.KEY_F1: "repeat", e.KEY_HELP: "repeat", e.KEY_VOLUMEUP: "louder", e.KEY_VOLUMEDOWN: "softer",
}  # fmt: skip


def strokes(*events: tuple[int, int, int]) -> list[Pressed | Jack]:
    return list(heard(Strokes().feed(pack(events)), TABLES["numpad"]))


def test_the_tables_by_the_kernels_names() -> None:
    assert TABLES["numpad"] == NUMPAD
    assert TABLES["arrows"] == ARROWS
    assert e.SW_HEADPHONE_INSERT == HEADPHONES


def test_driver_and_kiosk_speak_of_the_same_keys() -> None:
    assert KEYS == audio.KEYS
    for table in TABLES.values():
        assert set(table.values()) == set(KEYS)


@pytest.mark.parametrize(("code", "key"), NUMPAD.items())
def test_every_key_counts_once_when_it_goes_down(code: int, key: str) -> None:
    held = [(e.EV_KEY, code, 1), (e.EV_SYN, 0, 0), *[(e.EV_KEY, code, 2), (e.EV_SYN, 0, 1)] * 5, (e.EV_KEY, code, 0), (e.EV_SYN, 0, 0)]
    assert strokes(*held) == [Pressed(key)]


def test_the_socket_says_in_and_out() -> None:
    assert strokes((e.EV_SW, e.SW_HEADPHONE_INSERT, 1), (e.EV_SYN, 0, 0)) == [Jack(True)]
    assert strokes((e.EV_SW, e.SW_HEADPHONE_INSERT, 0), (e.EV_SYN, 0, 0)) == [Jack(False)]
    assert strokes((e.EV_SW, e.SW_LID, 1), (e.EV_KEY, e.KEY_A, 1)) == []


def test_a_pad_may_tell_its_socket_by_keys() -> None:
    table = table_of({"next": [e.KEY_F13], "select": [e.KEY_F14], "jack_in": [e.KEY_F15], "jack_out": [e.KEY_F16]})
    events = pack([(e.EV_KEY, e.KEY_F15, 1), (e.EV_KEY, e.KEY_F15, 0), (e.EV_KEY, e.KEY_F16, 1), (e.EV_KEY, e.KEY_F13, 1)])
    assert list(heard(Strokes().feed(events), table)) == [Jack(True), Jack(False), Pressed("next")]


@given(st.binary(max_size=600))
def test_no_bytes_break_it(data: bytes) -> None:
    found = list(heard(Strokes().feed(data), TABLES["numpad"]))
    assert len(found) <= len(data) // RECORD.size


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"next": [1]}, "missing: select"),
        ({"next": [1], "select": [2], "jump": [3]}, "unknown key jump"),
        ({"next": [1], "select": [1]}, "code 1 is next already"),
        ({"next": "1", "select": [2]}, "next: a list"),
        ({"next": [0], "select": [2]}, "next: a list"),
    ],
)
def test_a_wrong_table_is_told_by_name(values: dict[str, object], words: str) -> None:
    with pytest.raises(TableError, match=re.escape(words)):
        table_of(values)


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "drivers.toml"
    path.write_text(text)
    return path


def test_an_own_table_stands_in_the_configuration(tmp_path: Path) -> None:
    text = '[slot.tactile]\ndriver = "tactile"\nport = "evdev:/dev/input/event5"\n[slot.tactile.table]\nnext = [183]\nselect = [184]\n'
    loaded = load_config(config(tmp_path, text))
    assert loaded.slots[0].options["table"] == {"next": [183], "select": [184]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[slot.tactile]\ndriver = "tactile"\nport = "evdev:/dev/input/event5"\nkeys = "piano"\n', "keys is one of arrows, numpad"),
        ('[slot.tactile]\ndriver = "tactile"\nport = "evdev:/dev/x"\n[slot.tactile.table]\nnext = [1]\n', "missing: select"),
        ('[slot.touch]\ndriver = "touch"\nport = "evdev:/dev/input/event5"\n', "a touch screen is watched, not taken"),
        ('[slot.touch]\ndriver = "touch"\nport = "watch:/dev/input/event5"\nrotate = "45"\n', "rotate is"),
        ('[slot.speech]\ndriver = "speech"\nport = "usblp:/dev/usb/lp0"\n', "a voice needs port"),
        ('[slot.speech]\ndriver = "speech"\nport = "wav:/tmp"\nwords_per_min = 20\n', "words_per_min is 80 to 450"),
    ],
)
def test_a_wrong_configuration_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_config(config(tmp_path, text))
