"""The public pages around a booking: choosing a service, a day and a time, and the appointment with the code to show at the kiosk.

Nobody's name is asked for and no script is needed. `days_of` and `times_of` are pure: what the services answer becomes words.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import segno
from flask import Response, make_response, render_template, request

from queue_server.contract import times
from queue_server.services import appointments, queries
from queue_server.web.asking import address
from queue_server.web.auth import Gate
from queue_server.web.booking import public
from queue_server.web.errors import ERRORS
from queue_server.web.house import House
from queue_server.web.pages import words
from queue_server.web.pages.citizen import COOKIE, LANGUAGES, language

WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
TEXT: dict[str, dict[str, str]] = {
    "vi": {
        "title": "Đặt lịch hẹn", "which": "Bạn cần làm việc gì?",
        "nothing": "Hiện chưa có việc nào nhận đặt lịch. Xin đến lấy số trực tiếp.",
        "change": "Chọn việc khác", "day": "Chọn ngày", "time": "Chọn giờ", "seats": "còn {n} chỗ", "full": "kín chỗ",
        "no_days": "Những ngày tới đã kín chỗ. Xin quay lại sau hoặc đến lấy số trực tiếp.",
        "contact": "Số điện thoại hoặc email (không bắt buộc)", "contact_required": "Số điện thoại hoặc email",
        "why": "Chỉ để mỗi liên hệ giữ một lịch hẹn. Không lưu số hay email: chỉ giữ một mã băm, xoá khi lịch hẹn kết thúc.",
        "book": "Đặt lịch", "remote": "Lấy số từ xa", "remote_title": "Lấy số từ xa cho hôm nay",
        "remote_why": "Số chỉ có hiệu lực khi bạn đến nơi và quét mã tại máy lấy số. Trước lúc đó bạn chưa có chỗ trong hàng chờ.",
        "foot": "Miễn phí. Không hỏi họ tên hay số giấy tờ.", "yours": "Lịch hẹn của bạn", "remote_yours": "Số từ xa của bạn",
        "today_only": "Dùng trong ngày {day}", "show": "Đưa mã này trước máy quét của máy lấy số khi bạn đến.",
        "from": "Quét mã từ {a} đến {b}. Đến muộn hơn, bạn nhận số thường.",
        "keep": "Hãy chụp màn hình hoặc lưu trang này. Mã không gửi lại được.",
        "checked_in": "Bạn đã nhận số {label}", "see_ticket": "Xem số của tôi", "missed": "Lịch hẹn đã qua giờ",
        "missed_advice": "Nếu đến trong ngày, bạn vẫn quét mã được và nhận số thường. Ngày khác, xin đặt lịch mới.",
        "cancelled": "Lịch hẹn đã huỷ", "cancelled_advice": "Nếu vẫn cần làm việc, xin đặt lịch mới.",
        "cancel": "Huỷ lịch hẹn này",
        "sure": "Huỷ rồi thì chỗ này dành cho người khác. Bạn chắc chắn huỷ?", "yes_cancel": "Có, huỷ lịch hẹn",
        "again": "Đặt lịch mới", "qr": "Mã QR của lịch hẹn", "service": "Việc", "place": "Nơi đến",
    },
    "en": {
        "title": "Book an appointment", "which": "What do you need to do?",
        "nothing": "Nothing can be booked now. Please come and take a number.",
        "change": "Something else", "day": "Choose a day", "time": "Choose a time", "seats": "{n} left", "full": "full",
        "no_days": "The next days are full. Come back later, or come and take a number.",
        "contact": "Telephone or e-mail (optional)", "contact_required": "Telephone or e-mail",
        "why": "Only so that each contact holds one appointment. It is not stored: a keyed hash is, and goes with the appointment.",
        "book": "Book", "remote": "Number from afar", "remote_title": "Take a number from afar, for today",
        "remote_why": "It counts only when you are here and scan the code at the kiosk. Until then you have no place in the queue.",
        "foot": "Free of charge. Neither your name nor any ID number is asked for.", "yours": "Your appointment",
        "remote_yours": "Your number from afar", "today_only": "Good on {day}",
        "show": "Hold this code before the kiosk's scanner when you arrive.",
        "from": "Scan it from {a} to {b}. Later, you get an ordinary number.",
        "keep": "Take a picture of this screen or keep this page. The code cannot be sent again.",
        "checked_in": "You have number {label}", "see_ticket": "See my number", "missed": "The time of this appointment is over",
        "missed_advice": "Today you can still scan the code for an ordinary number. Another day, please book again.",
        "cancelled": "This appointment is cancelled", "cancelled_advice": "Book again if you still need us.",
        "cancel": "Cancel this appointment", "sure": "Somebody else gets this place then. Cancel it?", "yes_cancel": "Yes, cancel it",
        "again": "Book again", "qr": "QR code of the appointment", "service": "Service", "place": "Where",
    },
}  # fmt: skip


def page(house: House, gate: Gate, site: str) -> Response:
    """The way to a booking in three choices, each an address of its own."""
    gate.limits.stranger(address())
    lang, service = language(request.args.get("lang", ""), request.cookies.get(COOKIE, ""), "vi"), request.args.get("service", "")
    now_ms = house.clock.wall_ms()
    with house.store.read() as reader:
        offered = appointments.offered(reader, site, now=now_ms)
        chosen = next((one for one in offered["services"] if one["code"] == service), None)
        found: dict[str, Any] = {"days": [], "slots": [], "date": ""}
        if chosen and chosen["slots"]:
            found = appointments.slots(reader, site, service=service, date=_date(request.args.get("date", "")), now=now_ms)
    return _answer(
        "hen.html", lang, house, site=site, site_name=offered["name"], services=[_named(one, lang) for one in offered["services"]],
        chosen=_named(chosen, lang) if chosen else None, days=days_of(found["days"], found["date"], lang), times=times_of(found["slots"]),
        needed=offered["contact"] == "required", fault=_fault(request.args.get("fault", ""), lang),
    )  # fmt: skip


def own(house: House, gate: Gate, token: str) -> Response:
    """The appointment of whoever holds its code, with the code as a picture."""
    with house.store.read() as reader:
        told = public(appointments.one(reader, token, now=house.clock.wall_ms()))
        _, config = queries.house(reader, told["site"])
    lang = language(request.args.get("lang", ""), request.cookies.get(COOKIE, ""), "vi")
    base = (config.public_url or request.url_root).rstrip("/")
    names = told["service_names"]
    return _answer(
        "appointment.html", lang, house, told=told, token=token, site=told["site"], site_name=config.name,
        qr=qr(f"{base}/a/{token}"), service=names.get(lang) or names["vi"], day=day_in_words(told["day"], lang),
        at=words.hhmm(told["slot"]) if told["slot"] else "", a=words.hhmm(told["check_in_from"]), b=words.hhmm(told["check_in_until"]),
    )  # fmt: skip


def _answer(template: str, lang: str, house: House, **values: Any) -> Response:
    answer = make_response(
        render_template(template, lang=lang, other=LANGUAGES[lang], words=TEXT[lang], request_id=secrets.token_hex(16), **values)
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    if request.args.get("lang", "") in LANGUAGES:
        answer.set_cookie(COOKIE, lang, path="/", samesite="Lax", httponly=True, secure=house.tls)
    return answer


def qr(text: str) -> str:
    """A QR code as one SVG without style or script; it carries no more than the address."""
    return segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=2, svgclass="qr", lineclass=None, dark="#0f2031")


def _named(one: Mapping[str, Any], lang: str) -> dict[str, Any]:
    return {**one, "name": one["names"].get(lang) or one["names"]["vi"]}


def _date(text: str) -> str | None:
    """A day out of an address; nothing where it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _fault(code: str, lang: str) -> tuple[str, str] | None:
    """Why the form came back. Codes alone come by the address, never words."""
    entry = ERRORS.get(code)
    return None if entry is None else entry.en if lang == "en" else entry.vi


def day_in_words(day: str, lang: str) -> str:
    """`Thứ Hai, 23/11`."""
    at = date.fromisoformat(day)
    return f"{WEEKDAYS[lang][at.weekday()]}, {at:%d/%m}"


def days_of(listed: Sequence[str], chosen: str, lang: str) -> list[dict[str, Any]]:
    """The days with a free seat, as links."""
    return [{"date": day, "name": day_in_words(day, lang), "here": day == chosen} for day in listed]


def times_of(slots: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The day's times in two halves of the day, as choices."""
    halves: dict[bool, list[dict[str, Any]]] = {}
    for slot in slots:
        at = words.hhmm(slot["slot"])
        halves.setdefault(at >= "12:00", []).append({"value": times.encode(times.decode(slot["slot"])), "at": at, "free": slot["free"]})
    return [{"after_noon": later, "times": halves[later]} for later in sorted(halves)]
