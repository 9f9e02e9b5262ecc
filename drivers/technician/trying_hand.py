"""`drivers test touch`, `tactile` and `speech`: a finger on the screen, a key under a finger, a sentence in the headphones.

Through the running service. Whether the sentence was heard only the person with the headphones knows.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.health import hint

_ASK = {
    "touch": ("Chạm vào màn hình.", "Touch the screen."),
    "tactile": ("Bấm một phím trên bàn phím nổi, hoặc cắm tai nghe.", "Press a key of the tactile keypad, or plug the headphones in."),
}
_NOTHING = {
    "touch": ("Không thấy ai chạm màn hình.", "Nobody touched the screen."),
    "tactile": ("Không có phím nào được bấm.", "No key was pressed."),
}
_EVENTS = {"touch": ("touch",), "tactile": ("key", "jack")}
_SENTENCES = (("vi", "Đây là giọng đọc thử. Số của bạn là một trăm linh năm."), ("en", "This is a test of the voice."))
_SPOKEN = {
    "speaking": ("Đang đọc câu thử: hãy nghe ở tai nghe.", "The test sentence is being spoken: listen in the headphones."),
    "not_spoken": ("Không đọc được câu thử.", "The test sentence was not spoken."),
}


def ask_for(role: str, lang: str) -> str:
    """What a person shall do now; empty where nothing needs doing."""
    return _ASK[role][lang != "vi"] if role in _ASK else ""


def try_hand(client: DriversClient, role: str, wait_s: float, lang: str) -> tuple[bool, dict[str, Any]]:
    """The first touch or key that the slots of this role tell; where they ail, what ails them at once."""
    slots = [slot for slot in client.status()["slots"] if slot["driver"] == role]
    if not slots:
        return _none(role, lang)
    if all(slot["state"] not in ("ready", "degraded") for slot in slots):
        ill = slots[0]
        return False, {"role": role, "ok": False, "code": ill["code"], "text": f"[{ill['role']}] {hint(ill['code'])[lang]}"}
    began = time.monotonic()
    said = _first(client, _EVENTS[role], {slot["role"] for slot in slots}, wait_s)
    if "slot" not in said:
        return False, {"role": role, "ok": False, "code": said.get("code", "timeout"), "text": _NOTHING[role][lang != "vi"]}
    text = f"[{said['slot']}] {_heard(said, lang)}"
    return True, {"role": role, "ok": True, **said, "after_s": round(time.monotonic() - began, 1), "text": text}


def _heard(said: dict[str, Any], lang: str) -> str:
    vietnamese = lang == "vi"
    if "plugged" in said:
        words = ("Tai nghe đã cắm.", "Headphones plugged in.") if said["plugged"] else ("Tai nghe đã rút.", "Headphones pulled out.")
        return words[not vietnamese]
    if "key" in said:
        return f"Phím: {said['key']}." if vietnamese else f"Key: {said['key']}."
    return "Màn hình nhận chạm." if vietnamese else "The screen was touched."


def _first(client: DriversClient, events: tuple[str, ...], slots: set[str], wait_s: float) -> dict[str, Any]:
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def listen() -> None:
        try:
            for event, data in client.events():
                if event in events and data["slot"] in slots:
                    heard.put(data)
                    return
        except DriversError as error:
            heard.put({"code": error.code})

    threading.Thread(target=listen, daemon=True).start()
    try:
        return heard.get(timeout=wait_s)
    except queue.Empty:
        return {}


def try_voice(client: DriversClient, lang: str) -> tuple[bool, dict[str, Any]]:
    if not any(slot["driver"] == "speech" for slot in client.status()["slots"]):
        return _none("speech", lang)
    said = client.say(_SENTENCES)
    fine = said["outcome"] == "speaking"
    words = _SPOKEN["speaking" if fine else "not_spoken"][lang != "vi"]
    advice = "" if said["code"] == "ok" else f" {hint(said['code'])[lang]}"
    return fine, {"role": "speech", "ok": fine, **said, "text": words + advice}


def _none(role: str, lang: str) -> tuple[bool, dict[str, Any]]:
    vi, en = f"Chưa khai báo [slot.{role}] trong cấu hình.", f"No [slot.{role}] in the configuration."
    return False, {"role": role, "ok": False, "code": f"no_{role}", "text": vi if lang == "vi" else en}
