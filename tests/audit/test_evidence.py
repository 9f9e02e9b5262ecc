"""A day's bundle of evidence: verified by a script alone, and one byte changed anywhere is found."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from queue_server.audit import evidence
from queue_server.audit import verify_evidence as script
from queue_server.authority import Authority
from queue_server.domain.errors import Refusal
from queue_server.services import days, outages
from tests.hall import SITE, Hall, make_hall
from tests.standby.day import stretch

DAY = "2026-11-23"


def made(hall: Hall, day: str = DAY) -> bytes:
    keys = Authority(hall.store)
    key = keys.site_key
    with hall.store.read() as reader:
        return evidence.bundle(reader, SITE, day, now=hall.clock.at_ms, software="test", key=key, sign=keys.sign_document)


def parts_of(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(BytesIO(content)) as given:
        return {name: given.read(name) for name in given.namelist()}


def holds(content: bytes) -> bool:
    """What the command would exit with, as a word."""
    try:
        return all(each for each, _ in script.findings(content))
    except (ValueError, KeyError, TypeError, IndexError):
        return False


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """A day with everything that counts: served, absent, transferred, undone, cancelled, left over; sealed the next morning."""
    hall = make_hall(f"sqlite:///{tmp_path_factory.mktemp('evidence')}/site.db")
    hall.open("1")
    tickets = [hall.issue(dossier_code="000.00.53.H48-261123-0001" if n == 0 else None) for n in range(8)]
    hall.do(lambda unit: outages.start(unit, system="ho_tich", note="chậm"))
    for n in range(5):
        hall.clock.forward(100 + n)
        hall.next("1", previous="no_show" if n == 2 else "completed")
    hall.at("1", "serve")
    hall.clock.forward(11)
    hall.at("1", "recall") if n > 9 else None
    hall.on(tickets[4], "transfer", to={"service": "chung-thuc"})
    hall.clock.forward(30)
    hall.next("1")
    hall.undo("1")
    hall.attend(tickets[7], "cancel")
    hall.clock.forward(26 * 3600)
    assert days.turn(hall.store, SITE)
    hall.issue()  # the day after
    return hall


@pytest.fixture(scope="module")
def bundle(hall: Hall) -> bytes:
    return made(hall)


def test_a_bundle_verifies_with_the_script_inside_it_and_nothing_else(bundle: bytes, hall: Hall, tmp_path: Path) -> None:
    (tmp_path / "day.zip").write_bytes(bundle)
    (tmp_path / "verify.py").write_bytes(parts_of(bundle)["verify_evidence.py"])
    key = Authority(hall.store).site_key
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(tmp_path / "day.zip"), "--site-key", key]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (0, ""), told.stdout
    assert "ok    the day's seal holds this log" in told.stdout
    assert told.stdout.splitlines()[-1].endswith(": all holds")
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    wrong = [*command[:-1], base64.urlsafe_b64encode(other).decode()]
    told = subprocess.run(wrong, capture_output=True, text=True, timeout=60)
    assert (told.returncode, "WRONG the site key is the one that was given" in told.stdout) == (1, True)


def test_the_counts_are_those_of_the_day(bundle: bytes) -> None:
    figures = json.loads(parts_of(bundle)["figures.json"])
    assert {name: figures["counts"][name] for name in ("issued", "no_show", "cancelled")} == {"issued": 8, "no_show": 1, "cancelled": 1}
    assert figures["counts"]["expired"] >= 1
    said = dict(words.split(":", 1) for _, words in script.findings(bundle) if ": " in words)
    assert said["issued"] == " 8 in the figures, 8 by the log"


def offsets(content: bytes, seed: int, n: int) -> Iterator[int]:
    """The beginning, the end, and places all over."""
    rng = random.Random(seed)
    yield from (0, 1, len(content) - 1, len(content) - 2)
    yield from (rng.randrange(len(content)) for _ in range(n))


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ (1 + at % 255)]) + content[at + 1 :]


def test_one_byte_changed_anywhere_is_found(bundle: bytes) -> None:
    assert holds(bundle)
    for at in offsets(bundle, seed=7, n=40):
        assert not holds(changed(bundle, at)), at


@pytest.mark.full
@pytest.mark.slow("a thousand bytes, each verified whole")
def test_one_byte_changed_anywhere_is_found_a_thousand_times(bundle: bytes) -> None:
    for at in offsets(bundle, seed=8, n=1000):
        assert not holds(changed(bundle, at)), at


@pytest.mark.parametrize(
    "name", ["log.jsonl", "close.jsonl", "later.jsonl", "figures.json", "definitions.json", "seal.json", "config-1.json"]
)
def test_a_file_that_was_changed_and_packed_anew_is_found(bundle: bytes, name: str) -> None:
    parts = parts_of(bundle)
    parts[name] = parts[name].replace(b"0", b"1", 1) + b"\n"
    assert not holds(script.packed(parts))


def test_who_has_no_key_but_rewrites_everything_is_found_by_the_signature(bundle: bytes) -> None:
    parts = parts_of(bundle)
    rows = [json.loads(line) for line in parts["log.jsonl"].splitlines()]
    rows[-1]["actor"] = "person:nobody"
    rows[-1]["hash"] = script.row_hash(rows[-2]["hash"], rows[-1])
    parts["log.jsonl"] = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
    manifest = json.loads(parts["manifest.json"])
    manifest["files"]["log.jsonl"] = hashlib.sha256(parts["log.jsonl"]).hexdigest()
    parts["manifest.json"] = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    found = {words: each for each, words in script.findings(script.packed(parts))}
    assert found["the archive is byte for byte the one that was made"]
    assert not found["the signature is the site key's"]
    assert not found["the day's seal holds this log"]  # and with a key of one's own, by the seal that the next day follows


def test_a_row_left_out_or_added_is_found_by_the_chain(bundle: bytes) -> None:
    rows = [json.loads(line) for line in parts_of(bundle)["log.jsonl"].splitlines()]
    assert script.broken_at(rows) is None
    assert script.broken_at([*rows[:5], *rows[6:]]) == rows[6]["seq"]
    assert script.broken_at([*rows[:5], rows[4], *rows[5:]]) == rows[4]["seq"]


@pytest.mark.parametrize("seed", [4, 5])
def test_whatever_happened_on_a_day_the_script_counts_what_the_server_published(tmp_path: Path, seed: int) -> None:
    hall, rng = make_hall(f"sqlite:///{tmp_path}/any.db"), random.Random(seed)
    for _ in range(3):
        stretch(hall, rng, 60)
    hall.clock.forward(24 * 3600)
    days.turn(hall.store, SITE)
    with hall.store.read() as reader:
        sealed = [row["business_day"] for row in reader.seals(SITE)]
    for day in sealed:
        wrong = [words for each, words in script.findings(made(hall, day)) if not each]
        assert wrong == [], day
    assert sealed


def test_a_day_that_is_open_says_so_and_a_day_of_which_nothing_is_known_is_refused(hall: Hall) -> None:
    today = made(hall, "2026-11-24")
    assert holds(today)
    assert json.loads(parts_of(today)["manifest.json"])["sealed"] is False
    with pytest.raises(Refusal):
        made(hall, "2026-01-05")


def test_nothing_in_it_names_a_person_or_opens_a_page(bundle: bytes, hall: Hall) -> None:
    text = b"\n".join(parts_of(bundle).values()).decode()
    with hall.store.read() as reader:
        row = reader.site(SITE)
        assert row is not None
        secrets = [row["token_key"], row["board_token"], *(str(each["private_pem"]) for each in reader.authorities())]
    assert not [each for each in secrets if each in text]
    assert "holder" not in {name for line in parts_of(bundle)["log.jsonl"].splitlines() for name in json.loads(line)["data"]}


def test_the_signature_is_ed25519_as_everybody_else_reckons_it() -> None:
    key, rng = Ed25519PrivateKey.from_private_bytes(bytes(range(32))), random.Random(3)
    public = key.public_key().public_bytes_raw()
    for n in (0, 1, 63, 500):
        message = rng.randbytes(n)
        signature = key.sign(message)
        assert script.signed_by(public, message, signature)
        assert not script.signed_by(public, message + b"x", signature)
        bit = rng.randrange(512)
        bent = bytearray(signature)
        bent[bit // 8] ^= 1 << bit % 8
        assert not script.signed_by(public, message, bytes(bent))
    assert not script.signed_by(b"\xff" * 32, b"", bytes(64))
    # RFC 8032, section 7.1, test 2
    known = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    text = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert script.signed_by(known, b"\x72", bytes.fromhex(text))
