"""Letters and codes as dots: fonts, the breaking of lines, QR codes. What both kinds of slip are drawn with.

Holds no arrangement: which line stands where is `raster`'s and `raster_short`'s affair. The fonts are in the package, so
the paper looks the same on every machine.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import segno
from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).parent / "fonts"
QR_QUIET = 4


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / name), size)


def fits(text: str, font: ImageFont.FreeTypeFont, width: int) -> bool:
    return font.getlength(text) <= width


@lru_cache(maxsize=512)  # most lines are the same on every slip, and measuring them takes longer than drawing
def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """As few rows as possible, and those of about one length: no last word stands alone."""
    best = _greedy(text, font, width)
    while (
        width > 40 and len(narrower := _greedy(text, font, width - 8)) == len(best) and all(fits(row, font, width - 8) for row in narrower)
    ):
        best, width = narrower, width - 8
    return best


def _greedy(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    rows: list[str] = []
    for word in text.split():
        if rows and fits(f"{rows[-1]} {word}", font, width):
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


@lru_cache(maxsize=1)  # asked for its size several times before it is drawn
def _qr(text: str) -> segno.QRCode:
    return segno.make(text, error="m", micro=False)


def modules(text: str) -> int:
    return int(_qr(text).symbol_size(border=QR_QUIET)[0])


def code_side(text: str, module: int) -> int:
    """Dots of the code with its quiet zone; 0 where there is no code."""
    return modules(text) * module if text else 0


def draw_code(draw: ImageDraw.ImageDraw, text: str, left: int, top: int, module: int) -> None:
    for y, row in enumerate(_qr(text).matrix_iter(border=QR_QUIET)):
        for x, dark in enumerate(row):
            if dark:
                at = (left + x * module, top + y * module)
                draw.rectangle((*at, at[0] + module - 1, at[1] + module - 1), fill=0)
