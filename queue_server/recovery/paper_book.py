"""The paper book: numbered slips for the day on which nothing runs, printed beforehand.

Its numbers (900 to 999 of a series) are never issued, leased or jumped into, so a book is good on any day and needs no
database to be written to. How its slips are entered afterwards is `services.stating`'s.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader

from queue_server.domain import numbering
from queue_server.domain.errors import invalid
from queue_server.services import queries
from queue_server.storage.store import Store

MOST = numbering.RESERVE_LAST - numbering.PAPER_FIRST + 1


def page(store: Store, site: str, series: str, count: int) -> dict[str, Any]:
    """The book as one HTML page for A4: `{html, first, last}`."""
    with store.read() as reader:
        _, config = queries.house(reader, site)
    services = [service.name for service in config.services.values() if service.series == series]
    if not services:
        known = ", ".join(sorted({service.series for service in config.services.values()}))
        raise invalid("/series", "unknown_series", f"no service here uses series {series!r}; there are: {known}")
    labels = [numbering.label(series, numbering.PAPER_FIRST + n) for n in range(min(count, MOST))]
    drawn = Environment(loader=PackageLoader("queue_server.recovery"), autoescape=True).get_template("paper_book.html")
    return {"html": drawn.render(series=series, name=config.name, services=services, labels=labels), "first": labels[0], "last": labels[-1]}
