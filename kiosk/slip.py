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
    ALONE = "alone"
    QR_HINT = "qr_hint"
    FREE = "free"
    NOTICE = "notice"


@dataclass(frozen=True)
class Line:
    role: Role
    text: str


@dataclass(frozen=True)
class Slip:
    """`short`: for a slow line and a long queue, at most 360 rows of dots."""

    lines: tuple[Line, ...]
    qr: str = ""
    short: bool = False


FREE_VI = "Miễn phí"
NOTICE_VI = "Phiếu này không thay Giấy tiếp nhận hồ sơ"
SHORT = frozenset({Role.CENTRE, Role.NUMBER, Role.SERVICE, Role.ZONE, Role.TIME, Role.DATE, Role.ALONE, Role.NOTICE})
CENTRE_PREFIX = "trung tâm phục vụ hành chính công "
FULL_ROWS = 1000  # of a usual full slip: 72 kB on 80 mm paper, 6 s at 115,200 baud
SLOW_S = 3.0
LONGEST_SERVICE = 90  # names of up to 1,094 letters exist; three lines say what is needed


def compose(ticket: Ticket, home: Home, lang: str, translate: Translate, *, reprint: bool = False, short: bool = False) -> Slip:
    """A slip printed again is never a short one: its mark must be seen from afar."""
    _ = translate
    short = short and not reprint
    chosen = home.chosen_class(ticket.priority_class)
    own_notice = _("This slip is not a receipt for your file")
    wanted = [
        (Role.CENTRE, short_centre(home.site_name) if short else home.site_name),
        (Role.TITLE, _("Your number")),
        (Role.REPRINT, _("PRINTED AGAIN") if reprint else ""),
        (Role.NUMBER, ticket.label),
        (Role.SERVICE, shorten(wording.service_name(home, ticket.service, lang, _))),
        (Role.ZONE, wording.place(ticket.zone, _)),
        (Role.PRIORITY, _("Priority: %(name)s") % {"name": shorten(chosen.name(lang))} if chosen else ""),
        (Role.AHEAD, wording.ahead(ticket.ahead, _)),
        (Role.WAIT, wording.expected(ticket, _)),
        (Role.TIME, clock_text(ticket.issued_at)),
        (Role.DATE, date_text(ticket.issued_at)),
        (Role.ALONE, _("number given while the server was away; the order is by this time") if ticket.alone else ""),
        (Role.QR_HINT, _("Follow your turn on a phone") if ticket.url else ""),
        (Role.FREE, _both(_("Free of charge"), FREE_VI)),
        (Role.NOTICE, own_notice if not short else f"{_('Free of charge')} · {own_notice}"),
        (Role.NOTICE, "" if lang == "vi" else NOTICE_VI if not short else f"{FREE_VI} · {NOTICE_VI}"),
    ]
    lines = tuple(Line(role, text) for role, text in wanted if text and (not short or role in SHORT))
    return Slip(lines, ticket.url, short)


def wants_short(setting: str, width_dots: int, bytes_per_s: float | None) -> bool:
    """`auto`: where a full slip would keep the next person waiting on a slow line to the printer."""
    slow = bool(bytes_per_s) and width_dots / 8 * FULL_ROWS / float(bytes_per_s or 1) > SLOW_S
    return setting == "short" or (setting == "auto" and slow)


def short_centre(name: str) -> str:
    """Whoever holds the slip stands in a service centre: what tells this one from others is the rest of its name."""
    rest = name[len(CENTRE_PREFIX) :] if name.lower().startswith(CENTRE_PREFIX) else name
    return rest[:1].upper() + rest[1:]


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST_SERVICE else text[:LONGEST_SERVICE].rsplit(" ", 1)[0] + "…"


def _both(own: str, vietnamese: str) -> str:
    return own if own == vietnamese else f"{own} · {vietnamese}"
