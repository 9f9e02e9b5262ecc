"""`drivers test led` and `drivers test keypad`: a panel shows eights, a key is pressed. Through the running service."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.health import hint

HOLD_S = 10.0
_SHOWN = {
    "shown": ("Bảng xác nhận đang hiện {0}.", "The panel confirms that it shows {0}."),
    "sent": ("Đã gửi {0}; bảng này không bao giờ trả lời: hãy nhìn bảng.", "{0} was sent; this panel never answers: look at it."),
    "not_shown": ("Bảng không hiện.", "The panel did not show it."),
}


def try_panel(client: DriversClient, lang: str) -> tuple[bool, dict[str, Any]]:
    """Every panel in turn: all its digits, for a while."""
    slots = [slot for slot in client.status()["slots"] if slot["driver"] == "led-panel"]
    if not slots:
        return _none("led", lang)
    lines, fine = [], True
    for slot in slots:
        eights = "8" * slot["digits"]
        said = client.show(slot["role"], [eights] * slot["rows"], hold_s=HOLD_S)
        fine &= said["outcome"] != "not_shown"
        advice = "" if said["code"] == "ok" else f" {hint(said['code'])[lang]}"
        lines.append(f"[{slot['role']}] {_SHOWN[said['outcome']][lang != 'vi'].format(eights)}{advice}")
    return fine, {"role": "led", "ok": fine, "text": "\n".join(lines)}


def try_keypad(client: DriversClient, wait_s: float, lang: str) -> tuple[bool, dict[str, Any]]:
    """The first key that any keypad tells."""
    if not any(slot["driver"] in ("call-keypad", "number-pad") for slot in client.status()["slots"]):
        return _none("keypad", lang)
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        try:
            for event, data in client.events():
                if event == "key":
                    heard.put(data)
                    return
        except DriversError as error:
            heard.put({"code": error.code})

    threading.Thread(target=listen, daemon=True).start()
    began = time.monotonic()
    try:
        key = heard.get(timeout=wait_s)
    except queue.Empty:
        key = {}
    if "key" not in key:
        text = "Không có phím nào được bấm." if lang == "vi" else "No key was pressed."
        return False, {"role": "keypad", "ok": False, "code": key.get("code", "timeout"), "text": text}
    known = key["key"] != "?"
    unknown = (" (chưa có trong bảng phím)", " (not in the table of keys)")[lang != "vi"]
    text = f"[{key['slot']}] {key['key']}, {key.get('code', '')}{'' if known else unknown}"
    return known, {"role": "keypad", "ok": known, **key, "after_s": round(time.monotonic() - began, 1), "text": text}


def _none(role: str, lang: str) -> tuple[bool, dict[str, Any]]:
    vi, en = f"Chưa khai báo [slot.{role}] trong cấu hình.", f"No [slot.{role}] in the configuration."
    return False, {"role": role, "ok": False, "code": f"no_{role}", "text": vi if lang == "vi" else en}
