"""`--devices FILE`: what it says, and every fault in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from display.led_output import Plan
from display.plan import PadPlan, PlanError, load

WHOLE = """
drivers = "drivers.sock"
key_file = "keys.key"
[panel.led-1]
counter = "1"
[panel.led-9]
rows = 4
zone = "T1"
form = "{label}>{counter}"
[keypad.keypad-1]
counter = "1"
keys = { serve = "complete" }
"""


def read(folder: Path, text: str) -> object:
    path = folder / "display.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "display.toml"
    path.write_text(WHOLE, encoding="utf-8")
    devices = load(path)
    assert devices.panels == (Plan("led-1", "1"), Plan("led-9", "", "T1", 4, "{label}>{counter}"))
    assert devices.keypads == (PadPlan("keypad-1", "1", {"serve": "complete"}),)
    assert (devices.drivers, devices.key_file) == (tmp_path / "drivers.sock", tmp_path / "keys.key")
    assert (devices.panel_of("1"), devices.panel_of("2")) == ("led-1", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no \[panel"),
        ("[panel.led-1]\ncolour = 'red'", "unknown key colour"),
        ("[panel.led-1]\nrows = 9", "rows is 1 to 8"),
        ("[panel.led-1]\ncounter = '1'\nzone = 'T1'", "no zone"),
        ("[panel.led-1]\nform = '{label'", "form cannot be read"),
        ("[panel.led-1]\nform = '{name}'", "form cannot be read"),
        ("[panel.led-1]\nform = '{label.__class__}'", "form knows"),
        ("[panel.led-1]\nfoot = '{label}'", r"foot knows waiting"),
        ("[panel.led-1]\nfoot = '{'", "foot cannot be read"),
        ("[keypad.keypad-1]\ncounter = '1'", "key_file"),
        ("key_file = 'k'\n[keypad.keypad-1]\ncounter = '1'\nkeys = { next = 'dance' }", "keys says"),
        ("key_file = 'k'\n[keypad.keypad-1]\nkeys = {}", "counter is a text"),
        ("panel = 3", "write each as a table"),
        ("[panel", "display.toml"),
    ],
)
def test_a_fault_is_told_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.toml"):
        load(tmp_path / "none.toml")
