"""An alert in words that whoever reads it acts on: on a page, in an e-mail, in a message. Numbers and codes become sentences here.

Holds words alone; when something is an alert is `domain.alerting`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# rule -> (what is so, what to do); {subject} is a device's name, a service's code or a file's name
WORDS: dict[str, tuple[str, str]] = {
    "site_offline": ("Không máy nào ở trung tâm báo về", "Kiểm tra bộ chia mạng và nguồn điện; giữ sổ số giấy bên cạnh."),
    "kiosk_offline": ("Máy lấy số {subject} mất liên lạc", "Kiểm tra nguồn điện và dây mạng của máy."),
    "board_offline": ("Bảng gọi số {subject} mất liên lạc", "Kiểm tra nguồn điện và dây mạng; gọi bằng loa trong lúc chờ."),
    "feed_offline": ("Chương trình nối hệ thống hồ sơ {subject} mất liên lạc", "Khởi động lại dịch vụ toiluot-dossier trên máy đó."),
    "paper_out": ("{subject} hết giấy", "Mở nắp, thay cuộn giấy, mặt in quay lên trên, đóng nắp."),
    "paper_low": ("{subject} sắp hết giấy", "Chuẩn bị cuộn giấy mới, thay lúc vắng khách."),
    "printer_fault": ("Máy in của {subject} không in được", "Mở trang Thiết bị để xem cách sửa."),
    "page_dead": ("Màn hình của {subject} không trả lời", "Máy đang tự mở lại màn hình; nếu vẫn tối, tắt rồi bật lại máy."),
    "queue_wait_over": ("Có người chờ quá lâu ở việc {subject}", "Mở thêm quầy cho việc này."),
    "outbox_lag": ("{subject} có việc chưa gửi được về máy chủ", "Kiểm tra dây mạng của máy."),
    "feed_lag": ("Chưa gửi hết kết quả sang hệ thống hồ sơ ({subject})", "Kiểm tra đường mạng tới hệ thống hồ sơ."),
    "clock_unsynced": ("Đồng hồ của {subject} chưa khớp", "Kiểm tra máy chủ giờ (NTP) trong mạng."),
    "undervoltage": ("Nguồn điện của {subject} bị sụt áp", "Thay bộ nguồn và dây nguồn đúng loại của hãng."),
    "overheating": ("{subject} quá nóng", "Kiểm tra quạt và khe gió; để máy xa ánh nắng."),
    "storage_errors": ("Thẻ nhớ hoặc ổ đĩa của {subject} có lỗi", "Chuẩn bị thẻ mới và thay máy theo hướng dẫn thay thế."),
    "backup_age": ("Chưa có bản sao lưu mới", "Kiểm tra dịch vụ toiluot-backup và ổ lưu."),
    "cert_expiry": ("Chứng thư {subject} sắp hết hạn", "Gia hạn chứng thư trước ngày hết hạn."),
    "server_down": ("Máy chủ đã ngừng một lúc", "Xem nguồn điện và nhật ký của máy chủ."),
}
OVER = "Đã hết: "


def minutes(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} giây"
    return f"{seconds // 60} phút" if seconds < 7200 else f"{seconds // 3600} giờ" if seconds < 172_800 else f"{seconds // 86_400} ngày"


def _facts(detail: Mapping[str, Any]) -> str:
    """The numbers of an alert, as far as there are any."""
    said = []
    for name, words in (
        ("silent_s", "im lặng {}"),
        ("waited_s", "chờ {}"),
        ("age_s", "đã {}"),
        ("away_s", "ngừng {}"),
        ("left_s", "còn {}"),
    ):
        if isinstance(detail.get(name), int):
            said.append(words.format(minutes(max(0, detail[name]))))
    for name, words in (("slips", "còn khoảng {} phiếu"), ("waiting", "{} đang chờ"), ("temperature_c", "{} °C"), ("devices", "{} máy")):
        if isinstance(detail.get(name), int):
            said.append(words.format(detail[name]))
    return ", ".join(said)


def headline(alert: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """One line. `names`: what people call the services."""
    what, _ = WORDS.get(alert["rule"], (f"{alert['rule']} ({{subject}})", ""))
    subject = (names or {}).get(alert["subject"], alert["subject"]) if alert["rule"] == "queue_wait_over" else alert["subject"]
    facts = _facts(alert["detail"])
    line = what.format(subject=subject)
    line = line[:1].upper() + line[1:]
    return f"{line}: {facts}" if facts else line


def remedy(alert: Mapping[str, Any]) -> str:
    return WORDS.get(alert["rule"], ("", ""))[1]
