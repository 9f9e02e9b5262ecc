"""Log-in, log-out and the start page that sends each role to its own work."""

from __future__ import annotations

from flask import redirect

from queue_server.domain.principal import Principal
from queue_server.web.pages.visit import Answer, Visit

STARTS = {
    "clerk": "/counter",
    "attendant": "/attendant",
    "technician": "/technician",
    "director": "/manager",
    "deputy": "/manager",
    "control": "/manager",
    "site_head": "/manager",
    "auditor": "/manager",
}


def start_of(who: Principal) -> str:
    """Where this person's work begins."""
    return STARTS.get(who.role, "/manager")


def start(visit: Visit) -> Answer:
    return redirect(start_of(visit.who), code=303)
