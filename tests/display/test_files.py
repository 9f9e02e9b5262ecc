"""The files of the page: self-contained, old-browser syntax, no inline code, licences beside the fonts, a short chime."""

from __future__ import annotations

import re
import struct
import unicodedata
import wave
from pathlib import Path

import pytest

from display.board import Settings
from display.chime import LENGTH_S, samples
from display.web.app import CSP, WEB, page_html

STATIC = WEB / "static"
HTML = page_html()
SCRIPTS = sorted(STATIC.glob("*.js"))
NEWER_THAN_ES2019 = re.compile(
    r"\?\.[a-zA-Z_(\[]|\?\?|import\.meta|\bawait\s+import\(|\|\|=|&&=|\bBigInt\b|\.replaceAll\(|\.at\(|^\s*#\w|\.matchAll\(",
    re.MULTILINE,
)


def test_everything_the_page_names_is_there_and_relative() -> None:
    names = re.findall(r'(?:src|href)="([^"]+)"', HTML)
    assert len(names) > 5
    assert all((WEB / name).is_file() for name in names), names
    css = (STATIC / "board.css").read_text(encoding="utf-8")
    fonts = re.findall(r"url\(([^)]+)\)", css)
    assert len(fonts) == 5
    assert all((STATIC / name).is_file() for name in fonts)
    for script in SCRIPTS:
        for name in re.findall(r'from "([^"]+)"', script.read_text(encoding="utf-8")):
            assert name.startswith("./")
            assert (STATIC / name).is_file()
    for text in (HTML, css, *(script.read_text(encoding="utf-8") for script in SCRIPTS)):
        assert not re.search(r"https?://(?!www\.w3\.org)", text)


def test_there_is_no_inline_script_or_style_and_the_policy_is_strict() -> None:
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", HTML)
    assert CSP.startswith("default-src 'self';")
    assert "unsafe" not in CSP


def test_the_page_carries_the_stream_and_the_sound_as_attributes() -> None:
    assert 'data-stream="stream"' in HTML
    assert 'data-audio="off"' in HTML
    other = page_html(stream="/api/v1/stream", audio=True)
    assert 'data-stream="/api/v1/stream"' in other
    assert 'data-audio="on"' in other


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_keep_to_es2019(script: Path) -> None:
    code = re.sub(r"//.*", "", script.read_text(encoding="utf-8"))
    assert not NEWER_THAN_ES2019.search(code), NEWER_THAN_ES2019.search(code)
    assert "Date.now" not in code, "ages come from performance.now(), the time of day from the server"
    assert "new Date()" not in code


def test_the_limits_in_the_page_are_those_of_the_display() -> None:
    plain, rules = Settings(), (STATIC / "board.js").read_text(encoding="utf-8")
    assert f"{{stale_after_s: {plain.stale_after_s:g}, dead_after_s: {plain.dead_after_s:g}}}" in rules


def test_fonts_come_with_their_licences() -> None:
    fonts = {file.name for file in (STATIC / "fonts").glob("*.woff2")}
    assert {name.split("-latin")[0].split("-vietnamese")[0] for name in fonts} == {"be-vietnam-pro", "noto-sans"}
    for name in ("be-vietnam-pro", "noto-sans"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in (STATIC / "fonts" / f"{name}-OFL.txt").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in STATIC.rglob("*.*") if file.suffix in (".js", ".css", ".woff2")) <= 150_000


def test_words_are_composed_vietnamese() -> None:
    for text in (HTML, *(script.read_text(encoding="utf-8") for script in SCRIPTS)):
        assert text == unicodedata.normalize("NFC", text)
    assert "MẤT KẾT NỐI" in HTML
    assert "Xin hỏi nhân viên tại quầy" in HTML


def test_the_chime_is_ours_short_and_not_clipped() -> None:
    with wave.open(str(STATIC / "chime.wav"), "rb") as chime:
        assert chime.getnframes() / chime.getframerate() == pytest.approx(LENGTH_S, abs=0.01)
        shipped = struct.unpack(f"<{chime.getnframes()}h", chime.readframes(chime.getnframes()))
    assert LENGTH_S <= 1.5
    assert max(map(abs, shipped)) <= 0.75 * 32767
    assert max(abs(a - 32767 * b) for a, b in zip(shipped, samples(), strict=True)) < 3
    assert abs(shipped[-1]) < 50
