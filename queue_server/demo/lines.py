"""The demonstration's LED panels and clerks' keypads: counter 1 on a serial line, counter 2 and the hall's panel on Modbus over TCP.

Holds what is on each line and the two files that name it: `drivers.toml`'s part and the display's `--devices`. Starts nothing.
"""

from __future__ import annotations

COUNTER_1 = ("--device", "led:1:ascii-xor", "--device", "keypad:11:enq-key")
COUNTER_2 = ("--device", "led:1:modbus-ascii:4", "--device", "keypad:2:modbus-count-key", "--device", "led:9:modbus-ascii:8x4")


def drivers(serial: str, tcp: str) -> str:
    """The lines and their slots for `drivers.toml`."""
    return f"""[bus.counter-1]
port = "serial:{serial}?baud=9600"

[bus.counter-2]
port = "tcp://{tcp}"

[slot.led-1]
bus = "counter-1"
address = 1
driver = "led-panel"
protocol = "ascii-xor"

[slot.keypad-1]
bus = "counter-1"
address = 11
driver = "call-keypad"
protocol = "enq-key"

[slot.led-2]
bus = "counter-2"
address = 1
driver = "led-panel"
protocol = "modbus-ascii"

[slot.keypad-2]
bus = "counter-2"
address = 2
driver = "call-keypad"
protocol = "modbus-count-key"

[slot.led-9]
bus = "counter-2"
address = 9
driver = "led-panel"
protocol = "modbus-ascii"
digits = 8
rows = 4
"""


def display(socket: str, key_file: str, first: str, second: str) -> str:
    """Which panel and keypad belongs to which counter."""
    return f"""drivers = "{socket}"
key_file = "{key_file}"

[panel.led-1]
counter = "{first}"

[panel.led-2]
counter = "{second}"

[panel.led-9]
rows = 4
foot = "CHO {{waiting:>4}}"

[keypad.keypad-1]
counter = "{first}"

[keypad.keypad-2]
counter = "{second}"
"""
