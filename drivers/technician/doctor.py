"""`drivers doctor`: what is wrong with this machine's devices, each finding with the one line that mends it.

Asks the service where it runs, and has it look closer at its printers; where it does not run, opens the devices itself for
some seconds. What is wrong with the machine around them is `checks`'.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from drivers.assembly import build_slots, look_at_udev
from drivers.client import DriversClient, DriversError
from drivers.config import Config, ConfigError, SlotConfig, load_config
from drivers.devices.exam import examine_printer
from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.devices.printer_talk import Talk
from drivers.health import printer_health
from drivers.holders import holders
from drivers.model import State
from drivers.ports.base import OpenFailed, PortError
from drivers.ports.nodes import DeviceInfo
from drivers.ports.opening import Address, open_port
from drivers.registry import Parts
from drivers.technician.checks import machine
from drivers.technician.finding import Finding, of_health

__all__ = ["Finding", "examine"]

WATCHED_S, SETTLED_S = 4.0, 1.0
SLOW_SCAN_MS_PER_BYTE = 3.0
SLOW_ANSWER_MS = 50.0
_CALM = ("ok", "paper_low")


def examine(config_path: Path, socket_path: Path) -> list[Finding]:
    try:
        config = load_config(config_path)
    except ConfigError as error:
        return [Finding("config", "fail", "", "Sửa tệp cấu hình thiết bị.", "Mend the devices' configuration file.", str(error))]
    found = look_at_udev()
    alive, service_pids, findings = _service(socket_path)
    if not alive:
        findings += _without_service(config)
    for slot in config.slots:
        findings += _held(slot, found, service_pids)
    return _once([*findings, *machine(config, found)])


def _once(findings: list[Finding]) -> list[Finding]:
    """A port that is taken is told by the slot that cannot open it and by the look at who has it: the one that names him stays."""
    named = {(one.check, one.slot) for one in findings if "“" in one.vi or "(" in one.vi}
    kept: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        if one.check in ("busy", "permission") and (one.check, one.slot) in named and one.vi == of_health(one.check, one.slot, "").vi:
            continue
        kept.setdefault((one.check, one.slot, one.vi), one)
    return list(kept.values())


# ---------------------------------------------------------------- through the service
def _service(socket_path: Path) -> tuple[bool, set[int], list[Finding]]:
    try:
        with DriversClient(socket_path) as client:
            slots = client.status()["slots"]
            findings = [of_health(slot["code"], slot["role"], slot["detail"] or slot["device"]) for slot in slots if slot["code"] != "ok"]
            findings += [one for slot in slots if slot["code"] in _CALM for one in _closer(client, slot)]
            findings += [*_kept(slots), *_lines(slots, client.lines())]
    except DriversError as error:
        text = (
            "Dịch vụ thiết bị không chạy: “systemctl start toiluot-drivers”.",
            "The drivers' service does not run: “systemctl start toiluot-drivers”.",
        )
        return False, set(), [Finding("service", "fail", "", *text, f"{socket_path}: {error.detail}")]
    return True, _socket_owner(socket_path), findings


def _closer(client: DriversClient, slot: dict[str, Any]) -> Iterator[Finding]:
    if slot["driver"] == "escpos":
        yield from (of_health(one["code"], slot["role"], one["detail"]) for one in client.examine(slot["role"]))


def _kept(slots: list[dict[str, Any]]) -> Iterator[Finding]:
    """Told until another slip has gone out; the service remembers it, so that without the service nobody knows."""
    for slot in slots:
        if slot.get("kept_slip"):
            vi = "Máy in có thể còn giữ một phiếu cũ: sau khi thay giấy phiếu ấy có thể ra, hãy xé bỏ; số của nó vẫn như nhật ký ghi."
            en = "The printer may hold an old slip: after new paper it may come out, tear it off; its number stays as the log says."
            yield Finding("kept_slip", "warn", slot["role"], vi, en)


def _lines(slots: list[dict[str, Any]], lines: dict[str, Any]) -> Iterator[Finding]:
    """What the numbers of a line tell where the device itself complains of nothing."""
    for slot in slots:
        line = lines.get(slot["role"])
        if slot["code"] == "ok" and (slot.get("answer_ms") or 0) > SLOW_ANSWER_MS:  # one of several on a shared line
            yield of_health("slow", slot["role"], f"{slot['answer_ms']} ms")
        if line is None or slot["code"] != "ok":
            continue
        if slot["driver"] in ("serial-scanner", "wedge"):
            yield from _scans(slot, line)
        elif slot["driver"] in ("led-panel", "call-keypad") and (line["answer_ms"] or 0) > SLOW_ANSWER_MS:
            yield of_health("slow", slot["role"], f"{line['answer_ms']} ms")


def _scans(slot: dict[str, Any], line: dict[str, Any]) -> Iterator[Finding]:
    burst = line["last_burst"]
    if not line["bytes_in"]:
        vi = "Máy quét chưa gửi gì từ khi dịch vụ chạy: đặt thử một thẻ; nếu vẫn im, kiểm tra dây và chế độ USB-COM."
        en = "The scanner has sent nothing yet: lay a card on it; if it stays silent, check the cable and its USB-COM mode."
        yield Finding("silent", "note", slot["role"], vi, en, slot["device"])
    elif slot["driver"] == "serial-scanner" and burst["bytes"] > 10 and burst["ms"] / burst["bytes"] > SLOW_SCAN_MS_PER_BYTE:
        yield of_health("slow", slot["role"], f"{burst['ms']:.0f} ms / {burst['bytes']} B")
    elif slot["driver"] == "serial-scanner" and not burst["ended"]:
        vi = "Máy quét không gửi ký tự kết thúc nên mỗi lần quét chậm gần nửa giây: quét mã cài đặt hậu tố “CR”."
        en = "The scanner sends no end, so each scan waits almost half a second: scan the set-up code for the suffix CR."
        yield Finding("no_end", "warn", slot["role"], vi, en, slot["device"])


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


# ---------------------------------------------------------------- without it
def _without_service(config: Config) -> list[Finding]:
    """The devices are free: each is opened for some seconds, as the service would."""
    findings = []
    printers = [slot for slot in config.slots if slot.driver == "escpos" and slot.address is not None]
    for slot in printers:
        if slot.address is not None and (slot.address.kind == "tcp" or _free(slot.address)):
            findings += _answers(slot.role, slot.address)
    others = tuple(slot for slot in config.slots if slot not in printers)
    return findings + (_watched(Config(others, config.quirks, config.buses)) if others else [])


def _free(address: Address) -> bool:
    """Not a node that is missing, forbidden or somebody else's: that is told by other words."""
    return not os.path.exists(address.target) or (os.access(address.target, os.R_OK | os.W_OK) and not _others(address.target, set()))


