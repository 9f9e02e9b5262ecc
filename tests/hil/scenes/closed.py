"""A kiosk whose case somebody has opened: what usbguard lets in by our rules, and keys that would leave the page.

The rules, the screen's unit, its PAM file and logind's settings are the project's own, put in place by `systemd/install`.
Only the browser is another program (one that waits): what holds the keys is cage and the console, not the page.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from evdev import UInput
from evdev import ecodes as e

from tests.hil.guest import gadgets
from tests.hil.guest.gadgets import Gadget, until

HOUSE = Path(__file__).parents[3]
RULES = Path("/etc/usbguard/rules.d/50-toiluot.conf")
AUDIT = Path("/var/log/usbguard/usbguard-audit.log")
UNIT = "toiluot-screen.service"
DROP_IN = Path("/run/systemd/system/toiluot-screen.service.d/rig.conf")
SLOW_S = 240.0  # an emulated machine starts a compositor in half a minute


def sh(command: str) -> str:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed() -> None:
    sh(f"ROOT=/ {HOUSE}/systemd/install screen")
    sh("systemd-sysusers && systemctl daemon-reload && udevadm control --reload")


# ------------------------------------------------------------ what may be plugged in
@pytest.fixture(scope="module")
def guard(installed: None) -> Iterator[None]:
    sh("modprobe usb_f_mass_storage")
    sh("systemctl unmask usbguard.service && systemctl start usbguard.service")
    until(lambda: "03:01:01" in sh("usbguard list-rules"))
    yield
    sh("systemctl stop usbguard.service")
    for bus in Path("/sys/bus/usb/devices").glob("usb*/authorized_default"):
        bus.write_text("1")


def known(gadget: Gadget) -> str:
    """What the kernel has of it on a bus: the device's folder name, or nothing where it was thrown out."""
    serial = (gadget.path / "strings/0x409/serialnumber").read_text().strip()
    for path in Path("/sys/bus/usb/devices").glob("*/serial"):
        if path.read_text().strip() == serial and (path.parent / "authorized").read_text().strip() == "1":
            return path.parent.name
    return ""


def told_of(gadget: Gadget) -> Callable[[], bool]:
    """Whether usbguard has judged it since."""
    serial = (gadget.path / "strings/0x409/serialnumber").read_text().strip()
    return lambda: AUDIT.exists() and f'serial "{serial}"' in AUDIT.read_text()


@pytest.fixture(scope="module")
def keypad() -> Gadget:
    return gadgets.keypad("intruder1", "RIGKEYS")


def storage(tmp: Path) -> Gadget:
    disk = tmp / "disk"
    disk.write_bytes(bytes(1 << 20))
    made = Gadget("stick1", "mass_storage", 0x0781, 0x5567, "SanDisk", "Cruzer Blade", "RIGSTICK")
    (made._function / "lun.0/file").write_text(str(disk))
    return made


def printer_that_types() -> Gadget:
    """A printer with a keyboard inside, as a tampered one would be."""
    made = gadgets.printer("trojan1", "RIGTROJAN")
    keys = made.path / "functions/hid.trojan1"
    keys.mkdir()
    for name, value in (("protocol", b"1"), ("subclass", b"1"), ("report_length", b"8"), ("report_desc", gadgets.KEYBOARD)):
        (keys / name).write_bytes(value)
    (made.path / "configs/c.1/hid.trojan1").symlink_to(keys)
    return made


@pytest.mark.parametrize("kind", ["keyboard", "storage", "printer that types"])
def test_what_has_no_business_in_a_kiosk_is_thrown_out(guard: None, keypad: Gadget, tmp_path: Path, kind: str) -> None:
    made = {
        "keyboard": lambda: keypad,
        "storage": lambda: storage(tmp_path),
        "printer that types": printer_that_types,
    }[kind]()
    before = {path.name for path in Path("/dev/input").glob("event*")}
    made.plug(4)
    until(told_of(made), SLOW_S)
    assert known(made) == ""
    assert {path.name for path in Path("/dev/input").glob("event*")} <= before
    assert not list(Path("/dev").glob("sd*"))
    made.unplug()


