"""The feed to the dossier system, on the manager's page and the technician's: its place, its lag, what was refused, sending again.

`view_of` is pure. A refused record is named by its key alone, with the dossier system's own words; nothing of the visit is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template

from queue_server.services import feeding
from queue_server.web.pages import order_words, words
from queue_server.web.pages.visit import Answer, Visit

DEMO_PARTNER = "hệ thống hồ sơ"


def view(visit: Visit) -> dict[str, Any]:
    """Every feed of the site."""
    with visit.reader() as reader:
        return view_of(feeding.feeds(reader, visit.site, now=visit.now_ms))


def fragment(visit: Visit) -> Answer:
    """The same for the technician's page."""
    return render_template("manager_feed.html", **view(visit))


def view_of(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"feeds": [_feed(each) for each in found["feeds"]]}


def _feed(feed: Mapping[str, Any]) -> dict[str, Any]:
    tone, word, remedy = _standing(feed)
    refused = feed["newest_refused"]
    return {
        "device": feed["device"],
        "partner": feed["partner"] or DEMO_PARTNER,
        "tone": tone,
        "word": word,
        "remedy": remedy,
        "position": feed["position"],
        "behind": feed["behind"],
        "lag": words.minutes(feed["lag_s"]) if feed["lag_s"] >= 60 else f"{feed['lag_s']} giây",
        "on_way": feed["waiting"] + feed["days"],
        "answered": words.hhmm(feed["answered_at"]) if feed["answered_at"] else "",
        "refused": feed["refused"],
        "more": feed["refused"] - len(refused),
        "rows": [{"key": row["key"], "at": words.hhmm(row["at"]), "words": _said(row)} for row in reversed(refused)],
        "order": _order(feed["orders"][0]) if feed["orders"] else None,
    }


def _standing(feed: Mapping[str, Any]) -> tuple[str, str, str]:
    """In one word, and what to do: the worst first."""
    if feed["silent"]:
        return "bad", "Chương trình gửi không báo về", "Kiểm tra máy chạy chương trình gửi hồ sơ."
    if feed["late"]:
        return "bad", f"Chậm {words.minutes(feed['lag_s'])}", "Bản ghi vẫn được giữ và tự gửi lại; kiểm tra đường mạng tới hệ thống hồ sơ."
    if feed["trouble"]:
        return "warn", "Hệ thống hồ sơ chưa trả lời", "Đang tự gửi lại, không mất bản ghi nào."
    if feed["refused"]:
        return "warn", f"{feed['refused']} bản ghi bị từ chối", "Sửa theo lời hệ thống hồ sơ rồi bấm gửi lại."
    return "good", "Đang gửi đều", ""


def _said(row: Mapping[str, Any]) -> str:
    """The dossier system's own words, or what it answered with where it said none."""
    return str(row.get("detail") or row.get("code") or f"mã {row.get('status', '')}")


def _order(order: Mapping[str, Any]) -> dict[str, str]:
    tone, word = order_words.STATES.get(order["state"], ("plain", order["state"]))
    return {"tone": tone, "word": word, "at": words.hhmm(order["ended_at"] or order["ordered_at"]), "detail": order["detail"] or ""}
