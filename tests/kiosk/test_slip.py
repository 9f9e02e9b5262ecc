"""What the slip says, read back from the dots by other people's programs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kiosk import raster, slip
from kiosk.i18n import translator
from kiosk.slip import Role
from kiosk.values import Ticket, home_from
from tests.kiosk.far_end import WARD, home

URL = "https://toiluot.example.gov.vn/t/k7Qm2xV9bT4wZ1nR8sY5cA"
TICKET = Ticket("t1", "A105", "ho-tich", "Khu A, tầng 1", 6, 1260, 1740, "2026-11-21T07:42:10+07:00", URL)
HOME = home_from(home())


def made(ticket: Ticket = TICKET, lang: str = "vi", *, reprint: bool = False, short: bool = False) -> slip.Slip:
    return slip.compose(ticket, HOME, lang, translator(lang), reprint=reprint, short=short)


def roles(one: slip.Slip) -> dict[Role, str]:
    return {line.role: line.text for line in one.lines}


def image_of(one: raster.Raster) -> Image.Image:
    """From the packed bytes, as a printer reads them: 1 = black."""
    return ImageChops.invert(Image.frombytes("1", (one.width, one.height), one.data).convert("L"))


def read(one: slip.Slip, folder: Path, width: int = 576) -> str:
    image_of(raster.render(one, width)).save(folder / "slip.png", dpi=(203, 203))
    command = ["tesseract", "slip.png", "-", "-l", "vie", "--psm", "6"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_slip_says_what_a_citizen_needs() -> None:
    said = roles(made())
    assert said[Role.NUMBER] == "A105"
    assert said[Role.CENTRE] == HOME.site_name
    assert said[Role.SERVICE] == "Hộ tịch"
    assert said[Role.ZONE] == "Mời chờ ở: Khu A, tầng 1"
    assert said[Role.AHEAD] == "Trước bạn: 6 người"
    assert said[Role.WAIT] == "Dự kiến chờ: khoảng 20–30 phút"
    assert (said[Role.TIME], said[Role.DATE]) == ("07:42", "21/11/2026")
    assert said[Role.FREE] == "Miễn phí"
    assert said[Role.NOTICE] == "Phiếu này không thay Giấy tiếp nhận hồ sơ"
    assert Role.REPRINT not in said


def test_a_foreigners_slip_still_protects_in_vietnamese() -> None:
    texts = [line.text for line in made(lang="en").lines]
    assert "Civil status" in texts
    assert "Free of charge · Miễn phí" in texts
    assert "Phiếu này không thay Giấy tiếp nhận hồ sơ" in texts


def test_a_reprint_is_marked_larger_than_any_other_word() -> None:
    said = roles(made(reprint=True))
    assert said[Role.REPRINT] == "IN LẠI"
    words = [look.size for role, look in raster.LOOKS.items() if role not in (Role.NUMBER, Role.TIME, Role.REPRINT)]
    assert raster.LOOKS[Role.REPRINT].size > max(words)


def test_no_code_without_an_address_that_a_telephone_could_open() -> None:
    from kiosk.values import ticket_from

    bare = ticket_from({"id": "t1", "label": "A105", "url": "/t/k7Qm2xV9bT4wZ1nR8sY5cA"})
    assert (made(bare).qr, Role.QR_HINT in roles(made(bare))) == ("", False)


@pytest.mark.parametrize("width", [576, 384])
def test_a_stranger_reads_the_code_off_the_dots(width: int, tmp_path: Path) -> None:
    image_of(raster.render(made(), width)).save(tmp_path / "slip.png")
    found = subprocess.run(["zbarimg", "-q", "--raw", "slip.png"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert found.stdout.strip() == URL


def test_a_stranger_reads_the_vietnamese_off_the_dots(tmp_path: Path) -> None:
    text = read(made(replace(TICKET, url="")), tmp_path)
    for line in ("Hộ tịch", "Mời chờ ở: Khu A, tầng 1", "Trước bạn: 6 người", "07:42", "21/11/2026", "Miễn phí"):
        assert line in text, text
    assert "Phiếu này không thay Giấy tiếp nhận hồ sơ" in text
    assert re.search("khoảng 20.30 phút", text)


def test_stacked_marks_keep_clear_of_the_line_above() -> None:
    """Ễ Ậ Ở under a line of descenders: at least one row of white dots between the two."""
    lines = (slip.Line(Role.SERVICE, "gyjpq gyjpq gyjpq gyjpq"), slip.Line(Role.SERVICE, "Ễ Ậ Ở Ặ Ỗ Ử"))
    picture = image_of(raster.render(slip.Slip(lines)))
    rows = [picture.crop((0, y, picture.width, y + 1)).getextrema()[0] == 0 for y in range(picture.height)]
    inked = "".join("#" if row else "." for row in rows).strip(".")
    bodies = [part for part in re.split(r"\.+", inked) if len(part) > 10]  # without the dots of "j" and "Ậ"
    assert len(bodies) == 2, inked
    assert raster.LINE_HEIGHT >= 1.35


@pytest.mark.parametrize("width", [576, 384])
@pytest.mark.parametrize("label", ["A1", "A045", "AB1005"])
def test_nothing_leaves_the_paper(width: int, label: str) -> None:
    long = home([("ho-tich", "Thủ tục " + "xác nhận trợ cấp " * 60, "x", "A", 3, True)])
    text = slip.compose(replace(TICKET, label=label), home_from(long), "vi", translator("vi"))
    one = raster.render(text, width)
    picture = image_of(one)
    assert len(one.data) == one.height * width // 8
    box = ImageChops.invert(picture).getbbox()
    assert box
    assert box[0] >= 4
    assert box[2] <= width - 4
    assert one.height < 1600


@pytest.mark.parametrize("code", [service[0] for service in WARD])
def test_no_slip_carries_a_person(code: str) -> None:
    texts = " ".join(line.text for line in made(replace(TICKET, service=code)).lines)
    assert not re.search(r"\d{9,12}", texts)


# ---------------------------------------------------------------- the short slip
PLACES = ["Khu A, tầng 1", "Sảnh chờ tầng 2, cánh Đông nhà B"]


@pytest.mark.parametrize("width", [576, 384])
@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("label", ["A1", "A105", "AB1005"])
def test_a_short_slip_is_at_most_360_rows_whatever_stands_on_it(width: int, lang: str, label: str) -> None:
    for service in (one[0] for one in WARD):
        for zone in PLACES:
            for url in (URL, ""):
                one = raster.render(made(replace(TICKET, label=label, service=service, zone=zone, url=url), lang, short=True), width)
                assert one.height <= 360, (service, zone, url)
                box = ImageChops.invert(image_of(one)).getbbox()
                assert box
                assert box[0] >= 4
                assert box[2] <= width - 4
                assert box[3] <= one.height - 2, "nothing is cut off at the end"


@pytest.mark.parametrize("width", [576, 384])
def test_a_service_of_a_thousand_letters_still_fits_a_short_slip(width: int) -> None:
    long = home_from(home([("ho-tich", "Thủ tục " + "xác nhận trợ cấp " * 60, "x", "A", 3, True)]))
    text = slip.compose(TICKET, long, "vi", translator("vi"), short=True)
    assert raster.render(text, width).height <= 360


def test_a_short_slip_says_number_service_place_time_and_that_it_is_free() -> None:
    said = roles(made(short=True))
    assert said[Role.NUMBER] == "A105"
    assert said[Role.SERVICE] == "Hộ tịch"
    assert said[Role.ZONE] == "Mời chờ ở: Khu A, tầng 1"
    assert (said[Role.TIME], said[Role.DATE]) == ("07:42", "21/11/2026")
    assert said[Role.CENTRE] == "Phường Lang Biang – Đà Lạt"
    assert said[Role.NOTICE] == "Miễn phí · Phiếu này không thay Giấy tiếp nhận hồ sơ"
    english = [line.text for line in made(lang="en", short=True).lines if line.role is Role.NOTICE]
    assert english[1] == "Miễn phí · Phiếu này không thay Giấy tiếp nhận hồ sơ"


def test_a_slip_printed_again_is_never_short() -> None:
    again = made(reprint=True, short=True)
    assert not again.short
    assert roles(again)[Role.REPRINT]


@pytest.mark.parametrize("width", [576, 384])
def test_a_stranger_reads_the_code_off_a_short_slip(width: int, tmp_path: Path) -> None:
    image_of(raster.render(made(short=True), width)).save(tmp_path / "slip.png")
    found = subprocess.run(["zbarimg", "-q", "--raw", "slip.png"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert found.stdout.strip() == URL


def test_a_stranger_reads_the_words_of_a_short_slip(tmp_path: Path) -> None:
    text = read(made(replace(TICKET, url="", service="bao-tro"), short=True), tmp_path)
    for line in ("21/11/2026", "Bảo trợ xã hội, người có công", "Mời chờ ở: Khu A, tầng 1", "Miễn phí"):
        assert line in text, text
    assert "Phiếu này không thay Giấy tiếp nhận hồ sơ" in text


@pytest.mark.parametrize("ticket", [TICKET, replace(TICKET, url="")], ids=["beside the code", "alone"])
def test_a_stranger_reads_the_large_figures_of_a_short_slip(ticket: Ticket, tmp_path: Path) -> None:
    """From twice as far away: the figures are larger than what a reader of pages takes for letters."""
    picture = image_of(raster.render(made(ticket, short=True)))
    picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS).save(tmp_path / "slip.png")
    command = ["tesseract", "slip.png", "-", "-l", "vie", "--psm", "11"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "A105" in said
    assert "07:42" in said


@pytest.mark.parametrize("width", [576, 384])
def test_the_number_of_a_short_slip_is_read_from_afar(width: int) -> None:
    """At least 8 mm high beside everything else, at 8 dots a millimetre."""
    whole = image_of(raster.render(made(short=True), width))
    without = tuple(line for line in made(short=True).lines if line.role is not Role.NUMBER)
    bare = image_of(raster.render(slip.Slip((*without, slip.Line(Role.NUMBER, "·")), URL, short=True), width))
    rows = ImageChops.difference(whole, bare).getbbox()
    assert rows
    assert rows[3] - rows[1] >= 64


@pytest.mark.parametrize(
    ("setting", "bytes_per_s", "short"),
    [
        ("auto", None, False),
        ("auto", 200_000, False),
        ("auto", 46_080, False),
        ("auto", 11_520, True),
        ("auto", 960, True),
        ("full", 960, False),
        ("short", 200_000, True),
        ("short", None, True),
    ],
)
def test_the_line_or_the_centre_decides_how_long_a_slip_is(setting: str, bytes_per_s: int | None, short: bool) -> None:
    assert slip.wants_short(setting, 576, bytes_per_s) is short
