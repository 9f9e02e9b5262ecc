"""Files that make a machine of the boot test fit a container without a screen, a USB bus and a mirror; and its printer's address."""

from __future__ import annotations

from tests.boot.building import PRINTER, SERVER

UNITS = "/etc/systemd/system"
NOT_HERE = ("apt-daily.timer", "apt-daily-upgrade.timer", "usbguard.service", "usbguard-dbus.service", "console-getty.service")
# The compositor draws into memory and grim photographs that; a container has neither a graphics card nor input devices.
SCREEN = """[Service]
Environment=WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_HEADLESS_OUTPUTS=1 TOILUOT_BROWSER_OPTIONS=--disable-gpu
"""
DRIVERS = f"""[slot.printer]
driver = "escpos"
port = "tcp://{SERVER}:{PRINTER}"
profile = "80mm-203"
"""
# As docs/operations.md says for a printer on the LAN, from systemd/drop-ins/network-printer.conf.
PRINTER_ON_THE_LAN = f"""[Service]
PrivateNetwork=no
RestrictAddressFamilies=AF_UNIX AF_INET
IPAddressDeny=any
IPAddressAllow={SERVER}
SocketBindDeny=any
"""


def machine_files() -> dict[str, str]:
    return {
        f"{UNITS}/toiluot-screen.service.d/headless.conf": SCREEN,
        f"{UNITS}/toiluot-drivers.service.d/network-printer.conf": PRINTER_ON_THE_LAN,
        "/etc/toiluot/drivers.toml": DRIVERS,
        "/etc/systemd/system-preset/00-boot-test.preset": "".join(f"disable {unit}\n" for unit in NOT_HERE),
        **{f"{UNITS}/{unit}": "" for unit in NOT_HERE},  # an empty file masks as a link to /dev/null does
    }
