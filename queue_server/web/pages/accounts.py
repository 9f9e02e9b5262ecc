"""The page on which a technician or the head of a site lets a resting account try again. Log-in names, never names of people."""

from __future__ import annotations

import secrets

from queue_server.services import accounts
from queue_server.web.pages import words
from queue_server.web.pages.visit import Answer, Visit, show


def page(visit: Visit) -> Answer:
    with visit.reader() as reader:
        found = accounts.resting(reader, visit.site, visit.now_ms)["accounts"]
    lines = [each | {"role": words.ROLES.get(each["role"], each["role"]), "request_id": secrets.token_hex(16)} for each in found]
    return show("accounts.html", visit, lines=lines)
