"""Opening event nodes: every refusal has its code, and nothing stays open or grabbed. Reading is tried on emulated devices."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from drivers.ports.base import OpenFailed
from drivers.ports.evdev_port import _grab, open_evdev, siblings


class Grabbed:
    """A node that somebody else has: the kernel's answer to a second grab. Emulated devices cannot give it (`make hil` does)."""

    def __init__(self, number: int) -> None:
        self._number = number

    def grab(self) -> None:
        raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize(("number", "code"), [(errno.EBUSY, "busy"), (errno.ENODEV, "absent"), (errno.EACCES, "permission")])
def test_a_grab_that_is_refused_has_its_code(number: int, code: str) -> None:
    with pytest.raises(OpenFailed) as refused:
        _grab(Grabbed(number), "/dev/input/event5")  # type: ignore[arg-type]
    assert refused.value.code == code
    assert "/dev/input/event5" in refused.value.detail


def _code_of(path: Path) -> str:
    try:
        open_evdev(str(path))
    except OpenFailed as error:
        return error.code
    return ""


def test_what_is_no_event_node_is_refused_and_let_go(tmp_path: Path) -> None:
    plain = tmp_path / "event5"
    plain.write_bytes(b"")
    before = len(os.listdir("/proc/self/fd"))
    assert [_code_of(tmp_path / "none"), _code_of(plain)] == ["absent", "error"]
    assert len(os.listdir("/proc/self/fd")) == before


def test_siblings_hang_on_the_same_usb_device_and_on_no_other(tmp_path: Path) -> None:
    """A folder built like the kernel's: two keyboards of one scanner, another device beside it, a button on no USB."""
    inputs = tmp_path / "class"
    inputs.mkdir()
    for name, home in (("event3", "usb1/1-2/1-2:1.0"), ("event4", "usb1/1-2/1-2:1.1"), ("event5", "usb1/1-3/1-3:1.0"), ("event0", "acpi")):
        node = tmp_path / "devices" / home / "input" / name
        node.mkdir(parents=True)
        (inputs / name).symlink_to(node)
    (inputs / "js0").symlink_to(tmp_path / "devices/usb1/1-2/1-2:1.0/input")
    for port in ("1-2", "1-3"):
        (tmp_path / "devices/usb1" / port / "idVendor").write_text("1eab\n")
    assert siblings("/dev/input/event3", inputs) == ["/dev/input/event4"]
    assert siblings("/dev/input/event5", inputs) == []
    assert siblings("/dev/input/event0", inputs) == []
    assert siblings("/dev/input/event9", inputs) == []
    by_name = tmp_path / "usb-Scanner-event-kbd"
    by_name.symlink_to("/dev/input/event4")
    assert siblings(str(by_name), inputs) == ["/dev/input/event3"]
