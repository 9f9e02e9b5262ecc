"""A key made once and kept; signatures that another implementation of the same RFC accepts; a counter that never falls."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from queue_server.client import Client
from queue_server.contract import device as shared
from queue_server.device import identity, signing
from queue_server.device.counter import Counter
from queue_server.device.files import Places


def made(folder: Path) -> identity.Identity:
    return identity.load_or_make(folder / "identity", Places(folder))


# ---------------------------------------------------------------- the key
def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = made(tmp_path)
    again = made(tmp_path)
    assert first.public == again.public
    assert stat.S_IMODE((first.folder / "device.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(first.folder.stat().st_mode) == 0o700
    assert {path.name for path in first.folder.iterdir()} == {"device.key"}  # nothing half written stays
    assert (len(first.words), first.accepted) == (4, False)


def test_no_key_is_made_while_an_image_is(tmp_path: Path) -> None:
    guard = Places(tmp_path).image_build
    guard.parent.mkdir()
    guard.touch()
    with pytest.raises(identity.NoIdentity, match="image"):
        made(tmp_path)
    assert not (tmp_path / "identity").exists()
    guard.unlink()
    assert made(tmp_path).public


def test_a_try_that_lost_power_leaves_no_key_behind(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    folder.mkdir(mode=0o755)
    (folder / ".device.key.new").write_bytes(b"-----BEGIN PRIV")
    assert made(tmp_path).public
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("broken", [b"no key", b"\xff" * 300_000])
def test_a_key_that_cannot_be_read_is_told_and_never_replaced(tmp_path: Path, broken: bytes) -> None:
    folder = made(tmp_path).folder
    (folder / "device.key").write_bytes(broken)
    with pytest.raises(identity.NoIdentity, match=r"device\.key"):
        made(tmp_path)
    assert (folder / "device.key").read_bytes() == broken


def test_what_the_site_said_is_kept(tmp_path: Path) -> None:
    one = made(tmp_path)
    one.keep({"device": "kiosk-07", "site": "phuong", "role": "kiosk", "servers": ["http://a", "http://b"]})
    again = made(tmp_path)
    assert (again.accepted, again.device, again.servers, again.role) == (True, "kiosk-07", "http://a,http://b", "kiosk")
    identity.forget(again.folder)
    assert [path.name for path in again.folder.iterdir()] == ["device.json"]
    assert identity.facts_in(again.folder) == {"wiped": True, "role": "kiosk", "name": None}
    assert not made(tmp_path).accepted  # another key, which nobody knows


def test_only_the_sites_key_signs_for_the_site(tmp_path: Path) -> None:
    one, site = made(tmp_path), Ed25519PrivateKey.generate()
    one.keep({"device": "k", "site_key": shared.encode(site.public_key().public_bytes_raw())})
    document = {"b": 1, "a": "Quầy số 7"}
    signature = shared.encode(site.sign(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()))
    assert one.signed_by_site(document, signature)
    assert not one.signed_by_site({**document, "b": 2}, signature)
    assert not one.signed_by_site(document, shared.encode(one.key.sign(identity.canonical(document))))
    assert not any(one.signed_by_site(document, bad) for bad in ("", "?", "AAAA", signature[:-4]))


# ---------------------------------------------------------------- the counter
def test_the_counter_never_falls_and_seldom_writes(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    counter = Counter(path)
    seen = [counter.next() for _ in range(300)]
    assert seen == list(range(1, 301))
    assert int(path.read_text()) == 512
    after = Counter(path).next()  # a start after a power cut: above all that may have been used
    assert after == 513
    assert Counter(tmp_path / "other", path).next() > 513


def test_a_worn_counter_is_told(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("\0\0\0")
    with pytest.raises(ValueError, match="enrol it anew"):
        Counter(tmp_path / "counter")


# ---------------------------------------------------------------- signatures
def base_of(request: httpx.Request) -> bytes:
    """The signature base of RFC 9421 §2.5, written out by hand."""
    parameters = request.headers["signature-input"].removeprefix(f"{shared.LABEL}=")
    lines = [
        f'"@method": {request.method}',
        f'"@target-uri": {request.url}',
        f'"content-digest": {request.headers["content-digest"]}',
        f'"toiluot-counter": {request.headers["toiluot-counter"]}',
        f'"@signature-params": {parameters}',
    ]
    return "\n".join(lines).encode()


def test_each_request_is_signed_as_the_rfc_says_and_a_repeated_one_anew(tmp_path: Path) -> None:
    sent: list[httpx.Request] = []

    def far_end(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    one = made(tmp_path)
    client = Client("http://server:8080", auth=signing.signer(one, one.folder), transport=httpx.MockTransport(far_end))
    client.heartbeat({"device": "kiosk-07", "role": "kiosk"})
    client.heartbeat({"device": "kiosk-07", "role": "kiosk"})
    client.tickets(label="A001", day="2026-11-23")
    for request in sent:
        body = request.read()
        assert request.headers["content-digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        signature = request.headers["signature"].removeprefix(f"{shared.LABEL}=:").rstrip(":")
        one.key.public_key().verify(base64.b64decode(signature), base_of(request))
        assert f'keyid="{one.keyid}"' in request.headers["signature-input"]
        assert "authorization" not in request.headers
    assert [int(request.headers["toiluot-counter"]) for request in sent] == [1, 2, 3]
    assert len({request.headers["signature"] for request in sent}) == 3
    assert len({request.headers["signature-input"].split("nonce=")[1] for request in sent}) == 3


def test_a_pinned_authority_is_believed_alone_and_by_a_board_whose_clock_stands_still() -> None:
    assert identity.trust("") is True
    with pytest.raises(OSError, match=r"PEM|no start line|SSL"):
        identity.trust("no certificate")
