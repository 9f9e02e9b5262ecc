"""The table of outages: what each kind of event of theirs does to it. `projecting` puts these among all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from queue_server.domain.event import Event

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository


def _started(repository: Repository, event: Event) -> None:
    data = event.data
    repository.add_outage({
        "site": event.site, "id": data["outage"], "system": data["system"], "started_at": data["started_at"], "ended_at": None,
        "marked_at": event.at, "started_by": event.actor, "ended_by": None, "ended_how": None, "note": data["note"],
        "services": data["services"], "corrected_at": None, "corrected_by": None, "withdrawn": 0,
    })  # fmt: skip


def _ended(repository: Repository, event: Event) -> None:
    data = event.data
    repository.change_outage(event.site, data["outage"], {"ended_at": data["ended_at"], "ended_by": event.actor, "ended_how": data["how"]})


def _corrected(repository: Repository, event: Event) -> None:
    data = event.data
    repository.change_outage(
        event.site,
        data["outage"],
        {
            "started_at": data["started_at"], "ended_at": data["ended_at"], "ended_how": data["how"], "withdrawn": int(data["withdrawn"]),
            "corrected_at": event.at, "corrected_by": event.actor,
        },
    )  # fmt: skip


OUTAGES: dict[str, Callable[[Repository, Event], None]] = {
    "outage.started": _started,
    "outage.ended": _ended,
    "outage.corrected": _corrected,
}
