"""Rows of orders to devices, of waves and of device settings, as they follow from the log.

Called by `projecting` on the server and on a standby alike. Nothing else writes these tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from queue_server.domain.event import Event

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository


def _ordered(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_order({
        "site": event.site, "id": data["order"], "device": data["device"], "kind": data["kind"], "args": json.dumps(data["args"]),
        "wave": data.get("wave"), "state": "open", "ordered_at": event.at, "ordered_by": event.actor, "until": data["until"],
        "ended_at": None, "code": None, "detail": None, "file_type": None, "file_bytes": None,
    })  # fmt: skip


def _order_done(repository: Repository, event: Event) -> None:
    data, file = event.data, event.data.get("file") or {}
    repository.end_order(
        event.site, data["order"], state="done" if data["ok"] else "failed", ended_at=event.at, code=data.get("code"),
        detail=data.get("detail"), file_type=file.get("type"), file_bytes=file.get("bytes"),
    )  # fmt: skip


def _order_ended(repository: Repository, event: Event) -> None:
    ended = {"code": None, "detail": None, "file_type": None, "file_bytes": None}
    repository.end_order(event.site, event.data["order"], state=event.data["as"], ended_at=event.at, **ended)


def _wave_started(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_wave({
        "site": event.site, "id": data["wave"], "kind": data["kind"], "args": json.dumps(data["args"]),
        "devices": json.dumps(data["devices"]), "size": data["size"], "stop_after": data["stop_after"], "state": "running",
        "started_at": event.at, "started_by": event.actor, "ended_at": None, "reason": None,
    })  # fmt: skip


def _wave_ended(repository: Repository, event: Event) -> None:
    repository.end_wave(event.site, event.data["wave"], state=event.data["state"], at=event.at, reason=event.data.get("reason"))


def _device_settings(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_device_config({
        "site": event.site, "device": data["device"], "version": data["version"], "was": data.get("was"), "changed_at": event.at,
        "changed_by": event.actor, "document": json.dumps(data["document"], ensure_ascii=False),
    })  # fmt: skip


ORDERED: dict[str, Callable[[Repository, Event], None]] = {
    "device.ordered": _ordered,
    "device.order_done": _order_done,
    "device.order_ended": _order_ended,
    "device.wave_started": _wave_started,
    "device.wave_ended": _wave_ended,
    "device.config_changed": _device_settings,
}
