"""Personal data and secrets taken out of text: of logs, reports and what stands in support bundles (`bundle`).

Pure. Both ends call it: a device before it sends, the server before it keeps. It errs on the side of taking out too much: a
support bundle with a hole can still be read, a name that left the house cannot be called back. Names are found by the
family names that nine of ten Vietnamese bear; logs hold none by rule (docs/security.md), so this is the second net.
"""

from __future__ import annotations

import re
import unicodedata

GONE = "[xoá]"
_FAMILY = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đào|Đoàn|Vương|Trịnh|Trương|Đinh|Lâm|Phùng|Mai|Tô|Hà|Tạ|"
    "Cao|Lương|Lưu|Châu|Tăng|Quách|Thái|Chu|Giàng|Lò|Vàng|Hầu|Thào|Sùng|Kpă|Rơ|Y|H'|Danh|Thạch|Kim|Sơn|Nông|Ma|Triệu|Bàn|Đàm|Hứa|Cù|La"
)
_WORD = r"[A-ZĐÀ-ỸẠ-Ỹ][a-zA-ZđĐÀ-ỹ']*"


def _plain(text: str) -> str:
    """Without marks, as a machine-readable zone or a careless program writes it."""
    bare = "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))
    return bare.replace("Đ", "D").replace("đ", "d")


_FAMILIES = "|".join(sorted({*_FAMILY.split("|"), *_plain(_FAMILY).split("|")}, key=len, reverse=True))
_UPPER = "|".join(sorted({each.upper() for each in _FAMILIES.split("|")}, key=len, reverse=True))
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), put)
    for pattern, put in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", GONE),
        (r"\b(?:tl|tlj|tlb)_[0-9A-Za-z_-]{6,}", GONE),
        (r"(?i)\b(bearer|basic)\s+[0-9A-Za-z._~+/=-]{6,}", r"\1 " + GONE),
        (r"(?i)\b((?:toiluot_)?(?:session|board|csrf(?:[_-]token)?|token|secret|password|passwd|psk|api[_-]?key|join[_-]?key|authorization|"
         r"holder[_-]?key|cookie|signature|mật khẩu)\"?\s*[:=]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&}]+)", r"\1" + GONE),
        (r"/(t|a|b|rate/[^/\s]+/[^/\s]+)/[0-9A-Za-z_-]{8,}", r"/\1/" + GONE),
        (r"^.*[A-Z0-9<]{5,}<<[A-Z0-9<]*.*$", GONE),  # a machine-readable zone
        (r"(?<![0-9A-Za-z])\d{9,12}\|[^\n]*", GONE),  # what the code on an identity card says
        # Identity numbers and telephones, also written in groups; an address of a network and a time are none.
        (r"(?<![\d.:-])(?:\d{9,12}|\d{3}([ .-])\d{3}\1\d{3}(?:(?<=[ -]\d{3})\1\d{3})?|0\d{2}([.])\d{3}\2\d{3}\2\d{3}|"
         r"\d{4}[ .]\d{4}[ .]\d{4}|0\d{2,3}[ .]\d{3}[ .]\d{3,4})(?![.:-]?\d)", GONE),
        (r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{40,}(?![0-9A-Fa-f])", GONE),
        (r"[0-9A-Za-z._%+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+", GONE),
        (rf"(?<!\w)(?:{_FAMILIES})(?:[ \u00a0]+{_WORD}){{1,4}}", GONE),
        (rf"(?<!\w)(?:{_UPPER})(?:[ \u00a0]+[A-ZĐÀ-ỸẠ-Ỹ']{{2,}}){{1,4}}(?!\w)", GONE),
        (r"(?i)(\"?(?:full_?name|họ (?:và )?tên|ho_ten|holder|citizen)\"?\s*[:=]\s*)(\"[^\"\n]*\"|[^\n,;}]+)", r"\1" + GONE),
    )
)  # fmt: skip


def scrub(text: str) -> str:
    """The text without what may name, number or admit somebody."""
    found = unicodedata.normalize("NFC", text)
    for pattern, put in RULES:
        found = pattern.sub(put, found)
    return found
