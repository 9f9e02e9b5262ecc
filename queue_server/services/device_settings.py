"""Settings of devices by version: read, previewed, changed and put back. What a setting may be is `domain.device_config`'s.

A version never changes. Putting an old one back makes a new version that says the same, so that the log tells what happened and
every device sees a version that rises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from queue_server.domain import device_config
from queue_server.domain.device_config import EVERY
from queue_server.domain.errors import Refusal
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

VERSIONS_SHOWN = 20
Document = Mapping[str, Any]


def version(reader: Reader, site: str, device: str) -> int:
    """The version that a device is to run on; 0 where nobody ever set anything."""
    newest = reader.newest_device_configs(site)
    return device_config.version_of(newest.get(EVERY, 0), newest.get(device, 0))


def wanted(reader: Reader, site: str, device: str, servers: Sequence[str] = ()) -> dict[str, Any]:
    """What a device is to run on, with its version. `servers` is where it came in, for one that was never told others."""
    row, admitted = reader.device(site, device), reader.enrolled(site, device)
    if row is None and admitted is None:
        raise Refusal("not_found", what="device")
    role = (admitted or row or {})["role"]
    document = device_config.wanted(
        _beneath(reader, site, device), _document(reader, site, device), role=role, name=device, servers=servers
    )
    return {"version": version(reader, site, device), "document": document}


def _beneath(reader: Reader, site: str, device: str) -> dict[str, Any]:
    """What holds for a device where its own document says nothing: what it was admitted with, and before that what holds for all."""
    admitted = reader.enrolled(site, device)
    born = device_config.born_with(json.loads(admitted["profile"])) if admitted else {}
    return device_config.merged(_document(reader, site, EVERY), born)


def shown(reader: Reader, site: str, device: str = EVERY) -> dict[str, Any]:
    """The document of one device (or the one for all), what holds beneath it, and its versions, newest first."""
    _known(reader, site, device)
    rows = reader.device_configs(site, device, VERSIONS_SHOWN)
    return {
        "device": device,
        "version": rows[0]["version"] if rows else 0,
        "document": json.loads(rows[0]["document"]) if rows else {},
        "every": _beneath(reader, site, device) if device != EVERY else {},
        "versions": [_version_json(row, rows[n + 1] if n + 1 < len(rows) else None) for n, row in enumerate(rows)],
    }


def preview(reader: Reader, site: str, *, device: str, version: int, document: Document) -> dict[str, Any]:
    """What a change would do, setting by setting and device by device. Refused as the change itself would be."""
    after = _judged(reader, site, device, version, document)
    return {
        "version": version,
        "changes": device_config.changes(_document(reader, site, device), after),
        "devices": _on(reader, site, device, after),
    }


def change(unit: Unit, *, device: str, version: int, document: Document, was: int | None = None) -> dict[str, Any]:
    """Put a document into force as a new version; one that says the same as before makes none."""
    before = _document(unit.repository, unit.site, device)
    after = _judged(unit.repository, unit.site, device, version, document)
    changed = device_config.changes(before, after)
    if changed:
        data = {"device": device, "version": unit.repository.last_device_config(unit.site) + 1, "document": after, "was": was}
        unit.event("device.config_changed", f"device:{device}" if device != EVERY else "devices:all", data)
    return {"version": _newest(unit.repository, unit.site, device), "changes": changed}


def restore(unit: Unit, *, device: str, version: int, to: int) -> dict[str, Any]:
    """Put an older version back into force, as a new one."""
    row = unit.repository.device_config(unit.site, device, to)
    if row is None:
        raise Refusal("not_found", what="version")
    return change(unit, device=device, version=version, document=json.loads(row["document"]), was=to)


def _judged(reader: Reader, site: str, device: str, version: int, document: Document) -> dict[str, Any]:
    _known(reader, site, device)
    now = _newest(reader, site, device)
    if version != now:
        raise Refusal("config_changed", version=now)
    return device_config.check(document)


def _on(reader: Reader, site: str, device: str, after: Document) -> list[dict[str, Any]]:
    """Each device on which something would be another than now, and what."""
    every = _document(reader, site, EVERY)
    profiles = {row["device"]: device_config.born_with(json.loads(row["profile"])) for row in reader.all_enrolled(site)}
    newest = reader.newest_device_configs(site)
    found = []
    for name in sorted({row["device"] for row in reader.devices(site)} | profiles.keys()):
        if device in (EVERY, name):
            born, own = profiles.get(name, {}), _document(reader, site, name) if name in newest else {}
            now = device_config.merged(device_config.merged(every, born), own)
            beneath = device_config.merged(after if device == EVERY else every, born)
            changes = device_config.changes(now, device_config.merged(beneath, own if device == EVERY else after))
            found += [{"device": name, "changes": changes}] if changes else []
    return found


def _known(reader: Reader, site: str, device: str) -> None:
    if device != EVERY and reader.device(site, device) is None and reader.enrolled(site, device) is None:
        raise Refusal("not_found", what="device")


def _newest(reader: Reader, site: str, device: str) -> int:
    return reader.newest_device_configs(site).get(device, 0)


def _document(reader: Reader, site: str, device: str) -> dict[str, Any]:
    rows = reader.device_configs(site, device, 1)
    return dict(json.loads(rows[0]["document"])) if rows else {}


def _version_json(row: Any, before: Any) -> dict[str, Any]:
    return {
        "version": row["version"],
        "was": row["was"],
        "changed_at": moment(row["changed_at"]),
        "changed_by": row["changed_by"],
        "changes": device_config.changes(json.loads(before["document"]) if before else {}, json.loads(row["document"])),
    }
