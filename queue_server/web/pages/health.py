"""How a device is, in words a technician acts on: sorted by trouble, one line of remedy each.

Pure: takes the devices as `GET /api/v1/devices` gives them and returns what the page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from queue_server.web.pages import health_board, words
from queue_server.web.pages.health_board import BAD, FINE, LOOK

SILENT_S, GONE_S = 90, 150  # a device that is well reports every 60 s: one report may be lost
PAPER_LOW = 60  # slips
TONES = {BAD: "bad", LOOK: "warn", FINE: "good"}

ROLES = {"kiosk": "Máy lấy số", "board": "Bảng gọi số", "keypad": "Bàn phím gọi số", "dossier": "Nối hệ thống hồ sơ", "server": "Máy chủ"}
SLOTS = {
    "printer": "Máy in phiếu", "reader": "Đầu đọc thẻ", "scanner": "Đầu đọc mã", "card": "Đầu đọc thẻ", "led": "Bảng LED",
    "keypad": "Bàn phím", "touch": "Màn hình chạm", "audio": "Loa", "dossier": "Hệ thống hồ sơ",
}  # fmt: skip

# code -> (severity, word, remedy). A hint from the device itself goes before the remedy here.
CODES: dict[str, tuple[int, str, str]] = {
    "ok": (FINE, "Tốt", ""),
    "paper_low": (LOOK, "Sắp hết giấy", "Chuẩn bị cuộn giấy mới, thay lúc vắng khách."),
    "paper_out": (BAD, "Hết giấy", "Mở nắp, thay cuộn giấy, mặt in quay lên trên, đóng nắp."),
    "cover_open": (BAD, "Nắp đang mở", "Đóng chặt nắp máy in."),
    "cutter": (BAD, "Kẹt dao cắt", "Tắt máy in, gỡ giấy kẹt ở dao cắt, bật lại."),
    "offline": (BAD, "Máy in không sẵn sàng", "Bấm nút trên máy in; nếu vẫn vậy, tắt rồi bật lại."),
    "overheat": (LOOK, "Đầu in nóng", "Chờ vài phút cho nguội; kiểm tra khe gió."),
    "absent": (BAD, "Không thấy thiết bị", "Kiểm tra cáp và nguồn, cắm lại đầu USB."),
    "permission": (BAD, "Không được quyền mở", "Chạy `toiluot drivers doctor` trên máy này."),
    "busy": (LOOK, "Đang bận", "Chờ một phút; nếu vẫn bận, chạy `toiluot drivers doctor`."),
    "timeout": (BAD, "Không trả lời", "Kiểm tra cáp; tắt rồi bật lại thiết bị."),
    "scan_charset": (LOOK, "Sai bảng mã", "Quét mã cài đặt “UTF-8” trong sách hướng dẫn máy quét."),
    "scan_keyboard": (BAD, "Sai kiểu bàn phím", "Quét mã cài đặt bàn phím US, hoặc chuyển máy quét sang USB-COM."),
    "scan_prefix": (BAD, "Thừa chữ trước mã", "Quét mã cài đặt tắt “Code ID” và “Prefix”."),
    "scan_noise": (BAD, "Dữ liệu quét hỏng", "Kiểm tra tốc độ (baud), ký tự kết thúc (CR) và dây nối."),
    "scan_unknown": (LOOK, "Mã lạ", "Quét thử một thẻ căn cước; nếu vẫn vậy, đặt lại máy quét."),
    "error": (BAD, "Lỗi", "Tắt rồi bật lại; nếu lặp lại, chạy `toiluot drivers doctor`."),
}
# Of the feed: what is at its far end is no part of a machine.
FEED_CODES: dict[str, tuple[int, str, str]] = {
    "refused": (LOOK, "Có bản ghi bị từ chối", "Xem mục gửi sang hệ thống hồ sơ; sửa theo lời trả lời rồi bấm gửi lại."),
    "timeout": (LOOK, "Chưa trả lời", "Đang tự gửi lại, không mất gì; kiểm tra đường mạng tới hệ thống hồ sơ."),
    "busy": (LOOK, "Đang mở", "Chờ một phút."),
}
# What a kiosk reports of numbers it gave alone -> (word, remedy): somebody may hold a slip that nobody will call.
REFUSED = {
    "restate_conflict": ("phiếu máy chủ mới không nhận", "Ai cầm phiếu này sẽ không được gọi: mời họ lấy số mới ở bàn hướng dẫn."),
    "lease_conflict": ("số cấp lúc mất mạng không được nhận", "Ai cầm phiếu này sẽ không được gọi: mời họ lấy số mới ở bàn hướng dẫn."),
    "lease_already": ("số đã báo từ trước", "Máy đang dùng dữ liệu cũ: kiểm tra xem thẻ nhớ có bị thay bằng thẻ cũ không."),
}
STATES = {
    "absent": "absent", "lost": "absent", "opening": "busy", "backoff": "timeout", "degraded": "error",
}  # fmt: skip


def slot_view(slot: Mapping[str, Any]) -> dict[str, Any]:
    """One part of a device: printer, reader, …"""
    code = str(slot.get("code") or "ok")
    if code == "ok" and slot.get("state") in STATES:
        code = STATES[str(slot["state"])]
    known = CODES | FEED_CODES if slot.get("role") == "dossier" else CODES
    severity, word, remedy = known.get(code, (LOOK, code, "Chạy `toiluot drivers doctor` trên máy này."))
    hint = (slot.get("hint") or {}).get("vi")
    paper = slot.get("paper_left")
    return {
        "role": SLOTS.get(str(slot.get("role")), str(slot.get("role"))),
        "tone": TONES[severity],
        "severity": severity,
        "word": word,
        "remedy": (hint or remedy) if severity != FINE else "",
        "detail": slot.get("detail") or "",
        "device": slot.get("device") or "",
        "paper": f"còn khoảng {paper} phiếu" if paper is not None else "",
    }


def device_view(device: Mapping[str, Any], identity: Mapping[str, Any] | None = None, wanted_version: int = 0) -> dict[str, Any]:
    """One device: the worst of its link, its parts, its board, its key and its spool."""
    age_s = int(device.get("age_s") or 0)
    slots = sorted((slot_view(slot) for slot in device.get("slots") or ()), key=lambda slot: slot["severity"])
    link = BAD if age_s > GONE_S else LOOK if age_s > SILENT_S else FINE
    spool = int((device.get("spool") or {}).get("waiting") or 0)
    clock = device.get("clock") or {}
    findings: list[tuple[int, str, str]] = []
    if link != FINE:
        findings.append((link, "Mất liên lạc" if link == BAD else "Im lặng", "Kiểm tra nguồn điện và dây mạng của máy."))
    findings += [
        (slot["severity"], f"{slot['role']}: {slot['word'].lower()}", slot["remedy"]) for slot in slots if slot["severity"] != FINE
    ]
    findings += health_board.findings(device, identity or {}, wanted_version)
    paper = _paper(device)
    if paper is not None and paper < PAPER_LOW and not any(slot["role"] == SLOTS["printer"] and slot["severity"] != FINE for slot in slots):
        findings.append((LOOK, f"Giấy còn khoảng {paper} phiếu", "Chuẩn bị cuộn giấy mới, thay lúc vắng khách."))
    if spool:
        findings.append((LOOK, f"{spool} việc chờ gửi", "Máy đang tự gửi lại; kiểm tra dây mạng nếu số này không giảm."))
    errors = [error for error in device.get("errors") or () if error.get("count")]
    for error in errors:
        if error["code"] in REFUSED:
            word, remedy = REFUSED[error["code"]]
            findings.append((LOOK, f"{error['count']} {word}", remedy))
    if clock.get("synced") is False:
        findings.append((LOOK, "Đồng hồ chưa khớp", "Kiểm tra máy chủ giờ (NTP) của máy."))
    findings.sort(key=lambda finding: finding[0])
    severity = findings[0][0] if findings else FINE
    return {
        "name": str(device.get("device")),
        "kind": str(device.get("role")),
        "paper": paper,
        "state": str((identity or {}).get("state") or ""),
        "hot": device.get("temperature_c"),
        "board": health_board.facts(device, wanted_version),
        "trouble_slots": [slot for slot in slots if slot["severity"] != FINE],
        "role": ROLES.get(str(device.get("role")), str(device.get("role"))),
        "version": device.get("version") or "–",
        "age_s": age_s,
        "seen": words.ago(age_s),
        "tone": TONES[severity],
        "severity": severity,
        "word": findings[0][1] if findings else "Tốt",
        "remedy": findings[0][2] if findings else "",
        "more": [finding[1] for finding in findings[1:]],
        "findings": [{"tone": TONES[each[0]], "word": each[1], "remedy": each[2]} for each in findings],
        "slots": slots,
        "spool": spool,
        "uptime": words.minutes(device["uptime_s"]) if device.get("uptime_s") is not None else "",
        "errors": [f"{error['code']} × {error['count']}" for error in errors],
    }


def _paper(device: Mapping[str, Any]) -> int | None:
    """Slips left in the printer, where it can tell."""
    told = [slot["paper_left"] for slot in device.get("slots") or () if slot.get("paper_left") is not None]
    return min(told) if told else None


def fleet_view(
    devices: Iterable[Mapping[str, Any]],
    identities: Mapping[str, Mapping[str, Any]] | None = None,
    versions: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """All devices, the ones in trouble first, and how many stand how."""
    known, wanted = identities or {}, versions or {}
    all_of_them = wanted.get("*", 0)
    views = [
        device_view(device, known.get(str(device.get("device"))), max(all_of_them, wanted.get(str(device.get("device")), 0)))
        for device in devices
    ]
    views.sort(key=lambda view: (view["severity"], view["name"]))
    tally = {tone: sum(view["tone"] == tone for view in views) for tone in TONES.values()}
    return {"devices": views, "tally": tally}