def _answers(role: str, address: Address) -> list[Finding]:
    try:
        port = open_port(address)
        try:
            health = printer_health(Talk(port, 0.6).status())
            ills = [] if health.well else [health]
            rate = (
                address.baud / 10
                if address.kind == "serial" and not os.path.realpath(address.target).startswith("/dev/pts/")
                else 200_000.0
            )
            if health.code in _CALM:
                ills += examine_printer(port, rate)
        finally:
            port.close()
    except OpenFailed as error:
        return [of_health(error.code, role, error.detail)]
    except PortError as error:
        return [of_health("timeout", role, str(error))]
    return [of_health(one.code, role, one.detail or address.text) for one in ills]


def _watched(config: Config) -> list[Finding]:
    """Slots as the service would run them, until nothing has changed for a second."""
    changed = [time.monotonic()]
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "jobs.sqlite3")
        parts = Parts(journal, lambda *_: None, lambda *_, **__: None, Path(folder), config.quirks)
        slots, _ = build_slots(config, parts, on_health=lambda _: changed.append(time.monotonic()))
        for slot in slots.values():
            slot.start()
        deadline, waiting = time.monotonic() + WATCHED_S, threading.Event()
        while time.monotonic() < deadline and (time.monotonic() < changed[-1] + SETTLED_S or _opening(slots.values())):
            waiting.wait(0.05)
        seen = [slot.status for slot in slots.values()]
        for slot in slots.values():
            slot.stop()
        journal.close()
    return [of_health(one.health.code, one.role, one.health.detail or one.device) for one in seen if not one.health.well]


def _opening(slots: Iterable[Slot]) -> bool:
    """Some ports take their time to open: until then nothing can be said of them."""
    return any(slot.status.state is State.OPENING for slot in slots)


# ---------------------------------------------------------------- who has it, who may
def _held(slot: SlotConfig, found: list[DeviceInfo], service_pids: set[int]) -> Iterator[Finding]:
    """A pseudo-terminal's own far end has it open too: a simulator is no intruder."""
    address = slot.address
    if address is None or not address.target.startswith("/") or not os.path.exists(address.target):
        return
    node = Path(address.target)
    if not os.access(node, os.R_OK | os.W_OK):
        group, user = _group(node), pwd.getpwuid(os.geteuid()).pw_name
        vi = f"Không có quyền mở thiết bị: “usermod -aG {group} {user}” rồi đăng nhập lại."
        en = f"No right to open the device: “usermod -aG {group} {user}”, then log in again."
        yield Finding("permission", "fail", slot.role, vi, en, str(node))
        return
    for other in _others(address.target, service_pids):
        vi = f"Chương trình {other.name} (số {other.pid}) đang giữ thiết bị: dừng nó lại."
        yield Finding("busy", "fail", slot.role, vi, f"Program {other.name} (pid {other.pid}) holds the device: stop it.", str(node))


def _others(target: str, service_pids: set[int]) -> list[Any]:
    if os.path.realpath(target).startswith("/dev/pts/"):
        return []
    return [one for one in holders(target) if one.pid not in service_pids and one.pid != os.getpid()]


def _group(node: Path) -> str:
    gid = node.stat().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
