"""`drivers doctor`: what is wrong with this machine's devices, each finding with the one line that mends it.

Holds the checks and their words. It opens a device only where the service does not run; otherwise it asks the service.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.config import Config, ConfigError, SlotConfig, load_config
from drivers.devices.printer_talk import Talk
from drivers.health import hint, printer_health
from drivers.holders import GRABBERS, holders, running
from drivers.ports.base import OpenFailed, PortError
from drivers.ports.opening import Address, open_port


@dataclass(frozen=True)
class Finding:
    """`level`: fail (it cannot work), warn (it will hurt), note (good to know; does not change the exit code)."""

    check: str
    level: str
    slot: str
    vi: str
    en: str
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "level": self.level,
            "slot": self.slot,
            "remedy": {"vi": self.vi, "en": self.en},
            "detail": self.detail,
        }

    def line(self, lang: str) -> str:
        mark = {"fail": "✗", "warn": "!", "note": "·"}[self.level]
        words = self.vi if lang == "vi" else self.en
        return f"{mark} {f'[{self.slot}] ' if self.slot else ''}{words}{f' ({self.detail})' if self.detail else ''}"


def examine(config_path: Path, socket_path: Path) -> list[Finding]:
    try:
        config = load_config(config_path)
    except ConfigError as error:
        return [Finding("config", "fail", "", "Sửa tệp cấu hình thiết bị.", "Mend the devices' configuration file.", str(error))]
    alive, service_pids, findings = _service(socket_path)
    for slot in config.slots:
        findings += _slot(slot, alive, service_pids)
    findings += _grabbers(config)
    findings += _usblp(config)
    findings += [*_fonts(), *_undervoltage()]
    return findings


# ---------------------------------------------------------------- the service
def _service(socket_path: Path) -> tuple[bool, set[int], list[Finding]]:
    findings = []
    try:
        with DriversClient(socket_path) as client:
            slots = client.status()["slots"]
    except DriversError as error:
        text = (
            "Dịch vụ thiết bị không chạy: “systemctl start toiluot-drivers”.",
            "The drivers' service does not run: “systemctl start toiluot-drivers”.",
        )
        return False, set(), [Finding("service", "fail", "", *text, f"{socket_path}: {error.detail}")]
    for slot in slots:
        if slot["code"] != "ok":
            words = hint(slot["code"])
            level = "warn" if slot["code"] == "paper_low" else "fail"
            findings.append(Finding(slot["code"], level, slot["role"], words["vi"], words["en"], slot["detail"] or slot["device"]))
    return True, _socket_owner(socket_path), findings


def _socket_owner(socket_path: Path) -> set[int]:
    """The service itself holds its devices rightly: find it by its peer credentials."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(2.0)
        try:
            peer.connect(str(socket_path))
            pid, _, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        except OSError:
            return set()
    return {pid}


# ---------------------------------------------------------------- one slot
def _slot(slot: SlotConfig, alive: bool, service_pids: set[int]) -> Iterator[Finding]:
    address = slot.address
    if address is None:
        if not alive:
            yield from _matched(slot)
        return
    if address.kind != "tcp":
        yield from _node(slot.role, address, service_pids, alive)
    elif not alive:
        yield from _answers(slot.role, address)


def _matched(slot: SlotConfig) -> Iterator[Finding]:
    from drivers.ports.discovery import devices, matching

    count = len(matching(devices(), slot.match))
    if count == 0:
        words = hint("absent")
        yield Finding("absent", "fail", slot.role, words["vi"], words["en"], slot.match)
    elif count > 1:
        vi = "Có nhiều thiết bị giống nhau: ghi thêm số sê-ri hoặc path:… trong match."
        yield Finding("duplicate", "fail", slot.role, vi, "Several devices fit: give the serial number or path:… in match.", slot.match)


def _node(role: str, address: Address, service_pids: set[int], alive: bool) -> Iterator[Finding]:
    node = Path(address.target)
    if not node.exists():
        if not alive:
            words = hint("absent")
            yield Finding("absent", "fail", role, words["vi"], words["en"], address.target)
        return
    if not os.access(node, os.R_OK | os.W_OK):
        group, user = _group(node), pwd.getpwuid(os.geteuid()).pw_name
        vi = f"Không có quyền mở thiết bị: “usermod -aG {group} {user}” rồi đăng nhập lại."
        yield Finding(
            "permission", "fail", role, vi, f"No right to open the device: “usermod -aG {group} {user}”, then log in again.", str(node)
        )
        return
    others = [one for one in holders(str(node)) if one.pid not in service_pids and one.pid != os.getpid()]
    # A pseudo-terminal's own far end has it open too: a simulator is no intruder.
    others = [] if os.path.realpath(node).startswith("/dev/pts/") else others
    for other in others:
        vi = f"Chương trình {other.name} (số {other.pid}) đang giữ thiết bị: dừng nó lại."
        yield Finding("busy", "fail", role, vi, f"Program {other.name} (pid {other.pid}) holds the device: stop it.", str(node))
    if not alive and not others and role == "printer":
        yield from _answers(role, address)


def _group(node: Path) -> str:
    gid = node.stat().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _answers(role: str, address: Address) -> Iterator[Finding]:
    """The service is away, so the printer may be asked directly."""
    code, detail = "ok", ""
    try:
        port = open_port(address)
        try:
            health = printer_health(Talk(port, 0.6).status())
            code, detail = health.code, health.detail
        finally:
            port.close()
    except OpenFailed as error:
        code, detail = error.code, error.detail
    except PortError as error:
        code, detail = "timeout", str(error)
    if code != "ok":
        words = hint(code)
        yield Finding(code, "warn" if code == "paper_low" else "fail", role, words["vi"], words["en"], detail or address.text)


# ---------------------------------------------------------------- the machine
def _grabbers(config: Config) -> Iterator[Finding]:
    wired = [slot for slot in config.slots if slot.address is None or slot.address.kind != "tcp"]
    if not wired:
        return
    for name in sorted(running(set(GRABBERS))):
        remedy = GRABBERS[name]
        vi = f"{name} đang chạy và có thể chiếm thiết bị: “{remedy}”."
        yield Finding("grabber", "warn", "", vi, f"{name} is running and may take devices: “{remedy}”.")


def _usblp(config: Config) -> Iterator[Finding]:
    wanted = [slot for slot in config.slots if slot.address is not None and slot.address.kind == "usblp"]
    if wanted and not Path("/sys/bus/usb/drivers/usblp").exists():
        vi = "Nhân chưa nạp usblp: “modprobe usblp” và bỏ blacklist usblp nếu có."
        yield Finding("usblp", "fail", wanted[0].role, vi, "The kernel has no usblp: “modprobe usblp”, and remove its blacklisting.")


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


def _undervoltage() -> Iterator[Finding]:
    for name in Path("/sys/class/hwmon").glob("*/name"):
        try:
            if name.read_text().strip() == "rpi_volt" and (name.parent / "in0_lcrit_alarm").read_text().strip() == "1":
                vi = "Nguồn điện yếu, thiết bị USB có thể tự ngắt: dùng bộ nguồn chính hãng 5 V."
                yield Finding(
                    "undervoltage", "warn", "", vi, "The power supply is weak and USB devices may drop out: use the maker's 5 V supply."
                )
        except OSError:
            continue
