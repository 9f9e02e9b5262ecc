"""What a clerk looks up at the desk: somebody's ticket, whether a slip is right here, who did not come, and the stated rules.

Looking only. What stands at a counter, a board or in the queue is `queries`'.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from queue_server.domain import calendar, dossier_code, numbering
from queue_server.domain.config import SiteConfig
from queue_server.domain.counter import Counter
from queue_server.domain.visit import AT_COUNTER, LIVE, Ticket
from queue_server.services.ids import token_hash
from queue_server.services.queries import house
from queue_server.services.views import ticket_json

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

MOST = 20
_LABEL = re.compile(r"([A-Z]{1,2})[ .-]?(\d{1,9})")
_NUMBER = re.compile(r"\d{1,9}")
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,128}")


# ---------------------------------------------------------------- finding
def find(reader: Reader, site: str, q: str, *, now: int) -> dict[str, Any]:
    """Today's tickets by label (`A045`, `a 45`, `45`), dossier, appointment, or the code of a slip; at most twenty."""
    row, config = house(reader, site)
    found = _by_any(reader, site, q.strip(), calendar.business_day(now, config.utc_offset_min))
    return {"q": q, "tickets": [_found_json(ticket, match, row, config) for ticket, match in found[:MOST]]}


def _by_any(reader: Reader, site: str, q: str, today: str) -> list[tuple[Ticket, str]]:
    token = _token(q)
    slip = reader.ticket_by_token(token_hash(token)) if token else None
    if slip is not None and slip.site == site:
        return [(slip, "slip")]
    label = _label(q)
    if label:
        return [(ticket, "label") for ticket in _latest_first(reader.tickets_by_label(site, today, label))]
    if _NUMBER.fullmatch(q):
        return [(ticket, "label") for ticket in _latest_first(reader.tickets_of_number(site, today, int(q)))]
    if not q:
        return []
    code = dossier_code.normal(q)
    named = {ticket.id: (ticket, "dossier") for ticket in reader.tickets_naming(site, today, code)}
    for ticket in reader.tickets_naming(site, today, token_hash(q)):
        named.setdefault(ticket.id, (ticket, "appointment"))
    return [(ticket, "appointment" if ticket.appointment == q else match) for ticket, match in named.values()]


