"""The kiosk's own server: what it refuses, what it never shows, its stream."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from kiosk import panels
from tests.kiosk.conftest import KioskProcess


def ask(kiosk: KioskProcess, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, str, str]:
    request = urllib.request.Request(kiosk.url + path, body, {"Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("Content-Security-Policy", "")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode(), refused.headers.get("Content-Security-Policy", "")


BAD = [
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b'"x"', "application/json"),
    (b"{}", "application/json"),
    (b'{"service":"ho-tich"}', "text/plain"),
    (b'{"service":7,"visit":"a-1"}', "application/json"),
    (b'{"service":"no-such","visit":"a-1"}', "application/json"),
    (b'{"service":"ho-tich","visit":"' + b"x" * 5000 + b'"}', "application/json"),
    ('{"service":"h\u0001","visit":"a-1"}'.encode(), "application/json"),
]


@pytest.mark.parametrize(("body", "kind"), BAD)
def test_bad_input_is_refused_with_a_reason_and_nothing_happens(shared_kiosk: KioskProcess, body: bytes, kind: str) -> None:
    status, text, _ = ask(shared_kiosk, "POST", "/api/choose", body, kind)
    assert status in (400, 413)
    assert json.loads(text)["code"] == "malformed"
    assert "Traceback" not in text
    assert shared_kiosk.state()["screen"] == "home"


@pytest.mark.parametrize("path", ["/nothing", "/static/none.js", "/choose", "/%2e%2e/etc/passwd"])
def test_a_wrong_address_shows_the_resting_page_without_a_code(shared_kiosk: KioskProcess, path: str) -> None:
    status, text, csp = ask(shared_kiosk, "GET", path)
    assert status == 404
    assert "Máy tạm dừng." in text
    assert "404" not in text
    assert "Not Found" not in text
    assert csp.startswith("default-src 'self'")


def test_every_answer_carries_the_policy_and_no_page_has_inline_code(shared_kiosk: KioskProcess) -> None:
    for path in ("/", "/device.css", "/api/state", "/static/kiosk.js"):
        _, text, csp = ask(shared_kiosk, "GET", path)
        assert "'unsafe-inline'" not in csp
        assert csp
        if path == "/":
            assert "style=" not in text
            assert "<script>" not in text
            assert "onclick" not in text


def test_the_pages_weight(shared_kiosk: KioskProcess) -> None:
    fonts = [f"/static/fonts/be-vietnam-pro-{part}-{weight}-normal.woff2" for part in ("latin", "vietnamese") for weight in (400, 700)]
    files = ["/static/kiosk.css", "/device.css", *(f"/static/{name}.js" for name in ("kiosk", "screens", "layout", "dom", "live"))]
    total = 0
    for path in [*files, *fonts, "/static/fonts/noto-sans-latin-700-normal.woff2"]:
        with urllib.request.urlopen(shared_kiosk.url + path, timeout=10) as answer:
            total += len(answer.read())
    assert total <= 150_000


def test_the_stream_tells_the_state_and_ends_with_the_process(make_kiosk: Callable[..., KioskProcess]) -> None:
    kiosk = make_kiosk("--panel", "21in-1080x1920")
    kiosk.start()
    kiosk.on("home")
    assert "4.03px" in ask(kiosk, "GET", "/device.css")[1]
    line = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=10)
    line.request("GET", "/stream")
    answer = line.getresponse()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["X-Accel-Buffering"] == "no"
    states: list[str] = []
    kiosk.choose()
    while "number" not in states:
        text = answer.readline().decode()
        if text.startswith("data:"):
            states.append(json.loads(text[5:]).get("screen", "beat"))
    assert states[0] in ("home", "issuing", "number")
    assert kiosk.kill(15) == 0
    line.close()


def test_profiles_are_those_that_are_tested() -> None:
    assert panels.device_css("21in-1080x1920") == ":root{--mm:4.03px}\n"
    assert "5.16px" in panels.device_css("auto")
    assert "4.03px" in panels.device_css("auto")
