"""Route of the staffing advice."""

from __future__ import annotations

from queue_server.web import staffing
from queue_server.web.call import Route

STAFFING = (
    Route(
        name="staffing",
        method="GET",
        path="/staffing",
        needs=("manage",),
        handler=staffing.advice,
        query=(staffing.MORE,),
        answer="Staffing",
        summary="Counters per half hour for the house's targets, one counter more or fewer now, and what more people would mean",
    ),
)
