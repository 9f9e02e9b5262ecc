"""Tag, length, value (BER-TLV): definite lengths, tags of one or two bytes. What a value means is the caller's affair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drivers.codecs.mrtd.errors import Garbled

MAX_LENGTH = 0xFFFF


class Item(NamedTuple):
    """`raw` is the whole object with its head, as it stood in the data."""

    tag: int
    value: bytes
    raw: bytes


def encode(tag: int, value: bytes) -> bytes:
    head = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    size = len(value)
    if size < 0x80:
        return head + bytes([size]) + value
    if size <= 0xFF:
        return head + bytes([0x81, size]) + value
    if size <= MAX_LENGTH:
        return head + b"\x82" + size.to_bytes(2, "big") + value
    raise Garbled("a value longer than 65,535 bytes")


def head(data: bytes) -> tuple[int, int, int]:
    """`(tag, length of the head, length of the value)` of the object that begins here; the value itself may still be missing."""
    if not data:
        raise Garbled("no tag")
    at = 2 if data[0] & 0x1F == 0x1F else 1
    if len(data) <= at or (at == 2 and data[1] & 0x80):
        raise Garbled("a tag without a length, or longer than two bytes")
    tag = int.from_bytes(data[:at], "big")
    first = data[at]
    if first < 0x80:
        return tag, at + 1, first
    count = first & 0x7F
    if count not in (1, 2) or len(data) < at + 1 + count:
        raise Garbled("a length of no known form")
    return tag, at + 1 + count, int.from_bytes(data[at + 1 : at + 1 + count], "big")


def items(data: bytes) -> Iterator[Item]:
    """Every object of `data`, which must end where the last one ends."""
    at = 0
    while at < len(data):
        tag, start, size = head(data[at : at + 6])
        end = at + start + size
        if end > len(data):
            raise Garbled("a value is cut off")
        yield Item(tag, data[at + start : end], data[at:end])
        at = end


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object that `data` is."""
    found = list(items(data))
    if len(found) != 1 or found[0].tag != tag:
        raise Garbled(f"one object {tag:X} was expected")
    return found[0].value


def first(data: bytes, tag: int) -> bytes | None:
    """The value of the first object with this tag."""
    return next((item.value for item in items(data) if item.tag == tag), None)
