"""Personal data and secrets taken out of text, and out of what a device sends: logs, reports, support bundles.

Pure. Both ends call it: a device before it sends, the server before it keeps. It errs on the side of taking out too much: a
support bundle with a hole can still be read, a name that left the house cannot be called back. Names are found by the
family names that nine of ten Vietnamese bear; logs hold none by rule (docs/security.md), so this is the second net.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile

from .orders import MAX_FILE_BYTES, PNG, TEXT

MOST_MEMBERS, MOST_UNPACKED = 200, 32 * 1024 * 1024
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


class NotClean(ValueError):
    """What was sent cannot be kept; the text says why."""


def scrub(text: str) -> str:
    """The text without what may name, number or admit somebody."""
    found = unicodedata.normalize("NFC", text)
    for pattern, put in RULES:
        found = pattern.sub(put, found)
    return found


def cleaned(kind: str, content: bytes) -> bytes:
    """A file of this type as it may be kept."""
    if kind == PNG:
        return content
    return _text(content) if kind == TEXT else _bundle(content)


def _text(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise NotClean("a text in UTF-8 is expected") from None
    if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        raise NotClean("control characters are not allowed")
    return scrub(text).encode()


def _bundle(content: bytes) -> bytes:
    """The same bundle made anew: texts scrubbed, names of files plain, nothing that unpacks to more than it may."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as given:
            members = given.infolist()
            if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > MOST_UNPACKED:
                raise NotClean("the bundle unpacks to more than it may")
            return pack({each.filename: _member(given, each) for each in members if not each.is_dir()})
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as broken:
        raise broken if isinstance(broken, NotClean) else NotClean("this is no bundle that can be read") from broken


def _member(given: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    with given.open(member) as opened:
        raw = opened.read(MOST_UNPACKED + 1)  # what is said of the size need not be true
    if len(raw) > MOST_UNPACKED:
        raise NotClean("the bundle unpacks to more than it may")
    return raw.decode("utf-8", "replace")


def pack(parts: dict[str, str]) -> bytes:
    """A support bundle: file name → text, scrubbed, in a zip whose times say nothing. Refused above what may be sent."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in sorted(parts.items()):
            if not re.fullmatch(r"[0-9A-Za-z_][0-9A-Za-z_.-]*(?:/[0-9A-Za-z_][0-9A-Za-z_.-]*){0,4}", name) or ".." in name:
                raise NotClean("a file in the bundle has a name that it may not have")
            made.writestr(zipfile.ZipInfo(name), scrub(text), zipfile.ZIP_DEFLATED)
    if out.tell() > MAX_FILE_BYTES:
        raise NotClean("the bundle is larger than it may be")
    return out.getvalue()
