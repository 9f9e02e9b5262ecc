"""The turn of the day and the end of missed appointments, as the timed job asks for them. The turn is `closing`'s, and any
command after midnight does it too; the job is there for nights in which nobody comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from queue_server.domain import calendar
from queue_server.domain.principal import SYSTEM
from queue_server.services import appointments
from queue_server.services.closing import begin, close_if_over
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store


def turn(store: Store, site: str) -> bool:
    """Close and seal the day before today, if that is still to be done. True where it was done here."""
    with store.read() as reader:
        row = reader.site(site)
        if row is None or not row["day"]:
            return False
        offset = reader.config(site, row["config_version"]).get("utc_offset_min", 420)
        if row["day"] >= calendar.business_day(max(reader.now_ms, row["last_at"]), offset):
            return False
    return store.write(site, lambda repository: close_if_over(Unit(repository, site, "job:day-close", SYSTEM)))


def release(store: Store, site: str) -> bool:
    """Give up the appointments whose time is over without their person. True where there were any."""
    with store.read() as reader:
        if not appointments.due(reader, site, now=reader.now_ms):
            return False

    def work(repository: Repository) -> bool:
        unit = begin(repository, site, "job:appointments", SYSTEM)
        appointments.release(unit)
        unit.finish()
        return True

    return store.write(site, work)
