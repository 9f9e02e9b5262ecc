"""What a device brings for an order, made so that it may be kept: texts scrubbed, a support bundle packed anew.

Both ends call it: a device packs with it, the server cleans what came. Holds zip archives in memory; what is taken out of a
text is `scrub`'s.
"""

from __future__ import annotations

import io
import re
import zipfile

from queue_server.contract.orders import MAX_FILE_BYTES, PNG, TEXT
from queue_server.contract.scrub import scrub

MOST_MEMBERS, MOST_UNPACKED = 200, 32 * 1024 * 1024


class NotClean(ValueError):
    """What was sent cannot be kept; the text says why."""


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
