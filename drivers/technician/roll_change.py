"""`drivers roll`: a person led through the change of a paper roll, each step known by what the printer says.

Holds the steps and their words. The counting is the printer driver's; this file only asks the running service.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.health import hint
from drivers.technician.trying import test_slip

Say = Callable[[str], object]
OPENED = ("cover_open", "paper_out")
CLOSED = ("ok", "paper_low")
_WORDS = {
    "open": ("1. Mở nắp máy in.", "1. Open the printer's cover."),
    "fill": (
        "2. Lắp cuộn giấy mới, kéo đầu giấy ra ngoài khe, đóng nắp.",
        "2. Put the new roll in, pull the paper's end out of the slot, close the cover.",
    ),
    "test": ("3. Đang in phiếu thử …", "3. Printing a test slip …"),
    "done": ("Xong. Cuộn mới còn khoảng {n} phiếu.", "Done. The new roll holds about {n} slips."),
    "late": ("Chưa thấy máy in đổi trạng thái. ", "The printer has not changed. "),
    "by_hand": (
        "Nếu máy in không có cảm biến nắp: thay giấy rồi chạy “toiluot drivers roll --done”.",
        "If the printer has no sensor in its cover: change the paper, then run “toiluot drivers roll --done”.",
    ),
    "no_slip": ("Phiếu thử không ra: ", "The test slip did not come out: "),
    "away": ("Dịch vụ thiết bị không trả lời: ", "The drivers' service does not answer: "),
}


def change_roll(
    socket_path: Path, say: Say, *, length_m: float | None, done: bool, wait_s: float, lang: str
) -> tuple[bool, dict[str, Any]]:
    """Whether the new roll is counted now, and what is to be told. `done`: it is already in, only count anew."""
    try:
        with DriversClient(socket_path) as client:
            failed = None if done else _led(client, socket_path, say, wait_s, lang)
            if failed is not None:
                return False, failed
            counted = client.new_roll(length_m)
    except DriversError as error:
        return False, {"ok": False, "code": error.code, "text": _word("away", lang) + error.detail}
    return True, {"ok": True, **counted, "text": _word("done", lang).format(n=counted["slips_left"])}


def _word(key: str, lang: str) -> str:
    return _WORDS[key][lang != "vi"]


def _led(client: DriversClient, socket_path: Path, say: Say, wait_s: float, lang: str) -> dict[str, Any] | None:
    """None when new paper is in and the test slip is out; else what went wrong."""
    for step, wanted in (("open", OPENED), ("fill", CLOSED)):
        say(_word(step, lang))
        code = _until(socket_path, wanted, wait_s)
        if code not in wanted:
            return {"ok": False, "code": code, "step": step, "text": _word("late", lang) + _word("by_hand", lang)}
    say(_word("test", lang))
    width = next((slot.get("width_dots", 576) for slot in client.status()["slots"] if slot["role"] == "printer"), 576)
    height, raster = test_slip(width)
    said = client.print_raster(f"roll-{secrets.token_hex(8)}", raster, width, height)
    if said["outcome"] in ("printed", "sent_unconfirmed"):
        return None
    return {"ok": False, **said, "step": "test", "text": _word("no_slip", lang) + hint(said["code"])[lang]}


def _until(socket_path: Path, wanted: tuple[str, ...], wait_s: float) -> str:
    """The printer's health code once it is one of `wanted`, or the last one when the time is over."""
    seen, reached = [""], threading.Event()

    def listen() -> None:
        with DriversClient(socket_path) as client:
            try:
                for event, data in client.events():
                    slots = data.get("slots", []) if event == "snapshot" else [data] if event == "health" else []
                    seen[0] = next((slot["code"] for slot in slots if slot["role"] == "printer"), seen[0])
                    if seen[0] in wanted or reached.is_set():
                        break
            except DriversError as error:
                seen[0] = error.code
        reached.set()

    threading.Thread(target=listen, name="roll", daemon=True).start()
    reached.wait(wait_s)
    code = seen[0]
    reached.set()
    return code
