"""The hall as the attendant reads it: calls, the queue's rows, lights of the machines, one ticket as a card, in Vietnamese.

Pure: takes what the services tell and returns what the templates show. No name of a person is anywhere in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from queue_server.web.pages import words
from queue_server.web.pages.health import device_view

ROWS = 50
STATES = {
    "waiting": ("Đang chờ", "plain"), "called": ("Đã gọi", "warn"), "serving": ("Đang phục vụ", "good"), "held": ("Tạm giữ", "warn"),
    "completed": ("Đã xong", "good"), "no_show": ("Vắng mặt", "bad"), "cancelled": ("Đã huỷ", "bad"), "expired": ("Hết hạn", "bad"),
    "moved": ("Sang điểm khác", "plain"),
}  # fmt: skip
WAITING = ("waiting", "held")
LIVE = ("waiting", "called", "serving", "held")
HAS_SLIP = ("printed", "sent_unconfirmed")  # so the next one says that it was printed again
WHY_NOT = {"paper_out": "hết giấy", "cover_open": "nắp máy in đang mở", "cutter": "kẹt dao cắt", "drivers_away": "máy in không trả lời"}


def call(row: Mapping[str, Any]) -> dict[str, Any]:
    """A help call or a silent alarm."""
    alarm = row["kind"] == "alarm"
    place = row["place_name"] if row["counter"] else row["place"]
    return {
        "id": row["id"],
        "kind": row["kind"],
        "rings": not alarm and row["state"] == "open",
        "what": "Báo động thầm" if alarm else "Gọi hỗ trợ",
        "place": place,
        "need": words.NEEDS.get(row["need"] or "", "") if not alarm else "",
        "answered": row["state"] == "answered",
        "age_s": row["age_s"],
        "ago": words.ago(row["age_s"]),
    }


def names_of(config: Any) -> dict[str, str]:
    return {code: service.name for code, service in config.services.items()}


def queue(tickets: Iterable[Mapping[str, Any]], config: Any) -> dict[str, Any]:
    """Who waits, in calling order; apart from them who is in doubt and whose priority nobody has looked at."""
    everyone, names = list(tickets), names_of(config)
    rows = [_row(ticket, names, config) for ticket in everyone]
    return {
        "total": len(rows),
        "rows": rows[:ROWS],
        "unsure": [row for row in rows if row["doubt"]],
        "claims": [row for row in rows if row["claim"]],
    }


def _row(ticket: Mapping[str, Any], names: Mapping[str, str], config: Any) -> dict[str, Any]:
    claim = bool(ticket["priority_class"]) and ticket["priority_check"] is None and ticket["source"] != "desk"
    return {
        "id": ticket["id"],
        "label": ticket["label"],
        "service": names.get(ticket["service"], ticket["service"]),
        "issued": words.hhmm(ticket["issued_at"]),
        "waited": words.minutes(ticket["waited_s"]),
        "late": ticket["waited_s"] >= config.policy.long_wait_alarm_s,
        "marks": marks(ticket, config),
        "doubt": bool(ticket.get("doubt")),
        "claim": claim,
        "class": class_name(ticket["priority_class"], config),
    }


def class_name(code: str | None, config: Any) -> str:
    kind = config.priority_classes.get(code or "")
    return kind.name if kind else (code or "")


def marks(ticket: Mapping[str, Any], config: Any) -> list[str]:
    """What a ticket is beside its service, in few words."""
    found = [class_name(ticket["priority_class"], config)] if ticket["priority_class"] else []
    found += ["Phiếu chưa chắc đã in"] if ticket.get("doubt") else []
    found += [words.NEEDS.get(need, need) for need in ticket["needs"]]
    found += [words.LANGUAGES.get(ticket["lang"], ticket["lang"])] if ticket["lang"] != "vi" else []
    found += [f"{ticket['party']} người"] if ticket["party"] > 1 else []
    found += [f"{ticket['quantity']} hồ sơ"] if ticket["quantity"] > 1 else []
    found += ["Làm thay"] if ticket["on_behalf"] else []
    found += [f"Chờ quầy {ticket['for_counter']}"] if ticket["for_counter"] else []
    return found


def card(ticket: Mapping[str, Any], prints: list[dict[str, Any]], config: Any, now_ms: int) -> dict[str, Any]:
    """One ticket with what may be done about it."""
    state, tone = STATES[ticket["state"]]
    spec = config.counters.get(ticket["counter"] or "")
    waiting = ticket["state"] in WAITING
    return {
        **{name: ticket[name] for name in ("id", "label", "needs", "lang", "quantity", "priority_class", "print")},
        "state": state,
        "tone": tone,
        "counter": spec.name if spec else "",
        "for_counter": ticket["for_counter"] or "",
        "service": names_of(config).get(ticket["service"], ticket["service"]),
        "issued": words.hhmm(ticket["issued_at"]),
        "waited": words.minutes(words.since_s(ticket["available_from"], now_ms)) if waiting else "",
        "ahead": ticket["ahead"] if ticket["state"] == "waiting" else None,
        "wait": _wait(ticket) if ticket["state"] == "waiting" else "",
        "marks": marks(ticket, config),
        "live": ticket["state"] in LIVE,
        "waiting": waiting,
        "absent": ticket["state"] == "no_show",
        "cancellable": ticket["state"] in ("waiting", "called", "held"),
        "doubt": bool(ticket["doubt"]),
        "claim": bool(ticket["priority_class"]) and ticket["priority_check"] is None and waiting,
        "checked": {"confirmed": "Ưu tiên đã xác nhận", "refused": "Ưu tiên đã bác"}.get(ticket["priority_check"] or "", ""),
        "again": ticket["print"] in HAS_SLIP,
        "paper": _paper(prints[-1]) if prints else None,
    }


def _wait(ticket: Mapping[str, Any]) -> str:
    estimate = ticket.get("estimate")
    return words.expected(estimate) if estimate else ""


def _paper(job: Mapping[str, Any]) -> dict[str, str]:
    """What became of the last slip that was wanted at a kiosk."""
    where = job["device"]
    if job["late"]:
        return {"tone": "bad", "text": f"{where} không nhận lệnh in. Chọn máy khác, hoặc viết số ra giấy."}
    if job["outcome"] is None:
        return {"tone": "plain", "text": f"Đang in ở {where}…"}
    if job["outcome"] == "printed":
        return {"tone": "good", "text": f"Đã in ở {where}."}
    if job["outcome"] == "sent_unconfirmed":
        return {"tone": "warn", "text": f"Đã gửi tới {where}; xin nhìn xem phiếu đã ra chưa."}
    why = WHY_NOT.get((job["detail"] or "").rpartition(" ")[2], "máy in có lỗi")
    return {"tone": "bad", "text": f"{where} chưa in được: {why}. Chọn máy khác, hoặc viết số ra giấy."}


def found_row(ticket: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """A number in the list of who lost theirs."""
    state, tone = STATES[ticket["state"]]
    spec = config.counters.get(ticket["counter"] or "")
    return {
        "id": ticket["id"],
        "label": ticket["label"],
        "issued": words.hhmm(ticket["issued_at"]),
        "service": names_of(config).get(ticket["service"], ticket["service"]),
        "state": f"{state}, {spec.name}" if spec and ticket["state"] in ("called", "serving") else state,
        "tone": tone,
        "marks": marks(ticket, config),
    }


def machines(lights: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lights, the ones in trouble first."""
    views = [device_view(light) for light in lights]
    # What is wrong with a part stands at that part.
    views = [view | {"headline": "" if ": " in view["word"] else view["word"]} for view in views]
    return sorted(views, key=lambda view: (view["severity"], view["name"]))


def kiosks(lights: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where a slip can be printed: kiosks by name, each with its light."""
    found = [device_view(light) for light in lights if light["role"] == "kiosk"]
    return [
        {"name": each["name"], "tone": each["tone"], "word": each["word"].rpartition(": ")[2]}
        for each in sorted(found, key=lambda each: each["name"])
    ]
