"""A WAV file as a synthesiser streams it: its header is made true, its length read. Pure; bytes in, bytes out."""

from __future__ import annotations

import struct

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


class WavError(ValueError):
    """Not a WAV file we can play."""


def settled(data: bytes) -> tuple[bytes, float]:
    """The file with its real lengths in the header (a stream's writer cannot know them), and how many seconds it lasts."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError("no RIFF/WAVE header")
    at, bytes_per_s = 12, 0
    while at + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, at)
        body = at + _CHUNK.size
        if name == b"fmt " and size >= _FORMAT.size and body + _FORMAT.size <= len(data):
            bytes_per_s = _FORMAT.unpack_from(data, body)[3]
        if name == b"data":
            size = min(size, len(data) - body)
            if not bytes_per_s:
                raise WavError("samples before their format")
            whole = data[:4] + struct.pack("<I", body + size - 8) + data[8:at] + _CHUNK.pack(name, size) + data[body : body + size]
            return whole, size / bytes_per_s
        at = body + size + size % 2
    raise WavError("no samples in it")
