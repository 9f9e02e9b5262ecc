"""One day's figures: kept where the day is closed and nothing has changed since, else reckoned from its visits.

A day that is closed has a version: 1 at its close, one more with each later event that changes one of its visits. Its figures are
kept so that a month is quickly added up; kept or reckoned anew they are the same, and the digest says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.domain import metrics

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.repository import Repository
    from queue_server.storage.sql import Row

KEPT_DAYS = 400  # a year and a month
LOOKED_AGAIN_DAYS = 8  # a slip of the paper book is entered up to seven days late


@dataclass(frozen=True, slots=True)
class Told:
    """One day of one site. `version` 0: it is not closed."""

    date: str
    days: metrics.Days
    version: int
    digest: str

    def head(self) -> dict[str, Any]:
        """What names exactly these figures."""
        return {"rules": metrics.RULES, "closed": self.version > 0, "version": self.version, "digest": self.digest}


def tell(reader: Reader, site: str, dates: Sequence[str]) -> list[Told]:
    """Each of these days, in order: what is kept of it where that is still good, else reckoned from its visits."""
    first, last = min(dates), max(dates)
    closings, kept = reader.closings(site, first, last), reader.kept_figures(site, first, last)
    found = []
    for each in dates:
        closed_seq = closings.get(each)
        version = 0 if closed_seq is None else 1 + reader.changes_after(site, each, closed_seq)
        found.append(_kept(reader, kept.get(each), version) or reckoned(reader, site, each, version))
    return found


def _kept(reader: Reader, row: Row | None, version: int) -> Told | None:
    """What a row says, where nothing has changed since it was made and by the same rules."""
    if row is None or row["version"] != version:
        return None
    body = reader.figures_of(row)
    if body["rules"] != metrics.RULES:
        return None
    return Told(row["business_day"], metrics.Days.restored(body), version, row["digest"])


def reckoned(reader: Reader, site: str, day: str, version: int) -> Told:
    """A day's figures from its visits and its counters' time."""
    row = reader.site(site) or {"config_version": 0}
    offset = reader.config(site, row["config_version"]).get("utc_offset_min", 420)
    days = metrics.days_of(reader.tickets_of_day(site, day), reader.spells(site, day), offset_min=offset)
    return Told(day, days, version, days.digest(site=site, date=day))


def keep(repository: Repository, site: str, closed: str) -> None:
    """At the close of a day: its figures are kept, and those of the last days that have changed since they were."""
    _keep(repository, site, reckoned(repository, site, closed, 1))
    before = date.fromisoformat(closed)
    first, last = ((before - timedelta(days=n)).isoformat() for n in (LOOKED_AGAIN_DAYS, 1))
    kept = repository.kept_figures(site, first, last)
    for each, seq in repository.closings(site, first, last).items():
        version = 1 + repository.changes_after(site, each, seq)
        if each not in kept or kept[each]["version"] != version:
            _keep(repository, site, reckoned(repository, site, each, version))
    repository.forget_figures(site, (before - timedelta(days=KEPT_DAYS)).isoformat())


def _keep(repository: Repository, site: str, told: Told) -> None:
    repository.keep_figures(site, told.date, version=told.version, digest=told.digest, body=told.days.stored())
