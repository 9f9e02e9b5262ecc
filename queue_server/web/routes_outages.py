"""Routes of outages of outside systems, and beside them those of open data: what the one table takes as `OUTSIDE`.

Holds rows of the route table alone.
"""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract import messages_outages as mo
from queue_server.contract.strict import Text
from queue_server.web import outages
from queue_server.web.call import Param, Route
from queue_server.web.routes_open import OPEN_DATA

MONTH = Param("month", Text(7, pattern=r"20\d{2}-(?:0[1-9]|1[0-2])"), about="YYYY-MM, this month if left out")
STAFF = ("issue", "call", "manage")

OUTAGES = (
    Route(
        name="outage-start",
        method="POST",
        path="/outages",
        needs=STAFF,
        handler=outages.start,
        kind="command",
        message=mo.MarkOutage,
        success=201,
        answer="Outage",
        summary="An outside system does not answer; where that is marked already, the same outage",
    ),
    Route(
        name="outage-end",
        method="POST",
        path="/outages/{outage}/end",
        needs=STAFF,
        handler=outages.end,
        kind="command",
        message=m.Bare,
        answer="Outage",
        summary="It works again; named by the outage's id, or by the system's code",
    ),
    Route(
        name="outage-correct",
        method="POST",
        path="/outages/{outage}/correct",
        needs=("manage",),
        handler=outages.correct,
        kind="command",
        message=mo.CorrectOutage,
        answer="Outage",
        summary="Its times as found out afterwards, or that there was none",
    ),
    Route(
        name="outages",
        method="GET",
        path="/outages",
        needs=("read",),
        handler=outages.listed,
        query=(MONTH,),
        answer="Outages",
        summary="The systems with what is out now, and a month's outages",
    ),
    Route(
        name="outages-export",
        method="GET",
        path="/outages/export.csv",
        needs=("read",),
        handler=outages.export,
        kind="download",
        takes=("text/csv",),
        query=(MONTH,),
        summary="A month's outages with the visits and waits under them, as CSV",
    ),
    Route(
        name="outages-workbook",
        method="GET",
        path="/outages/export.xlsx",
        needs=("read",),
        handler=outages.export_workbook,
        kind="download",
        takes=(outages.WORKBOOK,),
        query=(MONTH,),
        summary="The same as a workbook",
    ),
)

OUTSIDE = (*OUTAGES, *OPEN_DATA)
