"""The short slip: number and QR code side by side, so that a slow serial line carries it in a third of the time.

Holds its arrangement alone; fonts, wrapping and the code itself are `lettering`'s. What is largest stays what an old person
looks for: the number, then the time, the service and the place. Where words are long the smaller lines shrink first.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from kiosk.lettering import code_side, draw_code, font, wrapped
from kiosk.slip import Role, Slip

MOST_ROWS = 360
MARGIN = 8
NUMBERS, WORDS, PLAIN = "NotoSans-Bold.ttf", "BeVietnamPro-Bold.ttf", "BeVietnamPro-Regular.ttf"
DIGIT_WIDTH = 2.4  # of "A105", in sizes of its font: how large a number may be for a width
TALL = 0.86  # of a font's size: digits carry no marks and have no descenders
LINE = 1.32
# How much smaller the words, and how many dots a module of the code: 5 (0.6 mm) as long as the words stay large.
TRIES = ((1.0, 5), (0.95, 5), (0.9, 5), (0.85, 5), (0.9, 4), (0.85, 4), (0.8, 4), (0.75, 4), (0.7, 4), (0.65, 4), (0.6, 4))
NARROW = 480


@dataclass(frozen=True)
class Text:
    """One row of letters around `middle`, between `top` and `top + height`."""

    text: str
    font: ImageFont.FreeTypeFont
    middle: float
    top: float
    height: float


@dataclass(frozen=True)
class Plan:
    texts: tuple[Text, ...]
    qr: tuple[int, int, int] | None  # left, top, dots of a module
    height: int


def picture(slip: Slip, width: int) -> Image.Image:
    """As large as 360 rows allow."""
    # Where even the smallest words are too many, the notice stands in Vietnamese alone: that is the one that binds.
    plans = (_plan(slip, width, shrink, module, notices) for notices in (2, 1) for shrink, module in TRIES)
    plan = next((one for one in plans if one.height <= MOST_ROWS), None) or _plan(slip, width, *TRIES[-1], 1)
    image = Image.new("L", (width, plan.height), 255)
    draw = ImageDraw.Draw(image)
    for row in plan.texts:
        draw.text((row.middle, row.top + row.height / 2), row.text, font=row.font, fill=0, anchor="mm")
    if plan.qr is not None:
        draw_code(draw, slip.qr, *plan.qr)
    return image.point(lambda grey: 255 if grey >= 128 else 0).convert("1")


class _Page:
    """Rows set from the top down. `left` and `right` bound the column."""

    def __init__(self, top: float) -> None:
        self.top = top
        self.texts: list[Text] = []

    def set(self, text: str, font_name: str, size: float, left: float, right: float, *, line: float = LINE, most: int = 9) -> None:
        room = int(right - left)
        usual = font(font_name, max(14, round(size)))
        rows = wrapped(text, usual, room)
        if len(rows) > most:
            rows = [*rows[: most - 1], f"{rows[most - 1]} …"]
        for row in rows:
            shown = font(font_name, _narrower(row, font_name, usual.size, room))
            self.texts.append(Text(row, shown, (left + right) / 2, self.top, usual.size * line))
            self.top += usual.size * line


def _narrower(text: str, font_name: str, size: float, room: int) -> int:
    """One word may be longer than the line."""
    fitting = round(size)
    while fitting > 14 and font(font_name, fitting).getlength(text) > room:
        fitting -= 1
    return fitting


def _plan(slip: Slip, width: int, shrink: float, module: int, notices: int) -> Plan:
    said = {line.role: line.text for line in slip.lines if line.role is not Role.NOTICE}
    narrow = width < NARROW
    left, right = MARGIN, width - MARGIN
    page = _Page(4)
    if not narrow:
        page.set(said.get(Role.CENTRE, ""), WORDS, 25 * shrink, left, right, most=1)
    side = code_side(slip.qr, module)
    if narrow:
        # On narrow paper the number has the whole width, and the place stands beside the code.
        number = min(150 * shrink, (right - left) / DIGIT_WIDTH)
        page.set(said.get(Role.NUMBER, ""), NUMBERS, number, left, right, line=TALL)
    block_top = page.top
    column = _Page(block_top)
    inner = right - side if side else right
    if not narrow:
        number = min(170.0 * shrink, (inner - left) / DIGIT_WIDTH)
        column.set(said.get(Role.NUMBER, ""), NUMBERS, number, left, inner, line=TALL)
    column.set(said.get(Role.TIME, ""), NUMBERS, 56 * shrink, left, inner, line=1.1)
    column.set(said.get(Role.DATE, ""), NUMBERS, 26 * shrink, left, inner, line=1.1)
    column.set(said.get(Role.ALONE, ""), PLAIN, max(16, 20 * shrink), left, inner, line=1.2)
    if narrow:
        column.set(said.get(Role.ZONE, ""), WORDS, 25 * max(0.8, shrink), left, inner, most=4)
    service = said.get(Role.SERVICE, "")
    if narrow and column.top - block_top < side * 0.75 and len(wrapped(service, font(WORDS, 24), int(inner - left))) == 1:
        column.set(service, WORDS, max(24, 38 * shrink), left, inner)  # there is room left beside the code
        service = ""
    page.texts += _centred(column, block_top, side)
    page.top = max(column.top, block_top + side)
    page.set(service, WORDS, 38 * shrink, left, right, most=2)
    if not narrow:
        page.set(said.get(Role.ZONE, ""), WORDS, 32 * shrink, left, right, most=2)
    for text in [line.text for line in slip.lines if line.role is Role.NOTICE][-notices:]:
        page.set(text, PLAIN, max(18, 22 * shrink), left, right, line=1.25)
    code = (round(right - side), round(block_top), module) if side else None
    return Plan(tuple(page.texts), code, round(page.top) + 4)


def _centred(column: _Page, top: float, side: float) -> list[Text]:
    """Beside the code, in the middle of its height."""
    down = max(0.0, (side - (column.top - top)) / 2)
    return [Text(row.text, row.font, row.middle, row.top + down, row.height) for row in column.texts]
