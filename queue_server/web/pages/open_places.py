"""Nơi nào đang vắng: the public page with every site of this server. No log-in, no names, no script; figures only of what was heard of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, render_template, request

from queue_server.services import open_places
from queue_server.web.asking import address
from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.pages import words
from queue_server.web.pages.booking import day_in_words
from queue_server.web.pages.citizen import COOKIE, LANGUAGES, language

EVERY_S = 60
TEXT: dict[str, dict[str, str]] = {
    "vi": {
        "title": "Nơi nào đang vắng", "updated": "Cập nhật lúc", "waiting": "{n} người đang chờ", "nobody": "Chưa có ai chờ",
        "now": "Đến là được gọi", "wait": "Chờ {span}", "none": "Chưa ước tính được",
        "unstaffed": "Chưa có quầy nào mở", "silent": "Chưa có tin mới từ {at}: không rõ bây giờ thế nào", "closed": "Đang đóng cửa",
        "opens": "Đang đóng cửa, mở lại {at}", "services": "Từng việc", "not_now": "chưa nhận số",
        "out": "{names} đang gián đoạn: vẫn lấy số được",
        "rehearsal": "Diễn tập: không có người thật", "empty": "Chưa có điểm nào.",
        "foot": "Thời gian chờ là ước tính cho người đến bây giờ và có thể thay đổi. Trang tự làm mới mỗi phút.",
        "today": "hôm nay", "several": "tuỳ việc",
    },
    "en": {
        "title": "Where it is quiet now", "updated": "Updated at", "waiting": "{n} people waiting", "nobody": "Nobody is waiting",
        "now": "No wait", "wait": "Wait {span}", "none": "No estimate yet",
        "unstaffed": "No counter is open yet", "silent": "Nothing heard since {at}: how it is now is not known", "closed": "Closed",
        "opens": "Closed, opens {at}", "services": "By service", "not_now": "no numbers now",
        "out": "{names}: not working now. You can still take a number.",
        "rehearsal": "A rehearsal: no real people", "empty": "There is no place yet.",
        "foot": "Waits are estimates for somebody who comes now, and may change. The page renews itself every minute.",
        "today": "today", "several": "by service",
    },
}  # fmt: skip


def page(house: House, gate: Gate) -> Response:
    """All sites, the quietest first."""
    gate.limits.stranger(address())
    now_ms = house.clock.wall_ms()
    with house.store.read() as reader:
        found = open_places.of_server(reader, now=now_ms)
    asked = request.args.get("lang", "")
    lang = language(asked, request.cookies.get(COOKIE, ""), "vi")
    today = str(found["made_at"])[:10]
    answer = make_response(
        render_template(
            "open_places.html",
            lang=lang,
            other=LANGUAGES[lang],
            words=TEXT[lang],
            sites=[site_view(each, lang, today) for each in found["sites"]],
            at=words.hhmm(found["made_at"]),
            every_s=EVERY_S,
        )
    )
    answer.headers["Cache-Control"] = "public, max-age=10"
    if asked in LANGUAGES:
        answer.headers["Cache-Control"] = "private, no-store"
        answer.set_cookie(COOKIE, asked, path="/noi-vang", samesite="Lax", httponly=True, secure=house.tls)
    return answer


def site_view(site: Mapping[str, Any], lang: str, today: str) -> dict[str, Any]:
    """One site in words."""
    text, state = TEXT[lang], site["state"]
    shown = state in (open_places.OPEN, open_places.UNSTAFFED)
    waiting = int(site["waiting"] or 0)
    return {
        "name": site["name"],
        "tone": state,
        "said": _headline(site, text, lang, today),
        "waiting": (text["waiting"].format(n=waiting) if waiting else text["nobody"]) if shown else "",
        "out": text["out"].format(names=", ".join(site["outages"])) if shown and site["outages"] else "",
        "rehearsal": text["rehearsal"] if site["kind"] == "demo" else "",
        "services": [_service(each, text, lang) for each in site["services"]] if shown else [],
    }


def _headline(site: Mapping[str, Any], text: Mapping[str, str], lang: str, today: str) -> str:
    state = site["state"]
    if state == open_places.SILENT:
        return text["silent"].format(at=_moment(str(site["heard_at"]), text, lang, today))
    if state == open_places.CLOSED:
        return text["opens"].format(at=_moment(str(site["opens_at"]), text, lang, today)) if site["opens_at"] else text["closed"]
    if state == open_places.UNSTAFFED:
        return text["unstaffed"]
    ranges = {(each["wait"]["low_s"], each["wait"]["high_s"]) for each in site["services"] if each["wait"]}
    return _wait(site["wait"], text, lang) + (f", {text['several']}" if len(ranges) > 1 else "")


def _moment(at: str, text: Mapping[str, str], lang: str, today: str) -> str:
    """`07:30 hôm nay`; the weekday and date of another day."""
    return f"{at[11:16]} {text['today'] if at[:10] == today else day_in_words(at[:10], lang)}"


def _wait(wait: Mapping[str, Any] | None, text: Mapping[str, str], lang: str) -> str:
    """A range of minutes; a time of day where a break lies before its end; that there is none."""
    if wait is None:
        return text["none"]
    if wait.get("from_at"):
        begin, end = str(wait["from_at"])[11:16], str(wait["to_at"])[11:16]
        return text["wait"].format(span=f"{'đến khoảng' if lang == 'vi' else 'until about'} {begin}–{end}")
    if wait["high_s"] < 60:
        return text["now"]
    low, high = int(wait["low_s"]) // 60, -(-int(wait["high_s"]) // 60)
    unit = "phút" if lang == "vi" else "minutes"
    return text["wait"].format(span=f"{low}–{high} {unit}" if low < high else f"{'khoảng' if lang == 'vi' else 'about'} {high} {unit}")


def _service(each: Mapping[str, Any], text: Mapping[str, str], lang: str) -> dict[str, str]:
    said = _wait(each["wait"], text, lang) if each["open"] else text["not_now"]
    return {"name": each["names"].get(lang) or each["name"], "said": said, "waiting": str(each["waiting"]) if each["open"] else ""}
