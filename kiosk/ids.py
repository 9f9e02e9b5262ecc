"""UUIDv7: ids a kiosk can make alone, in the order of their time.

Pure: the instant and the randomness are arguments of the inner function.
"""

from __future__ import annotations

import secrets
import uuid


def uuid7_from(wall_ms: int, noise: int) -> str:
    """RFC 9562, version 7: 48 bits of milliseconds, then 74 random bits."""
    value = (wall_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def uuid7(wall_ms: int) -> str:
    return uuid7_from(wall_ms, secrets.randbits(74))
