"""The citizen's page: one ticket in plain words, in Vietnamese or English. It knows a label, never a person.

`view_of` is pure: what the JSON says becomes a state in words, advice on what to do, and what may be done here.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, render_template, request

from queue_server.services import queries
from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.pages import words

EVERY_S = 20
COOKIE = "toiluot_lang"
LIVE = ("waiting", "called", "serving", "held")
FACES = ((1, "M16 33q8-9 16 0"), (2, "M17 32q7-4 14 0"), (3, "M17 30q7 4 14 0"), (4, "M15 28q9 11 18 0"))
LANGUAGES = {"vi": {"code": "en", "name": "English"}, "en": {"code": "vi", "name": "Tiếng Việt"}}

TEXT: dict[str, dict[str, Any]] = {
    "vi": {
        "yours": "Số của bạn", "updated": "Cập nhật lúc", "stale": "Chưa cập nhật được. Xin nhìn bảng gọi số.",
        "cancel": "Huỷ số này", "sure": "Huỷ rồi thì không lấy lại được chỗ. Bạn chắc chắn huỷ?", "yes_cancel": "Có, huỷ số này",
        "rate": "Bạn thấy phục vụ thế nào?", "faces": ("Chưa hài lòng", "Tạm được", "Hài lòng", "Rất hài lòng"),
        "thanks": "Cảm ơn bạn đã góp ý.", "foot": "Lấy số miễn phí. Trang này không lưu tên hay số giấy tờ của bạn.",
        "let_pass": "Nhường lượt", "let_pass_how": "Bạn muốn mấy người phía sau vào trước? Sau đó không lấy lại chỗ cũ được.",
        "let_pass_n": "Nhường {n} người",
        "out": "{names} đang gián đoạn: có thể lâu hơn dự kiến.",
        "service": "Việc", "issued": "Lấy số lúc", "zone": "Khu vực chờ", "counter": "Quầy", "ahead": "Còn {n} người trước bạn",
        "first": "Bạn là người tiếp theo", "wait": "{span}", "to_counter": "QUẦY {counter}",
        "waiting": "Xin chờ ở khu vực ghế. Bảng và loa sẽ gọi số này.", "later": "Số này được gọi từ {at} ngày {day}.",
        "called": "ĐẾN LƯỢT BẠN", "called_advice": "Xin mời đến quầy ngay.",
        "serving": "Đang phục vụ tại quầy {counter}", "held": "Quầy {counter} đang giữ lượt của bạn",
        "held_advice": "Xin chờ gần quầy. Cán bộ sẽ mời bạn, không gọi lại trên bảng.",
        "completed": "Đã xong", "completed_advice": "Cảm ơn bạn đã đến.", "cancelled": "Số này đã huỷ",
        "cancelled_advice": "Nếu vẫn cần làm việc, xin lấy số mới.", "no_show": "Đã quá lượt",
        "no_show_advice": "Số này đã được gọi{at} mà chưa thấy bạn. Xin đến bàn hướng dẫn để được xếp lại.",
        "expired": "Số này đã hết hạn", "expired_advice": "Số chỉ dùng trong ngày. Xin lấy số mới khi đến lần sau.",
        "moved": "Lượt của bạn đã chuyển sang điểm khác", "moved_advice": "Xin hỏi bàn hướng dẫn.", "at": " lúc {at}",
    },
    "en": {
        "yours": "Your number", "updated": "Updated at", "stale": "Could not update. Please watch the board.",
        "cancel": "Cancel this number", "sure": "A cancelled number loses its place for good. Cancel it?", "yes_cancel": "Yes, cancel it",
        "rate": "How was the service?", "faces": ("Unhappy", "Fair", "Happy", "Very happy"),
        "thanks": "Thank you for your feedback.", "foot": "Numbers are free. This page keeps neither your name nor any ID number.",
        "let_pass": "Let others go first", "let_pass_how": "How many people behind you go first? You cannot take the place back.",
        "let_pass_n": "Let {n} go first",
        "out": "{names}: not working now. It may take longer than expected.",
        "service": "Service", "issued": "Number taken at", "zone": "Waiting area", "counter": "Counter", "ahead": "{n} people before you",
        "first": "You are next", "wait": "{span}", "to_counter": "COUNTER {counter}",
        "waiting": "Please wait in the seating area. The board will show this number.",
        "later": "This number is called from {at} on {day}.", "called": "IT IS YOUR TURN",
        "called_advice": "Please go to the counter now.", "serving": "Being served at counter {counter}",
        "held": "Counter {counter} is keeping your place",
        "held_advice": "Please wait near the counter. The clerk will ask you over; the board will not call again.",
        "completed": "Finished", "completed_advice": "Thank you for coming.", "cancelled": "This number is cancelled",
        "cancelled_advice": "Take a new number if you still need us.", "no_show": "You missed your turn",
        "no_show_advice": "This number was called{at} and nobody came. Please go to the help desk to be put back in the queue.",
        "expired": "This number has expired", "expired_advice": "A number is good for one day. Please take a new one next time.",
        "moved": "Your visit has moved to another place", "moved_advice": "Please ask at the help desk.", "at": " at {at}",
    },
}  # fmt: skip
TONES = {"called": "called", "serving": "serving", "held": "held", "no_show": "missed"}


def page(house: House, gate: Gate, token: str) -> Response:
    """The page of whoever holds the token."""
    now_ms = house.clock.wall_ms()
    with house.store.read() as reader:
        ticket = queries.citizen_ticket(reader, token, now=now_ms)
    asked = request.args.get("lang", "")
    lang = language(asked, request.cookies.get(COOKIE, ""), str(ticket.get("lang") or "vi"))
    answer = make_response(
        render_template(
            "citizen.html",
            ticket=ticket,
            token=token,
            lang=lang,
            other=LANGUAGES[lang],
            words=TEXT[lang],
            view=view_of(ticket, lang),
            faces=FACES,
            now=words.hhmm(now_ms),
            every_s=EVERY_S,
            site_name=ticket["site"],
            request_id=secrets.token_hex(16),
        )
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    if asked in LANGUAGES:
        answer.set_cookie(COOKIE, asked, path="/t/", samesite="Lax", httponly=True, secure=house.tls)
    return answer


def language(asked: str, kept: str, of_ticket: str) -> str:
    """What was asked for, what was asked for before, the language the number was taken in; Vietnamese otherwise."""
    return next((lang for lang in (asked, kept, of_ticket) if lang in LANGUAGES), "vi")


def view_of(ticket: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The ticket in words."""
    text, state = TEXT[lang], str(ticket["state"])
    counter = str(ticket.get("counter") or "–")
    title = {"called": f"{text['called']} → {text['to_counter'].format(counter=counter)}"}.get(state, _headline(ticket, text, counter))
    called_at = ticket.get("called_at")
    advice = text.get(f"{state}_advice") or (_while_waiting(ticket, text) if state == "waiting" else "")
    return {
        "title": f"{ticket['label']} · {title}",
        "tone": TONES.get(state, "" if state in LIVE else "over"),
        "state": text["called"] if state == "called" else _headline(ticket, text, counter),
        "go": text["to_counter"].format(counter=counter) if state == "called" else "",
        "range": _range(ticket, lang) if state == "waiting" else "",
        "advice": advice.format(at=text["at"].format(at=words.hhmm(called_at)) if called_at else ""),
        "out": text["out"].format(names=", ".join(ticket["outages"])) if ticket.get("outages") and state in LIVE else "",
        "facts": _facts(ticket, text, lang),
        "live": state in LIVE,
        "may_cancel": bool(ticket.get("may_cancel")),
        "may_let_pass": bool(ticket.get("may_let_pass")),
        "may_rate": bool(ticket.get("may_rate")),
        "rated": ticket.get("rating") is not None,
    }


