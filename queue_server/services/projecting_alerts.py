"""The table of alerts: what each kind of event of theirs does to it. `projecting` puts these among all others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from queue_server.domain.event import Event

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository


def _raised(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_alert({
        "site": event.site, "id": data["alert"], "rule": data["rule"], "subject": data["subject"], "severity": data["severity"],
        "detail": json.dumps(data["detail"], sort_keys=True, ensure_ascii=False), "since": data["since"], "raised_at": event.at,
        "cleared_at": None, "told": "{}",
    })  # fmt: skip


def _cleared(repository: Repository, event: Event) -> None:
    repository.clear_alert(event.site, event.data["alert"], event.at)


def _told(repository: Repository, event: Event) -> None:
    row = repository.alert(event.site, event.data["alert"])
    if row is not None:  # an alert that is forgotten needs no word of whom it was told to
        told = json.loads(row["told"])
        told[f"{event.data['what']}:{event.data['way']}"] = event.data["outcome"]
        repository.tell_alert(event.site, event.data["alert"], told)


ALERTED: dict[str, Callable[[Repository, Event], None]] = {
    "alert.raised": _raised,
    "alert.cleared": _cleared,
    "alert.told": _told,
}