def _latest_first(tickets: list[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda ticket: (ticket.state not in LIVE, -ticket.issued_seq))


def _label(q: str) -> str | None:
    """A label as it is printed, from what somebody types of it."""
    parts = _LABEL.fullmatch(q.upper())
    return numbering.label(parts[1], int(parts[2])) if parts else None


def _token(q: str) -> str | None:
    """The token of a slip's page, from its address as a scanner types it or alone."""
    path = urlsplit(q).path
    last = path.rpartition("/t/")[2] if "/t/" in path else q
    return last if _TOKEN.fullmatch(last) else None


def _found_json(ticket: Ticket, match: str, row: Row, config: SiteConfig) -> dict[str, Any]:
    offered = config.services.get(ticket.service)
    name = offered.name if offered else ticket.service
    return ticket_json(ticket, row, config) | {"match": match, "service_name": name, "dossier_code": ticket.dossier_code}


# ---------------------------------------------------------------- is this slip right here?
SAY: dict[str, tuple[str, str]] = {
    "right": ("Đúng người, đúng quầy", "The right person at the right counter"),
    "not_yet_called": ("Chưa đến lượt, mời ngồi chờ gọi số", "Not called yet: please wait"),
    "other_counter": ("Phiếu này của quầy khác", "This slip belongs to another counter"),
    "other_service": ("Phiếu này cho dịch vụ mà quầy không làm", "This slip is for a service that this counter does not serve"),
    "superseded": ("Phiếu này đã được thay hoặc chuyển sang điểm khác", "This slip was replaced, or moved to another site"),
    "ended": ("Lượt này đã kết thúc", "This visit has ended"),
    "other_day": ("Phiếu của ngày khác", "This slip is of another day"),
    "unknown": ("Không phải phiếu của điểm này", "Not a slip of this site"),
}  # fmt: skip


def check(reader: Reader, site: str, code: str, scanned: str, *, now: int) -> dict[str, Any]:
    """Whether a slip that was scanned (or its label, typed) is the one to be served at this counter, and what to say if not."""
    row, config = house(reader, site)
    config.known_counter(code)
    desk = reader.counter(site, code) or Counter(site, code)
    served = desk.services or config.served_by(code)
    today = calendar.business_day(now, config.utc_offset_min)
    ticket = _of_slip(reader, site, scanned.strip(), today)
    verdict = "unknown" if ticket is None else _verdict(ticket, code, served, today)
    where = None if ticket is None else ticket.counter or ticket.for_counter
    spec = config.counters.get(where or "")
    vi, en = SAY[verdict]
    if verdict == "other_counter" and spec is not None:
        vi, en = f"Phiếu này của {spec.name}", f"This slip belongs to {spec.name}"
    shown = None if ticket is None else _found_json(ticket, "slip", row, config)
    return {"verdict": verdict, "ticket": shown, "counter": where, "say": {"vi": vi, "en": en}}


def _of_slip(reader: Reader, site: str, scanned: str, today: str) -> Ticket | None:
    """The ticket of a slip: by its page's code, else the day's newest by its label."""
    token = _token(scanned)
    found = reader.ticket_by_token(token_hash(token)) if token else None
    if found is not None:
        return found if found.site == site else reader.ticket(site, found.id)
    label = _label(scanned)
    by_label = _latest_first(reader.tickets_by_label(site, today, label)) if label else []
    return by_label[0] if by_label else None


def _verdict(ticket: Ticket, counter: str, served: tuple[str, ...], today: str) -> str:
    if ticket.voided or ticket.state == "moved":
        return "superseded"
    if ticket.state not in LIVE:
        return "ended" if today in (ticket.business_day, ticket.carried_to) else "other_day"
    if ticket.state in AT_COUNTER or ticket.state == "held":
        return "right" if ticket.counter == counter else "other_counter"
    if ticket.for_counter:
        return "not_yet_called" if ticket.for_counter == counter else "other_counter"
    return "not_yet_called" if ticket.service in served else "other_service"


# ---------------------------------------------------------------- the stated rules
def rules(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """The rules by which a place changes or a word is taken back, in words that can be shown to whoever asks."""
    policy = house(reader, site)[1].policy
    said: dict[str, tuple[int, str, str]] = {
        "readmit": (
            policy.readmit_s,
            "Người vắng mặt quay lại trong {n} phút được xếp như vừa đến, giữ hạng ưu tiên; quá hạn thì lấy số mới.",
            "Who was absent and is back within {n} minutes is placed as if they came now, with the credit of their class; "
            "later they take a new number.",
        ),
        "transfer": (
            policy.transfer_credit_s,
            "Người được chuyển quầy giữ giờ đến và được cộng {n} phút.",
            "Who is sent on keeps the time of arrival and gets a credit of {n} minutes.",
        ),
        "undo": (policy.undo_s, "Lệnh vừa rồi hoàn tác được trong {s} giây.", "The last command can be taken back for {s} seconds."),
        "undo_no_show": (
            policy.undo_no_show_s,
            "Ghi vắng mặt hoàn tác được trong {n} phút.",
            "A no-show can be taken back for {n} minutes.",
        ),
    }  # fmt: skip
    if policy.dossiers_per_turn:
        said["dossier_limit"] = (
            policy.dossiers_per_turn,
            "Mỗi lượt nhận nhiều nhất {s} hồ sơ; còn nữa thì chờ tiếp bằng chính phiếu này, xếp như vừa đến.",
            "One turn takes at most {s} dossiers; with more the person waits again with the same slip, placed as if they came now.",
        )
    return {
        "rules": [
            {"code": name, "value": value, "text": {"vi": vi.format(n=value // 60, s=value), "en": en.format(n=value // 60, s=value)}}
            for name, (value, vi, en) in said.items()
        ]
    }
