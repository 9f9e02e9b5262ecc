"""Routes of alerts and availability. Holds rows of the route table alone; `routes` puts them into the one table."""

from __future__ import annotations

from queue_server.contract.strict import Whole
from queue_server.services.slo import MOST_DAYS
from queue_server.web import alerts
from queue_server.web.call import Param, Route

ALERTS = (
    Route(
        name="alerts",
        method="GET",
        path="/alerts",
        needs=("fleet", "manage"),
        handler=alerts.alerts,
        answer="Alerts",
        summary="What needs somebody now: the urgent first",
    ),
    Route(
        name="availability",
        method="GET",
        path="/availability",
        needs=("fleet", "manage"),
        handler=alerts.availability,
        query=(Param("days", Whole(1, MOST_DAYS), about="how many days back, today included"),),
        answer="Availability",
        summary="How much of the opening hours numbers could be taken, people called and boards read",
    ),
)
