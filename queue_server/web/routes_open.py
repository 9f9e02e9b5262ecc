"""Routes of open data. Holds rows of the route table alone; `routes` puts them into the one table."""

from __future__ import annotations

from queue_server.contract.strict import Text
from queue_server.web import open_data
from queue_server.web.call import Param, Route

DAY = Text(10, pattern=r"\d{4}-\d{2}-\d{2}")
WAITS = (
    Param("site", Text(64), about="one site; all of this server if left out"),
    Param("from", DAY, about="first day, at most 31 in all; a week before `to` if left out"),
    Param("to", DAY, about="last day; yesterday if left out"),
)

OPEN_DATA = (
    Route(
        name="open-waits",
        method="GET",
        path="/open-data/waits.csv",
        needs=(),
        handler=open_data.waits,
        kind="published",
        root=True,
        query=WAITS,
        takes=("text/csv",),
        refusals=("not_found", "rate_limited"),
        summary="Waits by service and half hour of days that are over, anonymous; small groups put together",
    ),
    Route(
        name="open-places",
        method="GET",
        path="/open-data/places.json",
        needs=(),
        handler=open_data.places,
        kind="published",
        root=True,
        takes=("application/json",),
        refusals=("rate_limited",),
        summary="Each site of this server now: how many wait and how long who comes now would wait",
    ),
)
