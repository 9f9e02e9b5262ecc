"""What a device says of its standing, in the words of whoever stands before it. Pure: a standing in, finished texts out."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from .standing import Phase, Standing


@dataclass(frozen=True, slots=True)
class Said:
    title: str
    what: str  # what happened, or what to do
    tone: str  # calm, care, stop
    server: str = ""  # how sure the server is
    citizen: str = ""


_TEXTS: dict[Phase, tuple[str, str, str]] = {
    Phase.STARTING: ("Máy đang khởi động", "Xin chờ một lát.", "calm"),
    Phase.UNREACHABLE: ("Chưa nối được máy chủ", "Xin kiểm tra dây mạng và địa chỉ máy chủ: {server}. Máy tự thử lại.", "care"),
    Phase.UNTRUSTED: (
        "Máy chủ không đúng",
        "Chứng chỉ của {server} không phải chứng chỉ ghi trên thẻ. Đừng chấp nhận máy này; xin báo người quản trị.",
        "stop",
    ),
    Phase.WAITING: (
        "Máy đang chờ chấp nhận",
        "Mở trang Thiết bị, chọn máy này. Chỉ bấm Nhận máy khi bốn chữ giống hệt trên hai màn hình.",
        "calm",
    ),
    Phase.REFUSED: ("Máy không được chấp nhận", "Yêu cầu đã bị từ chối ở trang Thiết bị. Máy hỏi lại sau một phút.", "stop"),
    Phase.ACCEPTED: ("Máy đã được chấp nhận", "Màn hình làm việc sắp hiện ra.", "calm"),
    Phase.SUSPENDED: ("Máy này đang tạm ngừng", "Cho chạy lại ở trang Thiết bị. Máy tự trở lại, không cần khởi động.", "care"),
    Phase.REVOKED: ("Máy này đã bị ngừng", "Máy không còn thuộc trung tâm. Muốn dùng lại, xin viết thẻ mới cho máy.", "stop"),
}
_ROLES = {"kiosk": "Máy lấy số", "board": "Bảng gọi số", "keypad": "Bàn phím quầy", "server": "Máy chủ"}


def said(standing: Standing) -> Said:
    title, what, tone = _TEXTS[standing.phase]
    citizen = "Xin lấy số ở quầy hướng dẫn." if standing.role == "kiosk" else ""
    return Said(title, what.format(server=host(standing.server)), tone, _server(standing), citizen)


def name(standing: Standing) -> str:
    return " · ".join(part for part in (_ROLES.get(standing.role, ""), standing.name) if part)


def host(server: str) -> str:
    return urlsplit(server).netloc or server


def _server(standing: Standing) -> str:
    if standing.phase is not Phase.WAITING:
        return ""
    if standing.pinned:
        return "Đã nhận đúng máy chủ ghi trên thẻ."
    if standing.plain:
        return "Đường tới máy chủ không mã hoá."
    return ""
