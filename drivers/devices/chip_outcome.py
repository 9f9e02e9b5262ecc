"""How a reading of a card's chip can end: one code each, and a line for the person at the kiosk in Vietnamese and in English.

Holds words only. Of the card itself nothing stands here: what was read leaves as a `card` event and in no other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.health import HINTS

OUTCOMES: dict[str, tuple[str, str]] = {
    "ok": ("Đã đọc chip của thẻ.", "The card's chip was read."),
    "no_card": ("Chưa thấy thẻ: đặt thẻ nằm yên lên đầu đọc.", "No card yet: lay the card flat on the reader and leave it there."),
    "moved": (
        "Thẻ bị nhấc lên quá sớm: đặt lại và để yên đến khi có báo.",
        "The card was moved too early: lay it down again and leave it.",
    ),
    "wrong_key": (
        "Số nhập không khớp với thẻ này: kiểm tra rồi nhập lại.",
        "The number does not fit this card: check it and enter it again.",
    ),
    "can_not_taken": (
        "Thẻ này không nhận 6 số: hãy quét mã QR trên thẻ.",
        "This card does not take the six digits: scan its QR code instead.",
    ),
    "not_id_card": ("Đây không phải thẻ căn cước có chip.", "This is not a Vietnamese identity card with a chip."),
    "not_genuine": (
        "Dữ liệu trong chip không đúng chữ ký: mời đến quầy hướng dẫn.",
        "What is in the chip is not what was signed: please go to the help desk.",
    ),
    "garbled": ("Đọc thẻ bị nhiễu: đặt thẻ lại lần nữa.", "The reading was disturbed: lay the card down once more."),
    "timeout": ("Chip không trả lời: nhấc thẻ ra rồi đặt lại.", "The chip does not answer: take the card off and lay it down again."),
    "busy": HINTS["busy"],
    "absent": HINTS["absent"],
    "no_pcscd": HINTS["no_pcscd"],
}
# Beside "ok": who signed the card is not known to this machine.
NO_ANCHOR = HINTS["no_anchor"]


@dataclass(frozen=True)
class ChipResult:
    """`trust` is "verified" or "no_anchor" after a reading, else empty. `detail` names a step or a status word, never a value."""

    code: str
    trust: str = ""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        vi, en = NO_ANCHOR if self.trust == "no_anchor" else OUTCOMES.get(self.code) or HINTS.get(self.code, HINTS["error"])
        return {"code": self.code, "trust": self.trust, "detail": self.detail, "hint": {"vi": vi, "en": en}}
