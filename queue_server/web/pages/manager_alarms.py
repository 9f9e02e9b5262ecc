"""What a manager should look at now: one line each with what to do about it, the most pressing first.

Pure: takes what the services told and gives lines. When something counts as unusual or late is the domain's and the policy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from queue_server.web.pages import words

BAD, WARN = "bad", "warn"
SHOWN = 5
# Kinds of outliers that look like numbers taken to be passed on, and not like a clerk's day.
BROKER = {"card", "burst", "absent_run"}
ASK = "Xem các số đó và hỏi bàn hướng dẫn."
FEED_LAG_S, FEED_WAITING = 300, 20  # a batch that is on its way is no lag


def line(tone: str, what: str, remedy: str = "", href: str = "", subject: str = "") -> dict[str, str]:
    """One alarm. `subject` is the device or service it is about, so that the same trouble is not told twice."""
    return {"tone": tone, "what": what, "remedy": remedy, "href": href, "subject": subject}


def ordered(*groups: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """All lines, urgent ones first, each group in its order; one line per subject and tone of trouble."""
    seen: set[str] = set()
    kept = []
    for each in (one for group in groups for one in group):
        if each["subject"] and each["subject"] in seen:
            continue
        seen.add(each["subject"])
        kept.append(each)
    return sorted(kept, key=lambda each: each["tone"] != BAD)


def queues(services: Iterable[Mapping[str, Any]], late_s: int) -> Iterator[dict[str, str]]:
    """Services that nobody serves though people wait, and those where somebody has waited too long."""
    for row in services:
        about = f"service:{row['code']}"
        if row["waiting"] and not row["desks"]:
            text = f"{row['name']}: {row['waiting']} người chờ nhưng chưa có quầy nào mở."
            yield line(BAD, text, "Mở một quầy nhận việc này.", subject=about)
        elif row["waiting"] and row["longest_s"] >= late_s:
            yield line(BAD, f"{row['name']}: có người đã chờ {row['longest']}.", "Thêm quầy cho việc này.", subject=about)


def capped(shares: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[dict[str, str]]:
    """Priority classes beyond their share of the calls."""
    for name, share in shares:
        text = f"{name}: {share['share_percent']}% lượt gọi trong giờ qua, mức trần {share['cap_percent']}%."
        yield line(WARN, text, "Người đến thêm xếp theo giờ đến cho tới khi tỷ lệ giảm.")


def unusual(outliers: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Numbers taken as no citizen takes them. It counts and accuses nobody."""
    for each in outliers:
        if each["kind"] in BROKER:
            numbers = ", ".join(each["labels"][:6])
            where = each["who"].rpartition(":")[2] if each["kind"] == "burst" else ""
            text = each["text"]["vi"] + (f" ({where})" if where else f" ({numbers})" if numbers else "") + "."
            yield line(WARN, text, ASK, "/unusual")


def devices(told: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Iterator[dict[str, str]]:
    """Machines that do not work, those short of paper, and a feed that stands: each device as it reported, and in words."""
    for report, view in told:
        about, name = str(view["name"]), f"{view['role']} {view['name']}"
        paper = next((each for each in view["findings"] if "giấy" in each["word"].lower()), None)
        if view["tone"] == BAD:
            yield line(BAD, f"{name}: {view['word'].lower()}.", view["remedy"], "/technician", about)
        elif paper is not None:
            yield line(WARN, f"{name}: {paper['word'].lower()}.", paper["remedy"], "/technician", about)
        elif view["kind"] == "dossier":
            yield from _feed(report, name, about)


def _feed(report: Mapping[str, Any], name: str, about: str) -> Iterator[dict[str, str]]:
    """A few records on their way are no lag; many, or one that is old, are."""
    spool = report.get("spool") or {}
    waiting, lag_s = int(spool.get("waiting") or 0), spool.get("lag_s")
    if waiting and (waiting >= FEED_WAITING if lag_s is None else lag_s >= FEED_LAG_S):
        late = "" if lag_s is None else f", chậm {words.minutes(lag_s)}"
        yield line(WARN, f"{name}: {waiting} bản ghi chưa gửi{late}.", "Kiểm tra đường mạng tới hệ thống hồ sơ.", subject=about)


def raised(alerts: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """What the server itself has raised; the subject is the device or service it names."""
    for each in alerts:
        yield line(each["tone"], f"{each['line']}, từ {each['from']}.", each["remedy"], subject=each["subject"])


def house(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """How this server stands, in the words of the technician's page."""
    for text in lines:
        yield line(BAD, text, "", "/technician")
