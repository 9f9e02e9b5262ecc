"""What a demonstration says to the person who started it. Texts only."""

from __future__ import annotations

from typing import Any

PLACES = (
    ("Máy lấy số (ki-ốt)", "kiosk"),
    ("Bảng gọi số ở sảnh", "board"),
    ("Bàn làm việc của quầy", "console"),
    ("Bàn hướng dẫn", "attendant"),
    ("Điều hành", "manager"),
    ("Kỹ thuật, thiết bị", "technician"),
    ("Hệ thống hồ sơ (mô phỏng)", "dossier"),
)
PEOPLE = {
    "clerk": "cán bộ quầy",
    "attendant": "hướng dẫn viên",
    "technician": "kỹ thuật viên",
    "site_head": "trưởng điểm",
    "control": "điều phối",
    "director": "giám đốc",
    "deputy": "phó giám đốc",
    "auditor": "kiểm tra",
}


def friendly(facts: dict[str, Any], free: list[str]) -> str:
    """Addresses and log-ins for a person; `free` are the counters at which nobody works yet."""
    devices = facts["devices"]
    lines = ["", "Tới Lượt đang chạy thử trên máy này. Nhấn Ctrl-C để dừng.", ""]
    lines += [f"  {name:<28} {facts[key]}" for name, key in PLACES]
    lines += [
        f"  {'Máy in: xem phiếu đã in':<28} {devices['printer']['page']}",
        f"  {'Đầu đọc: đặt thẻ thử':<28} {devices['scanner']['page']}",
        f"  {'Quầy 1: bảng LED, bàn phím':<28} {devices['counter_1']['page']}",
        f"  {'Quầy 2 và bảng LED sảnh':<28} {devices['counter_2']['page']}",
        f"  {'Hồ sơ mẫu để tra ở ki-ốt':<28} {', '.join(each['code'] for each in facts['dossiers'])}",
        "",
        "Đăng nhập (mật khẩu chung: " + facts["logins"]["clerk"]["password"] + "):",
    ]
    lines += [f"  {facts['logins'][role]['user']:<12} {name}" for role, name in PEOPLE.items()]
    if free:
        rest = "" if len(free) == len(facts["counters"]) else "; các quầy khác do cán bộ mô phỏng phục vụ"
        lines += ["", f"Quầy {', '.join(free)} để trống cho bạn{rest}."]
    return "\n".join(lines)


def summary(found: dict[str, Any]) -> str:
    """A replay's account."""
    wait = f"{found['mean_wait_s'] // 60} phút {found['mean_wait_s'] % 60} giây" if found["mean_wait_s"] is not None else "không có"
    lines = [
        f"Lượt trong tệp:      {found['visits']}",
        f"Có số:               {found['numbered']}",
        f"Phiếu đã in:         {found['printed']}",
        f"Đã được gọi:         {found['called']}",
        f"Có bản ghi, một lần: {found['recorded']}",
        f"Thời gian chờ trung bình: {wait}",
    ]
    lines += [f"  ! {line}" for line in found["findings"][:20]]
    lines.append("Mọi lượt đều đủ: in, gọi, ghi nhận." if found["ok"] else "CÓ LƯỢT KHÔNG ĐỦ: xem các dòng trên.")
    return "\n".join(lines)
