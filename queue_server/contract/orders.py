"""What a technician may order a device to do, and what each order may bring back: the words both ends share. No message.

A device that does not know a kind answers `ok: false, code: "unknown_order"`; it never guesses.
"""

from __future__ import annotations

from enum import StrEnum

MAX_FILE_BYTES = 4 * 1024 * 1024
BEAT_S, BEAT_SOON_S = 60, 10  # between two heartbeats: when all is well, and while an order is open


class OrderKind(StrEnum):
    SCREENSHOT = "screenshot"
    TEST_SLIP = "test_slip"
    BURN_IN = "burn_in"
    LOGS = "logs"
    DOCTOR = "doctor"
    BUNDLE = "bundle"
    RESTART_SCREEN = "restart_screen"
    RESTART = "restart"
    REBOOT = "reboot"
    CONFIG = "config"
    UPDATE = "update"
    ROTATE = "rotate"
    WIPE = "wipe"
    RESEND = "resend"  # to the feed: what a dossier system refused, once more


PNG, TEXT, ZIP = "image/png", "text/plain", "application/zip"
# How a file of each kind begins. A text has no beginning of its own: it is UTF-8 without control characters.
MAGIC: dict[str, tuple[bytes, ...]] = {PNG: (b"\x89PNG\r\n\x1a\n",), TEXT: (), ZIP: (b"PK\x03\x04", b"PK\x05\x06")}
ANSWERS: dict[str, tuple[str, ...]] = {
    OrderKind.SCREENSHOT: (PNG,), OrderKind.BURN_IN: (TEXT,), OrderKind.LOGS: (TEXT,), OrderKind.DOCTOR: (TEXT,), OrderKind.BUNDLE: (ZIP,),
}  # fmt: skip
