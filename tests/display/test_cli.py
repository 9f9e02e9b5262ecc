"""`toiluot display run` as a person starts and stops it."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from display.cli import display as command
from display.web.app import HEADERS

from .conftest import Display, FarEnd, free_port, until


def run(*flags: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["run", *flags])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--key-file", "{key}"), "--server"),
        (("--server", "http://127.0.0.1:1"), "either --key-file or --board-token"),
        (("--server", "http://127.0.0.1:1", "--key-file", "{key}", "--board-token", "T"), "either --key-file or --board-token"),
        (("--server", "127.0.0.1:1", "--board-token", "T"), "must begin with http://"),
        (("--server", "http://127.0.0.1:1", "--key-file", "{key}.none"), "does not exist"),
    ],
)
def test_misuse_ends_with_2_and_says_what_to_do(tmp_path: Path, flags: tuple[str, ...], says: str) -> None:
    key = tmp_path / "key"
    key.write_text("tl_k\n")
    code, output = run(*(flag.replace("{key}", str(key)) for flag in flags))
    assert code == 2
    assert says in output


@pytest.mark.parametrize("content", [b"", b"two words\n", "kh\u00f3a".encode(), b"\xff\xfe"])
def test_a_key_file_without_a_key_is_named(tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "key"
    key.write_bytes(content)
    code, output = run("--server", "http://127.0.0.1:1", "--key-file", str(key))
    assert code == 1
    assert str(key) in output.replace("\n", "")


@pytest.mark.parametrize("bind", ["127.0.0.1:{taken}", "nonsense", "127.0.0.1:http"])
def test_an_address_that_cannot_be_bound_is_named(bind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = bind.replace("{taken}", str(taken.getsockname()[1]))
        code, output = run("--server", "http://127.0.0.1:1", "--board-token", "T", "--bind", address)
    assert code == 1
    assert f"Cannot listen on {address}" in output


def test_it_serves_the_page_without_a_server_and_ends_on_sigterm_with_pages_open(tmp_path: Path, display: Callable[..., Display]) -> None:
    one = display(f"http://127.0.0.1:{free_port()}")
    assert one.said == {"board": f"{one.url}/"}
    with urllib.request.urlopen(one.url, timeout=5) as page:
        assert {name: page.headers[name] for name in HEADERS} == HEADERS
        assert "Bảng gọi số" in page.read().decode()
    assert one.health()["link"] == "live"
    with urllib.request.urlopen(f"{one.url}/static/fonts/noto-sans-latin-700-normal.woff2", timeout=5) as font:
        assert font.headers["Content-Security-Policy"]
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{one.url}/static/../app.py", timeout=5)
    assert missing.value.code == 404
    assert "Không có trang này" in missing.value.read().decode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{one.url}/stream", b"{}", timeout=5)
    assert refused.value.code == 405

    stream = urllib.request.urlopen(f"{one.url}/stream", timeout=5)
    assert stream.readline() == b"retry: 1500\n"
    until(lambda: one.health()["pages"] == 1)
    begun = time.monotonic()
    one.process.send_signal(signal.SIGTERM)
    one.process.wait(timeout=10)
    assert time.monotonic() - begun < 5
    stream.close()
    text = one.log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert "tl_secret" not in text


def test_many_pages_are_refused_politely(far_end: Callable[..., FarEnd], display: Callable[..., Display]) -> None:
    one = display(far_end().url, "--board-token", "TOKEN")
    streams = [urllib.request.urlopen(f"{one.url}/stream", timeout=5) for _ in range(32)]
    with pytest.raises(urllib.error.HTTPError) as full:
        urllib.request.urlopen(f"{one.url}/stream", timeout=5)
    assert (full.value.code, full.value.headers["Retry-After"]) == (503, "5")
    assert json.loads(urllib.request.urlopen(f"{one.url}/healthz", timeout=5).read())["pages"] == 32
    for stream in streams:
        stream.close()
    until(lambda: one.health()["pages"] == 0)
