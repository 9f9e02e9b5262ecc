"""What a device tells of its own board, in words: heat, power, storage, clock, page, settings; and how it stands with its key.

Pure. Findings come as (severity, word, remedy); facts as (name, value, tone) for the device's own page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BAD, LOOK, FINE = 0, 1, 2
HOT_C, TOO_HOT_C = 70, 80  # a Raspberry Pi slows itself down from 80 °C
LITTLE_MB = 300
WORN_PCT = 80
SKEW_MS = 2_000
PAGE_S = 90
Finding = tuple[int, str, str]
STATES = {
    "suspended": (LOOK, "Đang tạm ngừng", "Máy này không được phục vụ cho đến khi bấm “Cho hoạt động lại”."),
    "revoked": (BAD, "Đã thu hồi", "Khoá của máy không còn hiệu lực. Muốn dùng lại, ghi thẻ mới."),
    "lost": (BAD, "Đã báo mất", "Nếu tìm thấy, không cắm lại: ghi thẻ mới."),
}
CLONED = (BAD, "Có hai máy dùng chung một khoá", "Thu hồi khoá này, rồi ghi thẻ mới cho máy thật.")


def findings(device: Mapping[str, Any], identity: Mapping[str, Any], wanted_version: int) -> list[Finding]:
    """Everything about board and key that wants a look."""
    found = [*_identity(identity), *_power(device), *_storage(device), *_settings(device, wanted_version)]
    celsius = device.get("temperature_c")
    if celsius is not None and celsius >= HOT_C:
        found.append((BAD if celsius >= TOO_HOT_C else LOOK, f"Nóng {celsius} °C", "Kiểm tra quạt, khe gió và chỗ đặt máy."))
    skew = (device.get("clock") or {}).get("skew_ms")
    if skew is not None and abs(skew) > SKEW_MS:
        found.append((LOOK, f"Đồng hồ lệch {_seconds(skew)}", "Máy tự chỉnh theo máy chủ; nếu còn lệch, thay pin đồng hồ."))
    age = (device.get("page") or {}).get("age_s")
    if age is not None and age > PAGE_S:
        found.append((BAD, "Màn hình không trả lời", "Bấm “Bật lại màn hình”; nếu vẫn vậy, khởi động lại máy."))
    return found


def _identity(identity: Mapping[str, Any]) -> list[Finding]:
    standing = STATES.get(str(identity.get("state")))
    return ([CLONED] if identity.get("cloned_at") else []) + ([standing] if standing else [])


def _power(device: Mapping[str, Any]) -> list[Finding]:
    power = device.get("undervoltage") or {}
    if power.get("now"):
        return [(BAD, "Thiếu điện", "Thay bộ nguồn đúng loại (5 V, đủ ampe) và dây ngắn.")]
    if power.get("since_boot"):
        return [(LOOK, "Đã thiếu điện từ lúc bật", "Kiểm tra bộ nguồn và dây; dấu này mất khi khởi động lại.")]
    return []


def _storage(device: Mapping[str, Any]) -> list[Finding]:
    told = device.get("storage") or {}
    if told.get("read_only") or told.get("writable") is False:
        return [(BAD, "Thẻ nhớ không ghi được", "Thay thẻ: ghi thẻ mới rồi chọn “Thay máy này”.")]
    if told.get("errors"):
        return [(BAD, f"Thẻ nhớ có {told['errors']} lỗi", "Sao lưu không cần: thay thẻ càng sớm càng tốt.")]
    if told.get("free_mb") is not None and told["free_mb"] < LITTLE_MB:
        return [(LOOK, f"Thẻ nhớ còn {told['free_mb']} MB", "Tải gói hỗ trợ để xem gì chiếm chỗ.")]
    if (told.get("life_pct") or 0) >= WORN_PCT:
        return [(LOOK, f"Thẻ nhớ đã dùng {told['life_pct']} % tuổi thọ", "Chuẩn bị thẻ thay.")]
    return []


def _settings(device: Mapping[str, Any], wanted_version: int) -> list[Finding]:
    config = device.get("config")
    if config is None:
        return []
    if config.get("drift"):
        return [(LOOK, "Cài đặt bị sửa tại máy", "Khác: " + ", ".join(config["drift"][:5]))]
    if wanted_version > config.get("version", 0):
        return [(LOOK, f"Chưa nhận cài đặt bản {wanted_version}", "Máy tự nhận ở lần báo tới; nếu không, bấm “Nhận lại cài đặt”.")]
    return []


def facts(device: Mapping[str, Any], wanted_version: int) -> list[tuple[str, str]]:
    """What the board says, name by name; what it does not tell is left out."""
    power, told, clock = device.get("undervoltage") or {}, device.get("storage") or {}, device.get("clock") or {}
    config, page, net = device.get("config") or {}, device.get("page") or {}, device.get("net") or {}
    lines = (
        ("Nhiệt độ", device.get("temperature_c"), "{} °C"),
        ("Nguồn điện", _power_word(power) if power else None, "{}"),
        ("Thẻ nhớ còn trống", told.get("free_mb"), "{} MB"),
        ("Lỗi thẻ nhớ", told.get("errors"), "{}"),
        ("Tuổi thọ thẻ đã dùng", told.get("life_pct"), "{} %"),
        ("Đồng hồ lệch", _seconds(clock["skew_ms"]) if clock.get("skew_ms") is not None else None, "{}"),
        ("Màn hình trả lời", page.get("age_s"), "{} giây trước"),
        ("Màn hình đã bật lại", page.get("restarts"), "{} lần"),
        ("Cài đặt đang chạy", config.get("version"), f"bản {{}} (cần bản {wanted_version})"),
        ("Địa chỉ mạng", net.get("address") or None, "{}"),
    )
    return [(name, shape.format(value)) for name, value, shape in lines if value is not None]


def _power_word(power: Mapping[str, Any]) -> str:
    return "đang thiếu" if power.get("now") else "đã thiếu từ lúc bật" if power.get("since_boot") else "đủ"


def _seconds(skew_ms: int) -> str:
    return f"{abs(skew_ms) / 1000:.1f} giây".replace(".", ",")
