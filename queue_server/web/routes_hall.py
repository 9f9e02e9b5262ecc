"""Routes of the hall: help calls, slips at a chosen kiosk, priority by papers, a lost number, rush hour, what a kiosk is wanted for.

Holds rows of the route table alone; `routes` puts them into the one table.
"""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract import messages_hall as mh
from queue_server.contract.strict import Text
from queue_server.web import hall
from queue_server.web.call import Param, Route

TIME_OF_DAY = Text(5, pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

HALL = (
    Route(
        name="kiosk-day-key",
        method="POST",
        path="/kiosk/day-key",
        needs=("issue",),
        handler=hall.day_key,
        message=mh.AskDayKey,
        refusals=("standby", "busy"),
        answer="DayKey",
        summary="Today's key for hashing a card's number, so that two kiosks know one card; kept in memory alone, on both sides",
    ),
    Route(
        name="help-call",
        method="POST",
        path="/help-calls",
        needs=("issue", "call"),
        handler=hall.call_help,
        kind="command",
        message=mh.AskHelp,
        success=201,
        answer="HelpCall",
        summary="Somebody at a kiosk or a counter asks for a person",
    ),
    Route(
        name="help-calls",
        method="GET",
        path="/help-calls",
        needs=("read",),
        handler=hall.calls,
        answer="HelpCalls",
        summary="Help calls and silent alarms that are not done",
    ),
    *(
        Route(
            name=f"help-{name}",
            method="POST",
            path=f"/help-calls/{{call}}/{name}",
            needs=("issue", "call"),
            handler=hall.on_call(name),
            kind="command",
            message=m.Bare,
            refusals=("illegal_transition",) if name == "answer" else (),
            answer="HelpCall",
            summary=summary,
        )
        for name, summary in (("answer", "Somebody goes there"), ("done", "Helped"))
    ),
    Route(
        name="ticket-print-at",
        method="POST",
        path="/tickets/{ticket}/print-at",
        needs=("issue",),
        handler=hall.on_ticket("print-at"),
        kind="command",
        message=mh.PrintAt,
        refusals=("illegal_transition",),
        answer="Ticket",
        summary="Print the slip at a chosen kiosk",
    ),
    Route(
        name="ticket-priority",
        method="POST",
        path="/tickets/{ticket}/priority",
        needs=("issue",),
        handler=hall.on_ticket("priority"),
        kind="command",
        message=mh.PriorityDecision,
        refusals=("illegal_transition",),
        answer="Ticket",
        summary="Somebody saw the papers: the priority stands, or the ordinary place",
    ),
    Route(
        name="tickets-near",
        method="GET",
        path="/tickets/near",
        needs=("read",),
        handler=hall.near,
        query=(Param("service", required=True), Param("about", TIME_OF_DAY, required=True, about="time of day, HH:MM")),
        answer="Tickets",
        summary="Today's numbers of a service taken at about a time, the nearest first",
    ),
    Route(name="hall", method="GET", path="/hall", needs=("read",), handler=hall.hall, answer="Hall", summary="Calls, lights, rush hour"),
    Route(
        name="rush",
        method="POST",
        path="/hall/rush",
        needs=("issue", "manage"),
        handler=hall.rush,
        kind="command",
        message=mh.SetRush,
        answer="Rush",
        summary="Rush hour begins or is over",
    ),
    Route(
        name="errands",
        method="GET",
        path="/devices/{device}/errands",
        needs=("issue",),
        handler=hall.errands,
        answer="Errands",
        summary="What a kiosk is wanted for: slips to print, its own help call",
    ),
)
