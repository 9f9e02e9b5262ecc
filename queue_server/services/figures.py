"""The published figures: of one business day, and of several days and sites added up. What each figure means is `domain.metrics`'.

One day's come from `figures_kept`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.contract import position as places
from queue_server.domain import metrics
from queue_server.domain.config import SiteConfig
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import outage_figures
from queue_server.services.figures_kept import tell
from queue_server.services.unit import Configs

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

MOST_DAYS = 31
MOST_SITE_DAYS = 12 * MOST_DAYS


# ---------------------------------------------------------------- asked for
def day(reader: Reader, site: str, day: str, *, service: str | None = None, now: int) -> dict[str, Any]:
    """The figures of one business day, of all services or of one."""
    row, config = _house(reader, site, service)
    told = tell(reader, site, [_checked(day, "?date")])[0]
    about = {"site": site, "date": day, "service": service, "position": places.encode(row["epoch"], row["seq"])}
    beside = {"outages": outage_figures.of_day(reader, site, config, day, service=service, now=now)}
    definitions = {"definitions": metrics.DEFINITIONS | outage_figures.DEFINITIONS}
    return about | told.head() | _shown(told.days, config, service) | beside | definitions


def span(
    reader: Reader, site: str, first: str, last: str, *, service: str | None = None, sites: Sequence[str] = (), now: int
) -> dict[str, Any]:
    """The figures of the days from `first` to `last`, both included, of one site or of several: added up exactly, and each day's
    own in brief. `position` is that of `site`, `positions` of each."""
    row, config = _house(reader, site, service)
    asked, dates = tuple(dict.fromkeys(sites)) or (site,), _dates(first, last, len(sites))
    whole, days, positions = metrics.Days(), [], {}
    for code in asked:
        there, _ = _house(reader, code, None)
        positions[code] = places.encode(there["epoch"], there["seq"])
        for told in tell(reader, code, dates):
            whole.merge(told.days if len(asked) == 1 else told.days.at_site(code))
            brief = told.days.whole(service).brief(config.policy.targets_s)
            days.append({"site": code, "date": told.date} | told.head() | brief)
    about: dict[str, Any] = {"site": site, "sites": list(asked), "from": first, "to": last, "service": service}
    about |= {"position": places.encode(row["epoch"], row["seq"]), "positions": positions, "rules": metrics.RULES}
    digest = hashlib.sha256("".join(f"{each['site']} {each['date']} {each['digest']}\n" for each in days).encode()).hexdigest()
    return about | {"digest": digest, "days": days} | _shown(whole, config, service) | {"definitions": metrics.DEFINITIONS}


def _shown(days: metrics.Days, config: SiteConfig, service: str | None) -> dict[str, Any]:
    return days.as_data(service=service, services=config.services, targets_s=config.policy.targets_s)


def _house(reader: Reader, site: str, service: str | None) -> tuple[Row, SiteConfig]:
    row = reader.site(site)
    if row is None:
        raise Refusal("not_found", what="site")
    config = Configs.of(reader, row)
    if service is not None:
        config.known_service(service, "?service")
    return row, config


def _checked(text: str, pointer: str) -> str:
    """A date of the calendar, written the one way; year 1 and year 9999 have neighbours that cannot be reckoned with."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise invalid(pointer, "bad_date", "a date such as 2026-11-23") from None
    if not 1970 <= found.year <= 9000 or found.isoformat() != text:
        raise invalid(pointer, "bad_date", "a date such as 2026-11-23")
    return text


def _dates(first: str, last: str, sites: int) -> list[str]:
    begin, end = date.fromisoformat(_checked(first, "?from")), date.fromisoformat(_checked(last, "?to"))
    n = (end - begin).days + 1
    if n < 1:
        raise invalid("?to", "out_of_range", "not before ?from")
    if n > MOST_DAYS or n * sites > MOST_SITE_DAYS:
        raise invalid("?to", "out_of_range", f"at most {MOST_DAYS} days, and {MOST_SITE_DAYS} days of all sites together")
    return [(begin + timedelta(days=each)).isoformat() for each in range(n)]
