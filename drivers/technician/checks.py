"""What doctor looks at on the machine itself: groups, rules, nodes, programs, power, fonts. Reads; opens no device.

Every path stands below `root`, so that a test can lay out a machine of its own.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from drivers.config import Config, SlotConfig
from drivers.holders import GRABBERS, running
from drivers.ports.nodes import DeviceInfo
from drivers.quirks import Quirks
from drivers.technician.finding import Finding

ACCOUNT, GROUP = "toiluot-drivers", "toiluot-hw"
RULES = "etc/udev/rules.d/70-toiluot.rules"


def machine(config: Config, found: list[DeviceInfo], root: Path = Path("/")) -> list[Finding]:
    local = [slot for slot in config.slots if is_local(slot)]
    findings: list[Finding] = []
    if local:
        findings += [*_account(), *_rules(root), *_grabbers(root / "proc"), *_nodes(local, found)]
        findings += [*_twins(local, found), *_ties(found, config.quirks)]
    return [*findings, *_usblp(config, root), *_undervoltage(root), *_fonts()]


def is_local(slot: SlotConfig) -> bool:
    """Plugged into this machine, as udev sees it: no network, no pseudo-terminal of a simulator."""
    if slot.address is None:
        return bool(slot.match)
    return slot.address.target.startswith("/dev/") and not os.path.realpath(slot.address.target).startswith("/dev/pts/")


def _account() -> Iterator[Finding]:
    """Only where the service has an account of its own; a developer's machine has none."""
    try:
        account, group = pwd.getpwnam(ACCOUNT), grp.getgrnam(GROUP)
    except KeyError:
        return
    if ACCOUNT not in group.gr_mem and account.pw_gid != group.gr_gid:
        vi = f"Tài khoản {ACCOUNT} chưa ở nhóm {GROUP}: “usermod -aG {GROUP} {ACCOUNT}” rồi khởi động lại dịch vụ."
        yield Finding("group", "fail", "", vi, f"Account {ACCOUNT} is not in group {GROUP}: “usermod -aG {GROUP} {ACCOUNT}”, then restart.")


def _rules(root: Path) -> Iterator[Finding]:
    if (root / "run/udev").is_dir() and not (root / RULES).exists():
        vi = "Chưa cài quy tắc udev: “sudo systemd/install drivers” rồi rút và cắm lại thiết bị."
        yield Finding(
            "rules", "warn", "", vi, "The udev rules are not installed: “sudo systemd/install drivers”, then replug.", f"/{RULES}"
        )


def _grabbers(proc: Path) -> Iterator[Finding]:
    for name in sorted(running(set(GRABBERS), proc)):
        remedy = GRABBERS[name]
        vi = f"{name} đang chạy và có thể chiếm thiết bị: “{remedy}”."
        yield Finding("grabber", "warn", "", vi, f"{name} is running and may take devices: “{remedy}”.")


def _nodes(local: list[SlotConfig], found: list[DeviceInfo]) -> Iterator[Finding]:
    named = {slot.address.target: slot.role for slot in local if slot.address is not None}
    for target, role in named.items():
        try:
            mode = os.stat(target).st_mode
        except OSError:
            continue  # its absence is told elsewhere
        if mode & stat.S_IWOTH:
            vi = "Mọi tài khoản đều ghi được vào thiết bị: cài quy tắc udev, đừng dùng “chmod 666”."
            yield Finding(
                "mode", "warn", role, vi, "Every account may write to the device: install the udev rules, no “chmod 666”.", target
            )


def _twins(local: list[SlotConfig], found: list[DeviceInfo]) -> Iterator[Finding]:
    """One serial number on two devices: by-id names one of them, and which one is chance."""
    owners: dict[str, set[str]] = {}
    for device in found:
        if device.serial and device.vid:
            owners.setdefault(device.stable_id, set()).add(device.parent or device.node)
    for identity in sorted(one for one, parents in owners.items() if len(parents) > 1):
        role = next((slot.role for slot in local if identity.lower() == slot.match.lower() or "by-id" in _target(slot)), "")
        vi = "Hai thiết bị mang cùng số sê-ri: chạy “toiluot drivers bind” để chọn theo cổng USB."
        en = "Two devices carry the same serial number: “toiluot drivers bind” chooses by USB socket."
        yield Finding("twins", "warn", role, vi, en, identity)


def _target(slot: SlotConfig) -> str:
    return slot.address.target if slot.address else ""


def _ties(found: list[DeviceInfo], quirks: Quirks) -> Iterator[Finding]:
    for device in found:
        advice, tied = quirks.advise(device)
        if advice is not None and tied:
            vi = "Nhiều trình điều khiển hợp ngang nhau: chọn bằng “toiluot drivers bind … --driver …”."
            yield Finding("tie", "note", "", vi, "Several drivers fit equally: choose by “toiluot drivers bind … --driver …”.", device.node)


def _usblp(config: Config, root: Path) -> Iterator[Finding]:
    wanted = [slot for slot in config.slots if slot.address is not None and slot.address.kind == "usblp"]
    if wanted and not (root / "sys/bus/usb/drivers/usblp").exists():
        vi = "Nhân chưa nạp usblp: “modprobe usblp” và bỏ blacklist usblp nếu có."
        yield Finding("usblp", "fail", wanted[0].role, vi, "The kernel has no usblp: “modprobe usblp”, and remove its blacklisting.")


def _undervoltage(root: Path) -> Iterator[Finding]:
    for name in (root / "sys/class/hwmon").glob("*/name"):
        try:
            weak = name.read_text().strip() == "rpi_volt" and any(
                alarm.read_text().strip() == "1" for alarm in name.parent.glob("in*_lcrit_alarm")
            )
        except OSError:
            continue
        if weak:
            vi = "Nguồn điện yếu, thiết bị USB có thể tự ngắt: dùng bộ nguồn chính hãng 5 V."
            en = "The power supply is weak and USB devices may drop out: use the maker's 5 V supply."
            yield Finding("undervoltage", "warn", "", vi, en)


def _fonts() -> Iterator[Finding]:
    tool = shutil.which("fc-list")
    if tool is None:
        return
    try:
        listed = subprocess.run([tool, ":lang=vi", "family"], capture_output=True, timeout=10, check=False).stdout
    except subprocess.TimeoutExpired:
        return
    if not listed.strip():
        vi = "Máy không có phông chữ tiếng Việt: “apt-get install fonts-noto-core”."
        yield Finding("fonts", "warn", "", vi, "No font here has Vietnamese letters: “apt-get install fonts-noto-core”.")
