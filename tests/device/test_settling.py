"""What follows an admission, on disk: settings whole or not at all, overrides that win and are told, and what root does for a program."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.config import load_config
from queue_server.contract import device as shared
from queue_server.device import config, settling
from queue_server.device import identity as own
from queue_server.device.files import Places
from queue_server.device.joining import Join

SITE = Ed25519PrivateKey.generate()
DOCUMENT: dict[str, Any] = {"role": "kiosk", "panel": "7in-800x480", "printer": {"profile": "58mm-203", "port": "tcp://10.0.0.9:9100"}}


def places(root: Path) -> Places:
    made = Places(root)
    made.etc.mkdir(parents=True)
    return made


def device(where: Places) -> own.Identity:
    return own.load_or_make(where.identity, where)


def signed(document: dict[str, Any]) -> str:
    return shared.encode(SITE.sign(own.canonical(document)))


def answer(document: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    wanted = DOCUMENT if document is None else document
    facts = {"device": "kiosk-07", "site": "S", "role": "kiosk", "servers": ["https://10.0.0.2"], "ca_pem": "CA", **more}
    facts["site_key"] = shared.encode(SITE.public_key().public_bytes_raw())
    return facts | {"config": {"version": 3, "document": wanted, "signature": signed(wanted)}}


def env(where: Places, name: str) -> dict[str, str]:
    lines = (where.etc / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


# ---------------------------------------------------------------- admission
def test_an_admission_becomes_files_that_the_programs_read(tmp_path: Path) -> None:
    where, join = places(tmp_path), Join(("https://10.0.0.2",), join_key="tlj_x")
    where.join.write_text("servers = []")
    settling.settle(where, device(where), answer(), join)
    assert env(where, "kiosk.env") == {
        "TOILUOT_SERVER": "https://10.0.0.2", "TOILUOT_NAME": "kiosk-07", "TOILUOT_KIOSK_OPTIONS": "--panel 7in-800x480",
    }  # fmt: skip
    assert env(where, "screen.env")["TOILUOT_URL"] == "http://127.0.0.1:8765/"
    slots = {slot.role: slot for slot in load_config(where.etc / "drivers.toml").slots}
    assert (slots["printer"].place, slots["printer"].profile.name if slots["printer"].profile else "") == (
        "tcp://10.0.0.9:9100",
        "58mm-203",
    )
    assert not where.join.exists()  # it held a key
    again = own.load(where.identity)
    assert (again.device, again.servers, again.facts["ca_pem"]) == ("kiosk-07", "https://10.0.0.2", "CA")
    assert config.applied(where) == config.Applied(3, ())


def test_settings_without_the_sites_signature_are_not_believed(tmp_path: Path) -> None:
    where = places(tmp_path)
    forged = answer()
    forged["config"]["document"] = {**DOCUMENT, "servers": ["http://evil"]}
    with pytest.raises(settling.NotOurs):
        settling.settle(where, device(where), forged, None)
    assert not own.load(where.identity).accepted
    assert list(where.etc.iterdir()) == []


def test_what_the_card_said_holds_until_the_site_says_more(tmp_path: Path) -> None:
    where, join = places(tmp_path), Join(("https://10.0.0.2",), panel="15in-1920x1080", printer="58mm-203")
    settling.settle(where, device(where), answer({"role": "kiosk"}), join)
    assert env(where, "kiosk.env")["TOILUOT_KIOSK_OPTIONS"] == "--panel 15in-1920x1080"
    assert tomllib.loads((where.etc / "drivers.toml").read_text())["slot"]["printer"]["profile"] == "58mm-203"


def test_a_board_gets_a_boards_files(tmp_path: Path) -> None:
    where = places(tmp_path)
    settling.settle(where, device(where), answer({"role": "board", "zone": "A"}, role="board", device="bang-1"), None)
    assert env(where, "display.env")["TOILUOT_DISPLAY_OPTIONS"] == "--zone A"
    assert env(where, "screen.env")["TOILUOT_URL"] == "http://127.0.0.1:8766/"
    assert not (where.etc / "kiosk.env").exists()


@pytest.mark.parametrize("zone", ["A; reboot", "$(x)", 'a"b', "a b", "x" * 300])
def test_nothing_in_the_settings_becomes_another_command(tmp_path: Path, zone: str) -> None:
    where = places(tmp_path)
    with pytest.raises(config.BadConfig):
        config.apply(where, {"role": "board", "zone": zone, "servers": []}, 1)
    assert list(where.etc.iterdir()) == []


# ---------------------------------------------------------------- overrides and drift
def test_a_technicians_override_wins_and_is_told(tmp_path: Path) -> None:
    where = places(tmp_path)
    (where.etc / "local.d").mkdir()
    (where.etc / "local.d/printer.toml").write_text('[printer]\nport = "usblp:/dev/usb/lp1"\n')
    config.apply(where, {**DOCUMENT, "name": "k", "servers": ["http://a"]}, 4)
    assert tomllib.loads((where.etc / "drivers.toml").read_text())["slot"]["printer"]["port"] == "usblp:/dev/usb/lp1"
    assert config.applied(where) == config.Applied(4, ("printer.port",))
    (where.etc / "kiosk.env").write_text("by hand")
    assert config.applied(where).drift == ("printer.port", "file:kiosk.env")


def test_an_override_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    where = places(tmp_path)
    (where.etc / "local.d").mkdir()
    (where.etc / "local.d/bad.toml").write_text("= 7")
    with pytest.raises(config.BadConfig, match=r"bad\.toml"):
        config.apply(where, {**DOCUMENT, "servers": []}, 1)
    assert not (where.etc / "kiosk.env").exists()


def test_the_same_settings_change_no_file(tmp_path: Path) -> None:
    where = places(tmp_path)
    assert len(config.apply(where, {**DOCUMENT, "servers": ["http://a"]}, 1)) == 3
    assert config.apply(where, {**DOCUMENT, "servers": ["http://a"]}, 2) == ()
    assert config.applied(where).version == 2


# ---------------------------------------------------------------- root's part
@pytest.fixture
def handed(tmp_path: Path) -> tuple[Places, own.Identity, Path]:
    where = places(tmp_path)
    one = device(where)
    settling.settle(where, one, answer(), None)
    folder = tmp_path / "handed"
    folder.mkdir()
    return where, one, folder


def order(document: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"document": document, "signature": signed(document), **more}


def test_settings_are_taken_over_with_the_sites_signature_alone(handed: tuple[Places, own.Identity, Path]) -> None:
    where, one, folder = handed
    settling.hand_over(folder, settling.CONFIG, order({**DOCUMENT, "panel": "10in-1280x800"}, version=5))
    assert settling.take_over(where, one, folder) == ["config.json"]
    assert env(where, "kiosk.env")["TOILUOT_KIOSK_OPTIONS"] == "--panel 10in-1280x800"
    for bad in (
        {**order(DOCUMENT, version=6), "document": {**DOCUMENT, "panel": "other"}},
        order(DOCUMENT, version=4),
        order({**DOCUMENT, "name": "kiosk-08"}, version=9),
        {"version": 7},
        [],
    ):
        settling.hand_over(folder, settling.CONFIG, bad)
        (said,) = settling.take_over(where, one, folder)
        assert "refused" in said
        assert list(folder.iterdir()) == []
    assert config.applied(where).version == 5


def test_a_new_key_is_carried_by_the_old_one(handed: tuple[Places, own.Identity, Path]) -> None:
    where, one, folder = handed
    new, stranger = Ed25519PrivateKey.generate(), own.Identity(folder, Ed25519PrivateKey.generate())
    settling.hand_over(folder, settling.KEY, settling.signed_key(stranger, new))
    assert "refused" in settling.take_over(where, one, folder)[0]
    settling.hand_over(folder, settling.KEY, settling.signed_key(one, new))
    assert settling.take_over(where, one, folder) == ["device.key"]
    assert own.load(where.identity).public == new.public_key().public_bytes_raw()


def test_it_forgets_when_the_site_signed_that_and_not_before(handed: tuple[Places, own.Identity, Path]) -> None:
    where, one, folder = handed
    document = shared.wipe_document(one.keyid)
    for bad in ({"document": document, "signature": "AAAA"}, order(shared.wipe_document("x" * 22))):
        settling.hand_over(folder, settling.WIPE, bad)
        assert "refused" in settling.take_over(where, one, folder)[0]
    settling.hand_over(folder, settling.WIPE, order(document))
    assert settling.take_over(where, one, folder) == ["wipe.json"]
    assert not (where.identity / "device.key").exists()
    assert own.facts_in(where.identity)["wiped"] is True


def test_a_program_that_was_taken_over_leads_root_nowhere_else(handed: tuple[Places, own.Identity, Path]) -> None:
    """Links to and in its folder are not followed, so nothing of root's is read, applied or erased through them."""
    where, one, folder = handed
    folder.rmdir()
    folder.symlink_to(where.identity)
    assert "refused" in settling.take_over(where, one, folder)[0]
    folder.unlink()
    folder.mkdir()
    (folder / settling.KEY).symlink_to(where.identity / "device.key")
    assert "refused" in settling.take_over(where, one, folder)[0]
    os.mkfifo(folder / settling.CONFIG)  # opening it must not wait for a writer
    assert "refused" in settling.take_over(where, one, folder)[0]
    assert own.load(where.identity).public == one.public


def test_a_folder_that_is_not_there_asks_for_nothing(handed: tuple[Places, own.Identity, Path]) -> None:
    where, one, folder = handed
    assert settling.take_over(where, one, folder / "none") == []
    assert json.loads((where.etc / "applied.json").read_text())["version"] == 3
