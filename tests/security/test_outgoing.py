"""What our programs ask others, and what they unpack: no redirect is followed, no proxy of the environment asked, no archive trusted."""

from __future__ import annotations

import ast
import io
import socket
import threading
import zipfile
from pathlib import Path

import pytest

from queue_server import bundle as archives
from queue_server.contract.orders import ZIP
from queue_server.dossier.adapters import Refusal, Wait
from queue_server.dossier.partner import partner as partner_at
from queue_server.recovery import backup
from queue_server.storage.copying import NotACopy

HOUSE = Path(__file__).parents[2]
CODE = [path for room in ("queue_server", "kiosk", "display", "drivers") for path in (HOUSE / room).rglob("*.py")]
RECORD = {"MaBanGhi": "S:T:1", "PhienBan": 1}


def clients() -> list[tuple[str, set[str], str]]:
    """Every place where an HTTP client is made, or a request sent without one: file, its keywords, the call."""
    found = []
    for path in CODE:
        if not any(word in path.read_bytes() for word in (b"httpx", b"urlopen", b"requests")):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "httpx.Client", "httpx.AsyncClient", "httpx.get", "httpx.post", "httpx.request", "httpx.stream",
                "urllib.request.urlopen", "urlopen", "requests.get", "requests.post",
            ):  # fmt: skip
                found.append((str(path.relative_to(HOUSE)), {each.arg or "**" for each in node.keywords}, ast.unparse(node)))
    return found


def test_no_client_follows_redirects_or_a_proxy_of_the_environment() -> None:
    made = clients()
    assert len(made) >= 4
    assert [place for place, _, call in made if "follow_redirects=True" in call or "verify=False" in call] == []
    assert [place for place, words, call in made if "httpx." in call and "trust_env" not in words and "**" not in words] == []


def test_a_dossier_system_cannot_send_us_elsewhere() -> None:
    """Its answer names an address inside: nobody goes there, and the credentials least of all."""
    inside = socket.create_server(("127.0.0.1", 0))
    outside = socket.create_server(("127.0.0.1", 0))
    inside.settimeout(0.5)
    there = f"http://127.0.0.1:{inside.getsockname()[1]}/latest/meta-data".encode()

    def answer() -> None:
        peer, _ = outside.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + there + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{outside.getsockname()[1]}"
    partner = partner_at(base, f"{base}/token", "id", "secret")
    try:
        with pytest.raises((Wait, Refusal)):
            partner.deliver([RECORD])
        thread.join(20)
        with pytest.raises(TimeoutError):
            inside.accept()
    finally:
        partner.close()
        inside.close()
        outside.close()


# ---------------------------------------------------------------- archives and copies
def bundle(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return out.getvalue()


def link() -> zipfile.ZipInfo:
    made = zipfile.ZipInfo("log.txt")
    made.external_attr = 0o120777 << 16
    return made


NAMES = ("../../etc/cron.d/x", "/etc/passwd", "a/../../b", "C:\\x", "..\\x", "a//b", ".hidden", "a b", "tệp")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_whose_names_lead_out_of_it_is_refused(name: str) -> None:
    with pytest.raises(archives.NotClean):
        archives.cleaned(ZIP, bundle((name, b"x")))


@pytest.mark.full
def test_a_bundle_that_unpacks_to_more_than_it_may_is_refused() -> None:
    bomb = bundle(("log.txt", b"\x20" * 40_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(archives.NotClean):
        archives.cleaned(ZIP, bomb)
    with pytest.raises(archives.NotClean):
        archives.cleaned(ZIP, bundle(*((f"f{n}.txt", b"x") for n in range(archives.MOST_MEMBERS + 1))))
    lying = bomb.replace((40_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))  # says ten bytes in both headers
    try:
        assert len(archives.cleaned(ZIP, lying)) < 10_000
    except archives.NotClean:
        pass


@pytest.mark.parametrize("junk", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\xff" * 18, b"\x00" * 500, bundle(("a.txt", b"x"))[:-10]])
def test_what_is_no_archive_is_refused_in_words(junk: bytes) -> None:
    with pytest.raises(archives.NotClean):
        archives.cleaned(ZIP, junk)


def test_a_link_in_a_bundle_is_a_text() -> None:
    made = archives.cleaned(ZIP, bundle((link(), b"/etc/shadow")))
    with zipfile.ZipFile(io.BytesIO(made)) as kept:
        assert kept.infolist()[0].external_attr >> 28 != 0o12
        assert kept.read("log.txt") == b"/etc/shadow"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00" + b"\x00" * 100, b"PK\x03\x04zip", b"../../etc/passwd\n", b"\xff" * 8192])
def test_a_restore_takes_no_file_but_one_of_ours(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    (tmp_path / "site.db").write_bytes(b"what is there stays")
    with pytest.raises(NotACopy):
        backup.restore(tmp_path / "copy", f"sqlite:///{tmp_path}/site.db")
    assert (tmp_path / "site.db").read_bytes() == b"what is there stays"
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "site.db"}
