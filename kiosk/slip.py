"""What stands on a slip, line by line, and nothing about how it is drawn.

Pure. Holds no name, no identity number, no procedure: a slip found on the floor tells nothing about its person.
The citizen's language comes first; the two lines that protect people (free of charge, not a receipt) always stand
in Vietnamese too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk import wording
from kiosk.values import Home, Ticket, clock_text, date_text
from kiosk.wording import Translate


class Role(StrEnum):
    """What a line is; `raster` decides how large that is on which paper."""

    CENTRE = "centre"
    TITLE = "title"
    REPRINT = "reprint"
    NUMBER = "number"
    SERVICE = "service"
    ZONE = "zone"
    PRIORITY = "priority"
    AHEAD = "ahead"
    WAIT = "wait"
    TIME = "time"
    DATE = "date"
    QR_HINT = "qr_hint"
    FREE = "free"
    NOTICE = "notice"


@dataclass(frozen=True)
class Line:
    role: Role
    text: str


@dataclass(frozen=True)
class Slip:
    lines: tuple[Line, ...]
    qr: str = ""


FREE_VI = "Miễn phí"
NOTICE_VI = "Phiếu này không thay Giấy tiếp nhận hồ sơ"
LONGEST_SERVICE = 90  # names of up to 1,094 letters exist; three lines say what is needed


def compose(ticket: Ticket, home: Home, lang: str, translate: Translate, *, reprint: bool = False) -> Slip:
    _ = translate
    chosen = home.chosen_class(ticket.priority_class)
    wait = wording.wait(ticket.low_s, ticket.high_s, _)
    wanted = [
        (Role.CENTRE, home.site_name),
        (Role.TITLE, _("Your number")),
        (Role.REPRINT, _("PRINTED AGAIN") if reprint else ""),
        (Role.NUMBER, ticket.label),
        (Role.SERVICE, shorten(wording.service_name(home, ticket.service, lang, _))),
        (Role.ZONE, wording.place(ticket.zone, _)),
        (Role.PRIORITY, _("Priority: %(name)s") % {"name": shorten(chosen.name(lang))} if chosen else ""),
        (Role.AHEAD, wording.ahead(ticket.ahead, _)),
        (Role.WAIT, _("Expected wait: %(wait)s") % {"wait": wait} if wait else ""),
        (Role.TIME, clock_text(ticket.issued_at)),
        (Role.DATE, date_text(ticket.issued_at)),
        (Role.QR_HINT, _("Follow your turn on a phone") if ticket.url else ""),
        (Role.FREE, _both(_("Free of charge"), FREE_VI)),
        (Role.NOTICE, _("This slip is not a receipt for your file")),
        (Role.NOTICE, NOTICE_VI if lang != "vi" else ""),
    ]
    return Slip(tuple(Line(role, text) for role, text in wanted if text), ticket.url)


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST_SERVICE else text[:LONGEST_SERVICE].rsplit(" ", 1)[0] + "…"


def _both(own: str, vietnamese: str) -> str:
    return own if own == vietnamese else f"{own} · {vietnamese}"
