"""`drivers bind SLOT DEVICE`: writes `match = …` of one device into one [slot.…] of `drivers.toml`, and touches nothing else.

The device is named by its node, by what `list` calls it, or left out where only one can be meant. What is written is tried
as a configuration first, and put in place whole or not at all. Doing it again changes nothing.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drivers.config import Config, ConfigError, SlotConfig, load_config
from drivers.ports.nodes import DeviceInfo, distinct
from drivers.quirks import Match, load_quirks
from drivers.registry import DRIVERS, driver
from drivers.seats import node_of
from drivers.technician.listing import owns

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?")
_PLACE = re.compile(r"\s*(?:port|match|bus)\s*=")


class BindError(Exception):
    """It cannot be bound; `choices` are the devices one may name instead."""

    def __init__(self, vi: str, en: str, choices: list[DeviceInfo] | None = None) -> None:
        super().__init__(en)
        self.vi, self.en, self.choices = vi, en, choices or []


@dataclass(frozen=True)
class Bound:
    slot: str
    driver: str
    match: str
    device: DeviceInfo
    changed: bool


def bind(path: Path, slot: str, named: str, found: list[DeviceInfo], *, driver_name: str = "", line: str = "") -> Bound:
    config = load_config(path) if path.exists() else None
    wanted = next((one for one in config.slots if one.role == slot), None) if config else None
    kind = re.sub(r"-\d+$", "", slot)
    name = driver_name or (wanted.driver if wanted else "")
    device, advice = _device(named, found, config, slot, kind, name)
    name = name or (advice.driver if advice and advice.role == kind else "")
    if not name:
        raise BindError(
            f"Chưa rõ trình điều khiển nào dùng cho {device.node}: ghi thêm --driver ({', '.join(_drivers(kind))}).",
            f"Nothing tells which driver serves {device.node}: add --driver ({', '.join(_drivers(kind))}).",
        )
    match = identity(device, found) + (f"?{line}" if line else "")
    if wanted is not None and wanted.driver == name and f"{wanted.match}{f'?{wanted.line}' if wanted.line else ''}" == match:
        return Bound(slot, name, match, device, False)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    _replace(path, rewritten(text, slot, name, match, advice), slot, match)
    return Bound(slot, name, match, device, True)


def _drivers(kind: str) -> list[str]:
    known = []
    for name in DRIVERS:
        try:
            if kind in driver(name).roles:
                known.append(name)
        except ImportError:  # an extra that is not installed serves nobody here
            continue
    return known


def _device(named: str, found: list[DeviceInfo], config: Config | None, slot: str, kind: str, name: str) -> tuple[DeviceInfo, Match | None]:
    quirks = config.quirks if config else load_quirks()
    if named:
        device = node_of(found, named) or next(
            (one for one in _usable(found, name, kind) if named in (one.stable_id, f"path:{one.path}")), None
        )
        if device is None:
            raise BindError(f"Không thấy thiết bị {named}.", f"There is no device {named}.", found)
        return device, quirks.advise(device)[0]
    others: tuple[SlotConfig, ...] = tuple(one for one in config.slots if one.role != slot) if config else ()
    free = [one for one in _usable(found, name, kind) if not any(owns(other, one, found, quirks) for other in others)]
    advised = [one for one in free if (advice := quirks.advise(one)[0]) is not None and advice.role == kind]
    choice = advised or free
    if len(choice) != 1:
        few = "Không thấy thiết bị nào hợp với vị trí này" if not choice else "Có nhiều thiết bị hợp, hãy ghi rõ một thiết bị"
        en = "No device fits this slot" if not choice else "Several devices fit: name one of them"
        raise BindError(f"{few}.", f"{en}.", choice or found)
    return choice[0], quirks.advise(choice[0])[0]


def _usable(found: list[DeviceInfo], name: str, kind: str) -> list[DeviceInfo]:
    ports: dict[str, str] = {}
    for one in [name] if name in DRIVERS else _drivers(kind):
        ports |= driver(one).ports
    return distinct([device for device in found if device.subsystem in ports], ports)


def identity(device: DeviceInfo, found: list[DeviceInfo]) -> str:
    """By serial number where that tells it from every other device here, else by the socket it is plugged into."""
    twins = {one.parent or one.node for one in found if one.stable_id == device.stable_id}
    lines = [one for one in found if one.stable_id == device.stable_id and one.subsystem == device.subsystem == "tty"]
    if device.serial and len(twins) == 1 and len(lines) <= 1:
        return device.stable_id
    if not device.path:
        raise BindError(
            f"{device.node} không có số sê-ri và không có cổng cố định: ghi port bằng tay.",
            f"{device.node} has neither a serial number nor a socket: write port by hand.",
        )
    return f"path:{device.path}"


def rewritten(text: str, slot: str, name: str, match: str, advice: Match | None) -> str:
    """The same file with one line changed, or one table more. Comments and order stay."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if _table(line) == f"slot.{slot}"), None)
    if start is None:
        profile = [f'profile = "{advice.profile}"'] if advice and advice.profile and advice.driver == name else []
        return "\n".join([*lines, *([""] if lines else []), f"[slot.{slot}]", f'driver = "{name}"', f'match = "{match}"', *profile, ""])
    end = next((at for at in range(start + 1, len(lines)) if _table(lines[at])), len(lines))
    body = [line for line in lines[start + 1 : end] if not _PLACE.match(line)]
    body = [f'driver = "{name}"' if re.match(r"\s*driver\s*=", line) else line for line in body]
    return "\n".join([*lines[: start + 1], f'match = "{match}"', *body, *lines[end:], ""])


def _table(line: str) -> str:
    found = _HEADER.fullmatch(line)
    return found[1].replace('"', "").replace("'", "").replace(" ", "") if found else ""


def _replace(path: Path, text: str, slot: str, match: str) -> None:
    handle, spare = tempfile.mkstemp(dir=path.parent, prefix=".drivers-", suffix=".toml")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _check(Path(spare), slot, match)
        if path.exists():
            old = path.stat()
            os.chmod(spare, old.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(spare, old.st_uid, old.st_gid)
        else:
            os.chmod(spare, 0o644)
        os.replace(spare, path)
    except BaseException:  # whatever happened, no half-written file stays; it is raised again
        Path(spare).unlink(missing_ok=True)
        raise


def _check(written: Path, slot: str, match: str) -> None:
    after = next(one for one in load_config(written).slots if one.role == slot)
    if f"{after.match}{f'?{after.line}' if after.line else ''}" != match:
        raise ConfigError(f'[slot.{slot}]: could not be changed by machine; write match = "{match}" by hand')
