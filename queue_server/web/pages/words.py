"""Vietnamese words and formats that several pages share: clock times, spans, reasons for a place in the queue.

Pure: instants are Unix milliseconds or RFC 3339 text from the services, `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.contract import times

ROLES = {
    "director": "Giám đốc",
    "deputy": "Phó giám đốc",
    "control": "Kiểm soát",
    "site_head": "Trưởng điểm",
    "clerk": "Cán bộ quầy",
    "attendant": "Cán bộ hướng dẫn",
    "technician": "Kỹ thuật viên",
    "auditor": "Kiểm tra",
}
NEEDS = {"see": "Khó nhìn", "hear": "Khó nghe", "walk": "Khó đi lại", "talk": "Khó nói"}
# By ISO 639; what people speak at a desk, whatever languages the screens have.
LANGUAGES = {
    "vi": "Tiếng Việt", "en": "Tiếng Anh", "bdq": "Tiếng Ba Na", "bru": "Tiếng Bru – Vân Kiều", "cjm": "Tiếng Chăm", "hmn": "Tiếng Mông",
    "jra": "Tiếng Gia Rai", "km": "Tiếng Khmer", "kpm": "Tiếng Cơ Ho", "mtq": "Tiếng Mường", "nut": "Tiếng Nùng", "rad": "Tiếng Ê Đê",
    "tyz": "Tiếng Tày", "zh": "Tiếng Hoa",
}  # fmt: skip
CREDITS = {
    "priority": "ưu tiên",
    "appointment": "có hẹn",
    "transfer": "chuyển quầy",
    "return": "quay lại",
    "readmitted": "gọi lại vào hàng",
}


def hhmm(at: str | int | None) -> str:
    """The Vietnamese clock time of an instant, `08:05`; a dash for none."""
    if at is None:
        return "–"
    return times.encode(at if isinstance(at, int) else times.decode(at))[11:16]


def since_s(at: str | int | None, now_ms: int) -> int:
    """Whole seconds from an instant to now, never negative."""
    if at is None:
        return 0
    return max(0, now_ms - (at if isinstance(at, int) else times.decode(at))) // 1000


def minutes(seconds: float | None) -> str:
    """A wait as people say it: `< 1 phút`, `24 phút`, `1 giờ 05 phút`."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return "< 1 phút"
    whole = int(seconds) // 60
    return f"{whole} phút" if whole < 60 else f"{whole // 60} giờ {whole % 60:02d} phút"


def short(seconds: float | None) -> str:
    """The same where there is little room: `75 phút`."""
    return minutes(seconds) if seconds is None or seconds < 3600 else f"{int(seconds) // 60} phút"


def ago(seconds: int) -> str:
    """How long ago something was seen."""
    if seconds < 60:
        return f"{seconds} giây trước"
    if seconds < 3600:
        return f"{seconds // 60} phút trước"
    return f"{seconds // 3600} giờ trước" if seconds < 86400 else f"{seconds // 86400} ngày trước"


def span(low_s: int, high_s: int, lang: str = "vi") -> str:
    """A range of minutes. Equal ends stand once; a range that ends within a minute is "very soon"."""
    low, high = low_s // 60, -(-high_s // 60)
    if high <= 1:
        return "sắp tới lượt" if lang == "vi" else "very soon"
    unit = "phút" if lang == "vi" else "minutes"
    about = "khoảng" if lang == "vi" else "about"
    return f"{about} {high} {unit}" if low >= high else f"{about} {low}–{high} {unit}"


def clock_span(begin: str, end: str, lang: str = "vi") -> str:
    """A range as a time of day, for a wait over a break: `khoảng 13:40–14:10`."""
    return f"{'khoảng' if lang == 'vi' else 'about'} {hhmm(begin)}–{hhmm(end)}"


def expected(estimate: Mapping[str, Any], lang: str = "vi") -> str:
    """When somebody is called: a span of minutes, or past a break a time of day."""
    if estimate.get("from_at") and estimate.get("to_at"):
        return clock_span(str(estimate["from_at"]), str(estimate["to_at"]), lang)
    return span(int(estimate["low_s"]), int(estimate["high_s"]), lang)


def place_reason(reason: Mapping[str, Any] | None, counter: str | None = None) -> str:
    """Why a ticket stands where it stands, from the rules that moved it."""
    if not reason:
        return ""
    parts = [f"đến {hhmm(reason.get('arrived_from'))}"]
    for rule, credit_s in (reason.get("credits_s") or {}).items():
        parts.append(f"{CREDITS.get(rule, rule)} +{int(credit_s) // 60} phút")
    if reason.get("let_pass"):
        parts.append(f"đã nhường {reason['let_pass']} người")
    if reason.get("for_counter"):
        parts.append("chỉ chờ quầy này" if reason["for_counter"] == counter else f"chỉ chờ quầy {reason['for_counter']}")
    return ", ".join(parts)
