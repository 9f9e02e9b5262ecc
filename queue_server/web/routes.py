"""THE route table: every call of the contract once, with its permission, message, handler and possible refusals.

Flask rules, permission checks, the OpenAPI document and the roles × routes test are all made from it, so nothing can be
served that is not written here. Paths stand below `/api/v1` unless `root` says otherwise.
"""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract.strict import Text, Whole
from queue_server.contract.vocabulary import API, AT_COUNTER_COMMANDS, COUNTER_COMMANDS, TICKET_COMMANDS
from queue_server.web import board, citizen, counters, feed, health, people, tickets
from queue_server.web.call import Param, Route
from queue_server.web.routes_accounts import ACCOUNTS
from queue_server.web.routes_alerts import ALERTS
from queue_server.web.routes_booking import BOOKING
from queue_server.web.routes_desk import DESK
from queue_server.web.routes_dossiers import DOSSIERS
from queue_server.web.routes_feeding import FEEDING
from queue_server.web.routes_hall import HALL
from queue_server.web.routes_identity import IDENTITY
from queue_server.web.routes_machines import DEVICES, STANDBY
from queue_server.web.routes_orders import ORDERS
from queue_server.web.routes_outages import OUTSIDE
from queue_server.web.routes_policy import POLICY
from queue_server.web.routes_staffing import STAFFING

DAY = Text(10, pattern=r"\d{4}-\d{2}-\d{2}")
ZONE = Param("zone", about="only this zone")
GATES = ("service_closed", "outside_hours", "quota_full", "capacity_full", "holder_limit", "already_waiting")
MOVE = ("illegal_transition", "counter_closed", "counter_inactive")
ENDS = frozenset({"complete", "procedures"})  # and these may meet the limit of dossiers

_ATTEND = {
    "amend": m.Amend,
    "cancel": m.WithReason,
    "readmit": m.WithReason,
    "print-outcome": m.PrintReport,
    "reprint": m.WithReason,
    "rate": m.Rate,
    "annotate": m.Annotate,
}
_ON_TICKET = {"hold": m.Hold, "transfer": m.Transfer, "complete": m.Complete, "reclassify": m.Reclassify, "procedures": m.Procedures}
_COUNTER = {"open": m.CounterOpen}

TICKETS = (
    Route(
        name="issue",
        method="POST",
        path="/tickets",
        needs=("issue",),
        handler=tickets.issue,
        kind="command",
        message=m.Issue,
        success=201,
        refusals=GATES,
        answer="Ticket",
        summary="Take a number",
    ),
    Route(
        name="paper",
        method="POST",
        path="/tickets/paper",
        needs=("issue",),
        handler=tickets.paper,
        kind="command",
        message=m.PaperSlip,
        success=201,
        refusals=("conflict",),
        answer="Ticket",
        summary="Enter a slip of the paper book",
    ),
    Route(
        name="tickets",
        method="GET",
        path="/tickets",
        needs=("read",),
        handler=tickets.several,
        query=(Param("label"), Param("day", DAY, about="business day, today if left out"), Param("dossier")),
        answer="Tickets",
        summary="Tickets by label or dossier code",
    ),
    Route(
        name="ticket", method="GET", path="/tickets/{ticket}", needs=("read",), handler=tickets.one, answer="Ticket", summary="One ticket"
    ),
    *(
        Route(
            name=f"ticket-{name}",
            method="POST",
            path=f"/tickets/{{ticket}}/{name}",
            needs=("issue", "call") if name == "readmit" else ("issue",),
            handler=tickets.attend(name),
            kind="command",
            message=message,
            refusals=("illegal_transition", "readmit_too_late") if name == "readmit" else ("illegal_transition",),
            answer="Ticket",
            summary=f"{name} a ticket",
        )
        for name, message in _ATTEND.items()
    ),
    *(
        Route(
            name=f"ticket-{name}",
            method="POST",
            path=f"/tickets/{{ticket}}/{name}",
            needs=("call",),
            handler=tickets.on_ticket(name),
            kind="command",
            message=_ON_TICKET.get(name, m.OnTicket),
            refusals=(*MOVE, "dossier_limit") if name in ENDS else MOVE,
            answer="Ticket",
            summary=f"{name}, by a counter",
        )
        for name in TICKET_COMMANDS
    ),
)

COUNTERS = (
    Route(
        name="counters",
        method="GET",
        path="/counters",
        needs=("read",),
        handler=counters.all_counters,
        answer="Counters",
        summary="All counters",
    ),
    Route(
        name="counter",
        method="GET",
        path="/counters/{counter}",
        needs=("read",),
        handler=counters.one,
        answer="Counter",
        summary="One counter",
    ),
    *(
        Route(
            name=f"counter-{name}",
            method="POST",
            path=f"/counters/{{counter}}/{name}",
            needs=("call",),
            handler=counters.command(name),
            kind="command",
            message=_COUNTER.get(name, m.CounterReason),
            refusals=("illegal_transition", "counter_taken", "counter_inactive"),
            answer="Counter",
            summary=f"{name} a counter",
        )
        for name in COUNTER_COMMANDS
    ),
    Route(
        name="counter-next",
        method="POST",
        path="/counters/{counter}/next",
        needs=("call",),
        handler=counters.next_ticket,
        kind="command",
        message=m.Next,
        refusals=MOVE,
        answer="MaybeTicket",
        summary="Finish with the person at the counter and call the next",
    ),
    Route(
        name="counter-call",
        method="POST",
        path="/counters/{counter}/call",
        needs=("call",),
        handler=counters.call_chosen,
        kind="command",
        message=m.CallChosen,
        refusals=MOVE,
        answer="MaybeTicket",
        summary="Call a chosen person, with a reason",
    ),
    *(
        Route(
            name=f"counter-{name}",
            method="POST",
            path=f"/counters/{{counter}}/{name}",
            needs=("call",),
            handler=counters.at_counter(name),
            kind="command",
            message=m.AtCounter,
            refusals=MOVE,
            answer="Ticket",
            summary=f"{name} for the person at the counter",
        )
        for name in AT_COUNTER_COMMANDS
    ),
    Route(
        name="counter-tick",
        method="POST",
        path="/counters/{counter}/tick",
        needs=("call",),
        handler=counters.tick,
        kind="command",
        message=m.Tick,
        refusals=MOVE,
        answer="Ticket",
        summary="Tell afterwards what happened while the server was away",
    ),
    Route(
        name="counter-undo",
        method="POST",
        path="/counters/{counter}/undo",
        needs=("call",),
        handler=counters.undo,
        kind="command",
        message=m.Undo,
        refusals=("undo_too_late", "undo_overtaken", "counter_closed", "counter_inactive"),
        answer="Undone",
        summary="Take the last command back",
    ),
)

