"""A slip as one 1-bit picture, for a printer that then needs no code page and no Vietnamese of its own.

Holds the full slip's sizes and arrangement; letters and codes are `lettering`, the short slip is `raster_short`. What
stands on a slip is `slip`'s affair; sending it is the drivers'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from kiosk import raster_short
from kiosk.lettering import code_side, draw_code, fits, font, modules, wrapped
from kiosk.slip import Role, Slip

LINE_HEIGHT = 1.45  # with less, stacked marks (Ễ, Ộ) touch the descenders of the line above
FULL_WIDTH = 576  # 80 mm paper at 203 dpi; sizes below are for it and shrink with the paper
MARGIN = 12
QR_MODULE = 6  # 0.75 mm: an old telephone reads it off shiny paper


@dataclass(frozen=True)
class Look:
    font: str
    size: int
    before: int = 0


LOOKS = {
    Role.CENTRE: Look("BeVietnamPro-Bold.ttf", 30),
    Role.TITLE: Look("BeVietnamPro-Regular.ttf", 28, 6),
    Role.REPRINT: Look("BeVietnamPro-Bold.ttf", 60, 4),
    Role.NUMBER: Look("NotoSans-Bold.ttf", 190),
    Role.SERVICE: Look("BeVietnamPro-Bold.ttf", 38),
    Role.ZONE: Look("BeVietnamPro-Bold.ttf", 32, 4),
    Role.PRIORITY: Look("BeVietnamPro-Bold.ttf", 28, 4),
    Role.AHEAD: Look("BeVietnamPro-Regular.ttf", 30, 8),
    Role.WAIT: Look("BeVietnamPro-Regular.ttf", 30),
    Role.TIME: Look("NotoSans-Bold.ttf", 72, 6),
    Role.DATE: Look("NotoSans-Bold.ttf", 28),
    Role.ALONE: Look("BeVietnamPro-Regular.ttf", 24, 2),
    Role.QR_HINT: Look("BeVietnamPro-Regular.ttf", 24, 8),
    Role.FREE: Look("BeVietnamPro-Bold.ttf", 28, 12),
    Role.NOTICE: Look("BeVietnamPro-Regular.ttf", 24, 2),
}
_TIGHT = {Role.NUMBER: 1.12, Role.TIME: 1.15}  # digits carry no marks


@dataclass(frozen=True)
class Raster:
    """Rows packed eight dots a byte, most significant first, 1 = black."""

    width: int
    height: int
    data: bytes


def _scaled(dots: int, width: int) -> int:
    """Smaller on narrow paper, but less than the paper shrinks: eyes stay the same, lines may wrap."""
    return round(dots * math.pow(width / FULL_WIDTH, 0.7))


def _font_for(role: Role, text: str, width: int) -> ImageFont.FreeTypeFont:
    """The usual size on this paper, smaller where the longest word would not fit."""
    size = _scaled(LOOKS[role].size, width)
    longest = max(text.split(), key=len, default="")
    while size > 14 and not fits(longest, font(LOOKS[role].font, size), width - 2 * MARGIN):
        size -= 2
    return font(LOOKS[role].font, size)


@dataclass(frozen=True)
class _Row:
    text: str
    font: ImageFont.FreeTypeFont
    top: int
    height: int


def _layout(slip: Slip, width: int) -> tuple[list[_Row], int, int]:
    """Every printed row, where the QR code begins, and the length of the paper."""
    rows, top, qr_top = [], MARGIN, 0
    for line in slip.lines:
        letters = _font_for(line.role, line.text, width)
        top += _scaled(LOOKS[line.role].before, width)
        for text in wrapped(line.text, letters, width - 2 * MARGIN):
            height = round(letters.size * _TIGHT.get(line.role, LINE_HEIGHT))
            rows.append(_Row(text, letters, top, height))
            top += height
        if line.role is Role.QR_HINT:
            qr_top = top
            top += _qr_side(slip.qr, width)
    return rows, qr_top, top + 2 * MARGIN


def _module(text: str, width: int) -> int:
    return max(2, min(QR_MODULE, (width - 2 * MARGIN) // modules(text)))


def _qr_side(text: str, width: int) -> int:
    return code_side(text, _module(text, width)) if text else 0


def _draw_qr(draw: ImageDraw.ImageDraw, text: str, width: int, top: int) -> None:
    draw_code(draw, text, (width - _qr_side(text, width)) // 2, top, _module(text, width))


def picture(slip: Slip, width: int = FULL_WIDTH) -> Image.Image:
    """The slip in black on white. Drawn in grey and then cut at the middle: strokes keep their weight."""
    rows, qr_top, height = _layout(slip, width)
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    for row in rows:
        draw.text((width / 2, row.top + row.height / 2), row.text, font=row.font, fill=0, anchor="mm")
    if qr_top:
        _draw_qr(draw, slip.qr, width, qr_top)
    return image.point(lambda grey: 255 if grey >= 128 else 0).convert("1")


def render(slip: Slip, width: int = FULL_WIDTH) -> Raster:
    image = raster_short.picture(slip, width) if slip.short else picture(slip, width)
    black = image.point(lambda white: 0 if white else 1, "1")
    return Raster(image.width, image.height, black.tobytes())