def _while_waiting(ticket: Mapping[str, Any], text: Mapping[str, Any]) -> str:
    """Where to wait; or from when on, for a number that is good for another day."""
    day, at = str(ticket.get("carried_to") or ""), str(ticket.get("available_from"))
    return str(text["later"].format(at=at[11:16], day=f"{day[8:10]}/{day[5:7]}") if day else text["waiting"])


def _headline(ticket: Mapping[str, Any], text: Mapping[str, Any], counter: str) -> str:
    if ticket["state"] == "waiting":
        ahead = int(ticket.get("ahead") or 0)
        return str(text["ahead"].format(n=ahead) if ahead else text["first"])
    return str(text[ticket["state"]].format(counter=counter))


def _range(ticket: Mapping[str, Any], lang: str) -> str:
    estimate = ticket.get("estimate")
    return words.expected(estimate, lang) if estimate else ""


def _facts(ticket: Mapping[str, Any], text: Mapping[str, Any], lang: str) -> list[tuple[str, str]]:
    service = ticket.get("service_name")
    names = ticket.get("service_names") or {}
    rows = [
        (text["service"], names.get(lang) or service),
        (text["issued"], words.hhmm(ticket.get("issued_at"))),
        (text["zone"], ticket.get("zone")),
    ]
    return [(name, str(value)) for name, value in rows if value and value != "–"]