READING = (
    Route(
        name="events",
        method="GET",
        path="/events",
        needs=("feed",),
        handler=feed.events,
        query=(Param("after", Text(32), about="EPOCH-SEQ, SEQ or 0"), Param("limit", Whole(1), about="at most 1,000")),
        refusals=("epoch_changed",),
        answer="Events",
        summary="The log after a position",
    ),
    Route(
        name="stream",
        method="GET",
        path="/stream",
        needs=("feed", "board"),
        handler=feed.events,  # served on the event loop by `stream.py`; the same read feeds it
        kind="stream",
        query=(Param("after", Text(32), about="EPOCH-SEQ, SEQ or 0"), ZONE),
        refusals=("epoch_changed", "fenced", "too_many_streams", "stopping"),
        summary="Server-sent events: snapshot, log, hb",
    ),
    Route(
        name="board",
        method="GET",
        path="/board",
        needs=("read", "board"),
        handler=board.board,
        query=(ZONE,),
        answer="Board",
        etag=board.board_etag,
        summary="What a board shows now",
    ),
    Route(
        name="queue",
        method="GET",
        path="/queue",
        needs=("read",),
        handler=board.queue,
        answer="Queue",
        summary="Waiting tickets in calling order",
    ),
    Route(name="services", method="GET", path="/services", needs=("read",), handler=board.services, answer="Services", summary="Services"),
    Route(
        name="kiosk-home",
        method="GET",
        path="/kiosk/home",
        needs=("read",),
        handler=board.kiosk_home,
        answer="KioskHome",
        etag="content",
        summary="What the kiosk's home shows",
    ),
    Route(
        name="metrics-day",
        method="GET",
        path="/metrics/day",
        needs=("read",),
        handler=feed.metrics_day,
        query=(Param("date", DAY, required=True), Param("service")),
        answer="Figures",
        summary="Figures of a day",
    ),
    Route(
        name="metrics-range",
        method="GET",
        path="/metrics/range",
        needs=("read",),
        handler=feed.metrics_range,
        query=(
            Param("from", DAY, required=True, about="first business day"),
            Param("to", DAY, required=True, about="last business day, at most 31 days in all"),
            Param("service"),
            Param("sites", Text(1000), about="codes with commas between: several sites of this credential, added up"),
        ),
        answer="FiguresOfRange",
        summary="Figures of several days, of one site or of several, added up exactly",
    ),
    Route(name="seals", method="GET", path="/seals", needs=("read",), handler=feed.seals, answer="Seals", summary="Seals of past days"),
)

OPEN = (
    Route(name="openapi", method="GET", path="/api/openapi.json", needs=(), handler=health.contract, root=True, summary="This document"),
    Route(
        name="healthz",
        method="GET",
        path="/healthz",
        needs=(),
        handler=health.alive,
        root=True,
        answer="Health",
        summary="The process lives",
    ),
    Route(
        name="readyz",
        method="GET",
        path="/readyz",
        needs=(),
        handler=health.ready,
        root=True,
        refusals=("busy",),
        answer="Health",
        summary="The database answers",
    ),
    Route(
        name="citizen",
        method="GET",
        path="/t/{token}.json",
        needs=(),
        handler=citizen.state,
        root=True,
        answer="CitizenTicket",
        etag="content",
        summary="The citizen's own ticket",
    ),
    Route(
        name="citizen-cancel",
        method="POST",
        path="/t/{token}/cancel",
        needs=(),
        handler=citizen.cancel,
        kind="command",
        message=m.Command,
        root=True,
        form=True,
        refusals=("illegal_transition",),
        answer="CitizenTicket",
        summary="The citizen gives the number up",
    ),
    Route(
        name="citizen-rating",
        method="POST",
        path="/t/{token}/rating",
        needs=(),
        handler=citizen.rating,
        kind="command",
        message=m.Rate,
        root=True,
        form=True,
        refusals=("illegal_transition",),
        answer="CitizenTicket",
        summary="One to five stars",
    ),
)

PEOPLE = (
    Route(
        name="session",
        method="GET",
        path="/session",
        needs=("*",),
        handler=people.whoami,
        sited=False,
        answer="Session",
        summary="Who I am here",
    ),
)

ROUTES: tuple[Route, ...] = (
    *TICKETS,
    *COUNTERS,
    *READING,
    *DEVICES,
    *OPEN,
    *PEOPLE,
    *STANDBY,
    *DESK,
    *HALL,
    *BOOKING,
    *POLICY,
    *STAFFING,
    *ACCOUNTS,
    *ORDERS,
    *FEEDING,
    *IDENTITY,
    *ALERTS,
    *OUTSIDE,
    *DOSSIERS,
)


def full_path(route: Route) -> str:
    return route.path if route.root else API + route.path
