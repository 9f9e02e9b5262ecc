"""How this server stands, in words a technician acts on: its standby, a leap of the clock, rows of a branch that did not go on.

Pure but for `look`, which gathers. What the buttons do is the API's (`/replica/promote`, `/clock/confirm`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from queue_server.contract import times
from queue_server.services import branches, timekeeping
from queue_server.web.pages import words
from queue_server.web.pages.visit import Visit

ROWS = 50
OWN = {
    "serving": ("good", "Máy chủ đang phục vụ", ""),
    "standby": (
        "warn", "Máy này đang dự phòng",
        "Máy chủ chính đang làm việc; ở đây chỉ xem. Chỉ cho máy này tiếp quản khi máy chủ chính đã ngừng hẳn.",
    ),
    "fenced": (
        "bad", "Máy này đã bị thay thế",
        "Máy khác đã tiếp quản. Mở địa chỉ của máy đó để làm việc; đưa máy này về làm dự phòng theo sách hướng dẫn.",
    ),
}  # fmt: skip
STANDBY = {
    "none": ("plain", "Chưa thấy máy dự phòng", "Nếu trung tâm có máy dự phòng: bật máy đó và chạy `toiluot server follow`."),
    "together": ("good", "Máy dự phòng theo kịp", ""),
    "behind": ("warn", "Máy dự phòng chậm {rows} dòng", "Chờ vài phút; nếu số này không giảm, kiểm tra mạng và ổ đĩa của máy dự phòng."),
    "silent": (
        "bad",
        "Máy dự phòng im lặng",
        "Trung tâm vẫn chạy, nhưng không có bản sao mới. Kiểm tra nguồn và dây mạng của máy dự phòng.",
    ),
}
HAPPENED = {
    "issued": "lấy số", "called": "gọi", "recalled": "gọi lại", "serving_started": "bắt đầu phục vụ", "completed": "xong",
    "no_show": "vắng mặt", "transferred": "chuyển", "cancelled": "huỷ", "held": "giữ lại quầy", "released": "trả về hàng chờ",
    "print_outcome": "kết quả in", "expired": "hết hạn",
}  # fmt: skip


def look(visit: Visit) -> dict[str, Any]:
    """Everything the section shows."""
    house = visit.house
    with visit.reader() as reader:
        leap, rows = timekeeping.state(reader, visit.site), branches.listed(reader, visit.site)
    own = house.standing.word(visit.site)
    return {
        "own": _line(OWN[own]),
        "promotable": own == "standby",
        "standby": standby_view(house.followers.words(visit.site)) if own == "serving" else None,
        "leap": leap_view(leap, visit.now_ms),
        "branch": branch_view(rows),
    }


def _line(said: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("tone", "word", "remedy"), said, strict=True))


def standby_view(told: Mapping[str, Any]) -> dict[str, str]:
    """The standby as this server has heard of it."""
    found = _line(STANDBY[told["state"]])
    return found | {"word": found["word"].format(rows=told["rows_behind"])}


def leap_view(leap: Mapping[str, Any] | None, now_ms: int) -> dict[str, str] | None:
    """Both clocks as they stand now, and by how much they differ."""
    if leap is None:
        return None
    ahead_s = int(leap["leap_s"])
    way = "nhanh" if ahead_s > 0 else "chậm"
    return {"kept": stamp(now_ms), "wall": stamp(now_ms + ahead_s * 1000), "by": f"{way} {words.minutes(abs(ahead_s))}"}


def stamp(at_ms: int) -> str:
    """Time and date as people here write them."""
    text = times.encode(at_ms)
    return f"{text[11:16]} ngày {text[8:10]}/{text[5:7]}/{text[:4]}"


def branch_view(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Rows that happened elsewhere and never came here."""
    if not rows:
        return None
    shown = [
        {
            "at": stamp(row["at"]),
            "what": HAPPENED.get(row["type"], row["type"]),
            "label": row["label"] or "–",
            "counter": row["counter"] or "–",
        }
        for row in rows[-ROWS:]
    ]
    return {"total": len(rows), "rows": shown, "labels": len({row["label"] for row in rows if row["label"]})}


def alarms(found: Mapping[str, Any]) -> Iterator[str]:
    """What a manager should hear of, in one line each; the technician's page has the buttons."""
    for line in (found["own"], found["standby"]):
        if line and line["tone"] in ("bad", "warn"):
            yield f"{line['word']}. {line['remedy']}"
    if found["leap"]:
        yield f"Đồng hồ máy chủ vừa nhảy ({found['leap']['by']}). Kỹ thuật viên xác nhận ở trang Thiết bị."
    if found["branch"]:
        yield f"{found['branch']['total']} việc xảy ra ở máy khác không có trong nhật ký này. Xem trang Thiết bị."
