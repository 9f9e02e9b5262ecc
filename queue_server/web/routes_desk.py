"""Routes of the clerk's desk beyond opening and calling: the second counter, a colleague, a slip under the scanner, finding."""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.contract.messages_desk import HandOver
from queue_server.contract.strict import Text
from queue_server.web import counters
from queue_server.web.call import Param, Route

DESK = (
    Route(
        name="counter-activate",
        method="POST",
        path="/counters/{counter}/activate",
        needs=("call",),
        handler=counters.command("activate"),
        kind="command",
        message=m.Bare,
        refusals=("illegal_transition", "counter_taken"),
        answer="Counter",
        summary="Work at this counter; the clerk's other one is paused",
    ),
    Route(
        name="counter-hand-over",
        method="POST",
        path="/counters/{counter}/hand-over",
        needs=("call",),
        handler=counters.command("hand-over"),
        kind="command",
        message=HandOver,
        refusals=("illegal_transition", "counter_taken"),
        answer="Counter",
        summary="Give the counter to a colleague, with the person at the desk",
    ),
    Route(
        name="counter-check",
        method="GET",
        path="/counters/{counter}/check",
        needs=("call",),
        handler=counters.check,
        query=(Param("code", Text(300), required=True, about="a slip's QR as scanned, or a label"),),
        answer="Checked",
        summary="Whether a slip is the one to be served at this counter",
    ),
    Route(
        name="find",
        method="GET",
        path="/find",
        needs=("read",),
        handler=counters.find,
        query=(Param("q", Text(300), required=True, about="label, dossier code, appointment code or a slip's QR"),),
        answer="Found",
        summary="Today's tickets by what somebody can tell of them",
    ),
    Route(
        name="rules",
        method="GET",
        path="/rules",
        needs=("read",),
        handler=counters.rules,
        answer="Rules",
        summary="The stated rules of places and of taking back, in words",
    ),
)
