"""What orders, their states and the settings of devices are called on the technician's pages. Pure tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from queue_server.domain import device_config
from queue_server.web.pages import words

# kind -> (name, what it does); in the order in which buttons stand.
KINDS: dict[str, tuple[str, str]] = {
    "screenshot": ("Chụp màn hình", "Ảnh màn hình hiện ngay bên dưới."),
    "test_slip": ("In phiếu thử", "Một phiếu có chữ “THỬ”, không phải số thứ tự."),
    "doctor": ("Khám thiết bị", "Máy tự kiểm tra máy in, đầu đọc, cáp và quyền truy cập."),
    "logs": ("Nhật ký từ hôm qua", "Đã xoá tên, số và mã bí mật."),
    "bundle": ("Gói hỗ trợ", "Nhật ký, tình trạng và cài đặt trong một tệp; đã xoá dữ liệu cá nhân."),
    "burn_in": ("Chạy thử lâu", "In và đọc nhiều lần liên tục; dùng nhiều giấy, làm ngoài giờ."),
    "restart_screen": ("Bật lại màn hình", "Người đang lấy số sẽ phải chạm lại."),
    "config": ("Nhận lại cài đặt", "Máy lấy lại cài đặt và xoá phần đã sửa tại chỗ."),
    "update": ("Cập nhật phần mềm", "Máy tự lùi về bản cũ nếu bản mới không chạy tốt."),
    "restart": ("Khởi động lại chương trình", "Mất khoảng 20 giây."),
    "reboot": ("Khởi động lại máy", "Mất khoảng một phút."),
    "rotate": ("Đổi khoá", "Máy tự tạo khoá mới; khoá cũ còn dùng được 7 ngày."),
    "wipe": ("Xoá máy", "Xoá khoá và dữ liệu. Không lấy lại được."),
}
LOOKING = ("screenshot", "test_slip", "doctor", "logs", "bundle")
ACTING = ("restart_screen", "restart", "reboot", "config", "update", "burn_in", "rotate")
IN_WAVES = ("test_slip", "doctor", "logs", "bundle", "restart_screen", "restart", "reboot", "config", "update")
STATES = {
    "open": ("warn", "Đang chờ máy nhận"),
    "done": ("good", "Đã xong"),
    "failed": ("bad", "Không làm được"),
    "expired": ("bad", "Quá giờ, máy không nhận"),
    "withdrawn": ("plain", "Đã rút lại"),
    "waiting": ("plain", "Chưa đến lượt"),
}
WAVES = {"running": ("warn", "Đang chạy"), "done": ("good", "Đã xong"), "stopped": ("bad", "Đã dừng")}
REASONS = {"failures": "vì có máy không làm được", "person": "theo yêu cầu"}
EVENTS = {
    "device.seen": "Báo về lần đầu",
    "device.health_changed": "Tình trạng thay đổi",
    "device.ordered": "Ra lệnh",
    "device.order_done": "Máy trả lời lệnh",
    "device.order_ended": "Lệnh hết hiệu lực",
    "device.config_changed": "Cài đặt thay đổi",
    "device.enrolled": "Được nhận vào",
    "device.suspended": "Tạm ngừng",
    "device.resumed": "Cho hoạt động lại",
    "device.revoked": "Thu hồi khoá",
    "device.lost": "Báo mất",
    "device.replaced": "Thay máy",
    "device.cloned": "Phát hiện hai máy chung một khoá",
    "device.key_rotated": "Đổi khoá",
}
# setting -> (title, unit or hint, kind of field, choices)
SETTINGS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "panel": ("Màn hình chạm", "kiểu và cỡ", "word", device_config.PANELS),
    "printer.profile": ("Máy in phiếu", "khổ giấy và độ nét", "word", device_config.PRINTERS),
    "printer.port": ("Cổng máy in", "ví dụ usblp:/dev/toiluot/printer", "text", ()),
    "printer.paper_m": ("Độ dài cuộn giấy", "mét", "whole", ("5", "300")),
    "reader.port": ("Cổng đầu đọc thẻ", "ví dụ serial:/dev/toiluot/scanner?baud=115200", "text", ()),
    "zone": ("Khu vực", "bảng chỉ hiện quầy của khu này", "text", ()),
    "ring": ("Nhận bản mới", "trước hay sau các máy khác", "word", device_config.RINGS),
    "servers": ("Máy chủ", "mỗi dòng một địa chỉ, máy chính trước", "lines", ()),
}
GROUPS = (
    ("Thiết bị", ("panel", "printer.profile", "printer.port", "printer.paper_m", "reader.port")),
    ("Chỗ đặt và cập nhật", ("zone", "ring")),
    ("Kết nối", ("servers",)),
)
CHOICES = {"auto": "Tự nhận", "first": "Đầu tiên", "early": "Sớm", "rest": "Sau cùng"}


def who(actor: str) -> str:
    """`person:ID` and the like, for a column that names no person."""
    kind, _, name = actor.partition(":")
    return {"person": f"tài khoản {name[-6:]}", "key": f"khoá {name[-6:]}", "device": f"máy {name}", "system": "máy chủ"}.get(kind, actor)


def when(at: str | None) -> str:
    """`07:05 23/11`; a dash for none."""
    return f"{words.hhmm(at)} {at[8:10]}/{at[5:7]}" if at else "–"


def order_view(order: Mapping[str, Any]) -> dict[str, Any]:
    """One order as a row."""
    tone, word = STATES[order["state"]]
    file = order["file"]
    return {
        **order, "tone": tone, "word": word, "name": KINDS[order["kind"]][0], "when": when(order["ordered_at"]),
        "who": who(order["ordered_by"]), "ended": when(order["ended_at"]), "picture": bool(file and file["type"] == "image/png"),
        "size": f"{max(1, file['bytes'] // 1024)} kB" if file else "",
    }  # fmt: skip


def said(value: Any) -> str:
    """A setting's value as people read it."""
    if value is None or value == {}:
        return "không đặt"
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else CHOICES.get(str(value), str(value))


def changes(found: Any) -> list[dict[str, str]]:
    """Changed settings, by their titles."""
    return [{"title": SETTINGS.get(each["key"], (each["key"],))[0], "from": said(each["from"]), "to": said(each["to"])} for each in found]
