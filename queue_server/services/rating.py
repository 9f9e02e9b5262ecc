"""Rating at the counter: the four faces ask about the visit that has just ended there, and never about a person.

Holds whose visit that is and until when it may be rated. That a visit is rated is `attending.rate`'s event; how a tablet's address
is kept secret stands here too: a keyed token per counter, stored nowhere.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.errors import Refusal
from queue_server.services.ids import ticket_token
from queue_server.services.queries import house
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.domain.visit import Ticket
    from queue_server.storage.reader import Reader

FACES = (1, 2, 3, 4)


def token(token_key: str, counter: str) -> str:
    """The secret part of a tablet's address."""
    return ticket_token(token_key, f"rate:{counter}")


def addresses(reader: Reader, site: str) -> list[dict[str, str]]:
    """The address of each counter's tablet, for whoever sets it up."""
    row, config = house(reader, site)
    public = (config.public_url or "").rstrip("/")
    return [
        {"counter": code, "name": spec.name, "url": f"{public}/rate/{site}/{code}/{token(row['token_key'], code)}"}
        for code, spec in config.counters.items()
    ]


def check(reader: Reader, site: str, counter: str, given: str) -> None:
    """`not_found` for every address but a counter's own."""
    row = reader.site(site)
    if row is None or not hmac.compare_digest(token(row["token_key"], counter).encode(), given.encode()):
        raise Refusal("not_found")
    house(reader, site)[1].known_counter(counter)


def asked(reader: Reader, site: str, counter: str, *, now: int) -> dict[str, Any]:
    """What the tablet shows: whose visit it asks about, or nothing. `thanks` as long as that visit would still be asked about."""
    _, config = house(reader, site)
    found = _last(reader, site, counter, now)
    state = "idle" if found is None else "asking" if found.rating is None else "thanks"
    told: dict[str, Any] = {"site_name": config.name, "counter": counter, "counter_name": config.counters[counter].name, "state": state}
    if found is not None:
        told |= {"ticket": found.id, "label": found.label, "until": moment((found.ended_at or 0) + config.policy.rating_shown_s * 1000)}
    return told


def _last(reader: Reader, site: str, counter: str, now: int) -> Ticket | None:
    """Whose visit ended last at the counter, within the time that is asked; nobody as soon as the next person stands there."""
    _, config = house(reader, site)
    day = calendar.business_day(now, config.utc_offset_min)
    found: Ticket | None = reader.last_completed(site, day, counter, now - config.policy.rating_shown_s * 1000)
    return found


def rate(unit: Unit, counter: str, *, stars: int, ticket: str | None = None, by: str = "tablet") -> dict[str, Any]:
    """One of the four faces for the visit that has just ended at this counter. A screen that shows an older one is told so."""
    unit.config.known_counter(counter)
    found = _last(unit.repository, unit.site, counter, unit.now_ms)
    if found is None or (ticket is not None and found.id != ticket):
        raise Refusal("rating_over")
    if found.rating is not None:
        raise Refusal("rating_given")
    unit.ticket_event(found, "rated", {"stars": stars, "by": by})
    return asked(unit.repository, unit.site, counter, now=unit.now_ms)
