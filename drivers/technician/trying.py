"""`drivers test ROLE`: one device tried through the running service. Shows nothing of what stands on a card."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.health import hint
from drivers.technician.trying_hand import try_hand, try_voice
from drivers.technician.trying_line import try_keypad, try_panel

_FONTS = ("/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf")
_OUTCOMES = {
    "printed": ("Đã in phiếu thử.", "The test slip was printed."),
    "sent_unconfirmed": (
        "Đã gửi phiếu thử, máy in không xác nhận: hãy nhìn tờ giấy.",
        "The test slip was sent, the printer does not confirm: look at the paper.",
    ),
    "not_sent": ("Chưa gửi gì tới máy in.", "Nothing was sent to the printer."),
    "unknown": ("Không rõ phiếu thử đã in chưa: hãy nhìn tờ giấy.", "It is unknown whether the test slip came out: look at the paper."),
}
_KINDS = {
    "id_card": ("thẻ căn cước", "identity card"),
    "health_insurance": ("thẻ bảo hiểm y tế", "health-insurance card"),
    "dossier": ("mã hồ sơ", "dossier code"),
    "slip": ("phiếu số thứ tự", "queue slip"),
    "appointment": ("mã hẹn", "appointment code"),
    "text": ("chữ thường", "plain text"),
    "unreadable": ("không đọc được: đặt máy quét về UTF-8", "unreadable: set the scanner to UTF-8"),
}


def try_role(role: str, socket_path: Path, wait_s: float, lang: str) -> tuple[bool, dict[str, Any]]:
    try:
        with DriversClient(socket_path) as client:
            if role == "led":
                return try_panel(client, lang)
            if role == "keypad":
                return try_keypad(client, wait_s, lang)
            if role in ("touch", "tactile"):
                return try_hand(client, role, wait_s, lang)
            if role == "speech":
                return try_voice(client, lang)
            return _printer(client, lang) if role == "printer" else _reader(client, wait_s, lang)
    except DriversError as error:
        absent = "Dịch vụ thiết bị không trả lời" if lang == "vi" else "The drivers' service does not answer"
        text = f"{absent}: {error.detail}"
        return False, {"role": role, "ok": False, "code": error.code, "text": text}


def _printer(client: DriversClient, lang: str) -> tuple[bool, dict[str, Any]]:
    slots = [slot for slot in client.status()["slots"] if slot["role"] == "printer"]
    width = slots[0]["width_dots"] if slots else 576
    height, raster = test_slip(width)
    said = client.print_raster(f"test-{secrets.token_hex(8)}", raster, width, height)
    words = _OUTCOMES[said["outcome"]][lang != "vi"]
    advice = "" if said["code"] == "ok" else f" {hint(said['code'])[lang]}"
    return said["outcome"] in ("printed", "sent_unconfirmed"), {"role": "printer", **said, "text": words + advice}


def test_slip(width: int) -> tuple[int, bytes]:
    """A border that shows the width, a ladder of bars that shows dead dots, and words with Vietnamese marks."""
    from PIL import Image, ImageDraw, ImageFont

    height = 360
    image = Image.new("1", (width, height), 1)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width - 1, height - 1), outline=0, width=3)
    font_file = next((path for path in _FONTS if Path(path).exists()), None)
    words = ("PHIẾU IN THỬ", "Ứng Hòa · Đặng · Nguyễn · Phường") if font_file else ("TEST SLIP", "")
    for text, top, size in ((words[0], 24, 56), (words[1], 104, 26)):
        font = ImageFont.truetype(font_file, size) if font_file else ImageFont.load_default(size)
        draw.text((width / 2, top), text, font=font, fill=0, anchor="ma")
    for step in range(1, 9):
        left = 16 + (step - 1) * (width - 32) // 8
        for x in range(left, left + (width - 32) // 8 - 6, step + 1):
            draw.line((x, 170, x, 250), fill=0)
    for x in range(16, width - 8, 8):
        draw.line((x, 280, x, 300 if x % 40 else 330), fill=0)
    return height, bytes(byte ^ 0xFF for byte in image.tobytes())


def _reader(client: DriversClient, wait_s: float, lang: str) -> tuple[bool, dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    done = threading.Event()

    def listen() -> None:
        try:
            for event, data in client.events():
                if event == "card":
                    seen.append({"kind": data["kind"]})
                    break
        except DriversError as error:
            seen.append({"kind": "", "code": error.code})
        done.set()

    threading.Thread(target=listen, daemon=True).start()
    started = time.monotonic()
    done.wait(wait_s)
    if not seen or not seen[0]["kind"]:
        text = "Không có thẻ nào được đọc." if lang == "vi" else "No card was read."
        return False, {"role": "reader", "ok": False, "code": "timeout", "text": text}
    kind = seen[0]["kind"]
    words = _KINDS[kind][lang != "vi"]
    text = f"Đọc được: {words}." if lang == "vi" else f"Read: {words}."
    return kind != "unreadable", {
        "role": "reader",
        "ok": kind != "unreadable",
        "kind": kind,
        "after_s": round(time.monotonic() - started, 1),
        "text": text,
    }