@pytest.mark.parametrize("kind", ["printer", "touch", "scanner"])
def test_what_belongs_to_a_kiosk_comes_in(guard: None, kind: str) -> None:
    make = {"printer": gadgets.printer, "touch": gadgets.touch, "scanner": gadgets.scanner_serial}[kind]
    made = make(f"welcome-{kind}", f"RIG{kind.upper()}")
    made.plug(5)
    until(lambda: known(made), SLOW_S)
    made.unplug()


def test_a_keypad_comes_in_by_its_own_line_above_the_rejections(guard: None, keypad: Gadget) -> None:
    line = 'allow id 04d9:1203 serial "RIGKEYS"\n'
    RULES.write_text(line + RULES.read_text())
    sh("systemctl restart usbguard.service")
    keypad.plug(4)
    until(lambda: known(keypad), SLOW_S)
    keypad.unplug()


# ------------------------------------------------------------ keys that would leave the page
def active() -> str:
    return Path("/sys/class/tty/tty0/active").read_text().strip()


def console(number: int) -> None:
    sh(f"chvt {number}")
    until(lambda: active() == f"tty{number}")


@pytest.fixture(scope="module")
def keys() -> Iterator[UInput]:
    """A keyboard of no bus: the udev rule that keeps USB keyboards from the page does not name it, so the compositor has it."""
    chord = [e.KEY_LEFTCTRL, e.KEY_LEFTALT, e.KEY_SYSRQ, *range(e.KEY_F1, e.KEY_F10 + 1)]
    # The kernel switches only to a console that somebody has open; a kiosk's logind keeps none.
    with open("/dev/tty2", "rb"), UInput({e.EV_KEY: chord}, name="rig Keyboard", bustype=e.BUS_VIRTUAL) as made:
        sh("udevadm settle")
        yield made


def press(keys: UInput, *codes: int) -> None:
    for value, order in ((1, codes), (0, codes[::-1])):
        for code in order:
            keys.write(e.EV_KEY, code, value)
            keys.syn()


def leave(keys: UInput, function_key: int) -> None:
    press(keys, e.KEY_LEFTCTRL, e.KEY_LEFTALT, function_key)


@pytest.fixture
def screen(installed: None) -> Iterator[Callable[[str], None]]:
    """Starts the screen's unit with these switches for cage; stopped afterwards, and back on the first console."""
    browser = Path("/usr/lib/toiluot/toiluot-browser")
    browser.write_text("#!/bin/bash\ntouch /run/toiluot-screen/began\nexec sleep infinity\n")
    settings = Path("/etc/toiluot/screen.env")

    def start(switches: str) -> None:
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(f"[Service]\nExecStart=\nExecStart=/usr/bin/cage {switches} -- {browser}\n")
        settings.write_text("WLR_RENDERER=pixman\n")  # the rig's graphics card draws by processor
        sh("install -d -o toiluot-screen -g toiluot-screen -m 700 /run/toiluot-screen")
        sh(f"systemctl daemon-reload && systemctl restart {UNIT}")
        until(Path("/run/toiluot-screen/began").exists, SLOW_S)
        assert active() == "tty1"

    yield start
    sh(f"systemctl stop {UNIT}")
    shutil.rmtree(DROP_IN.parent)
    sh("systemctl daemon-reload")
    console(1)


def test_the_chord_leaves_a_bare_console(keys: UInput) -> None:
    """So that the next test means something: the keys arrive, and a console obeys them."""
    console(1)
    until(lambda: leave(keys, e.KEY_F2) or active() == "tty2", SLOW_S)
    console(1)


def test_the_chord_leaves_a_compositor_that_is_allowed_to_switch(keys: UInput, screen: Callable[[str], None]) -> None:
    """The same, for the compositor: it has this keyboard."""
    screen("-d -s")
    until(lambda: leave(keys, e.KEY_F2) or active() == "tty2", SLOW_S)


def test_no_chord_leaves_the_kiosks_page(keys: UInput, screen: Callable[[str], None]) -> None:
    screen("-d")
    pid = sh(f"systemctl show -P MainPID {UNIT}")
    for function_key in range(e.KEY_F1, e.KEY_F10 + 1):
        leave(keys, function_key)
    press(keys, e.KEY_LEFTALT, e.KEY_SYSRQ)
    # A key that is switched by the compositor or the console is switched within this program's next question to the unit.
    for _ in range(20):
        assert (active(), sh(f"systemctl show -P MainPID {UNIT}")) == ("tty1", pid)
