"""`toiluot provision`: cards that a YAML reader understands, the status, and the page of a device that waits."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from queue_server.device.cli import provision
from queue_server.device.config import apply
from queue_server.device.files import Places
from queue_server.device.identity import facts_in, load, load_or_make
from queue_server.device.joining import read
from queue_server.device.opening import enrolled, open_credential
from queue_server.device.standing import Board, Phase, Standing
from queue_server.device.web import create_app

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(provision, words)
    return result.exit_code, result.output


# ---------------------------------------------------------------- cards
def test_a_card_is_valid_yaml_and_brings_the_join_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CA)
    words = [
        "card",
        "--server",
        "https://10.0.0.2:8443",
        "--server",
        "https://10.0.0.3:8443",
        "--name",
        "kiosk-07",
        "--panel",
        "7in-800x480",
    ]
    words += ["--printer", "58mm-203", "--ca", str(tmp_path / "ca.pem"), "--address", "10.0.0.7/24", "--gateway", "10.0.0.1"]
    code, output = call(*words, "--out", str(tmp_path / "card"))
    assert code == 0, output
    user, network, meta = (yaml.safe_load((tmp_path / "card" / name).read_text()) for name in ("user-data", "network-config", "meta-data"))
    assert (user["hostname"], user["locale"], user["timezone"]) == ("kiosk-07", "vi_VN.UTF-8", "Asia/Ho_Chi_Minh")
    assert (tmp_path / "card/user-data").read_text().startswith("#cloud-config\n")
    (join,) = [each for each in user["write_files"] if each["path"] == "/etc/toiluot/join.toml"]
    assert join["permissions"] == "0600"
    (tmp_path / "join.toml").write_text(join["content"])
    told = read(tmp_path / "join.toml")
    assert told.servers == ("https://10.0.0.2:8443", "https://10.0.0.3:8443")
    assert (told.name, told.role, told.panel, told.printer, told.ca_pem) == ("kiosk-07", "kiosk", "7in-800x480", "58mm-203", CA.strip())
    assert network["network"]["ethernets"]["eth0"]["addresses"] == ["10.0.0.7/24"]
    assert meta["local-hostname"] == "kiosk-07"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--name", "Kiosk 7"), "--name"),
        (("--name", "k", "--address", "here"), "--address"),
        (("--name", "k", "--server", "10.0.0.2"), "--servers"),
    ],
)
def test_a_card_that_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    code, output = call("card", "--server", "http://a", *words, "--out", str(tmp_path / "card"))
    assert code == 2
    assert says in output
    assert not (tmp_path / "card").exists()


# ---------------------------------------------------------------- a device
def test_the_status_says_who_it_is_and_what_differs(tmp_path: Path) -> None:
    code, output = call("status", "--root", str(tmp_path))
    assert code == 1
    assert "provision enrol" in output
    where = Places(tmp_path)
    one = load_or_make(where.identity, where)
    one.keep({"device": "kiosk-07", "role": "kiosk", "site": "S", "servers": ["http://a"]})
    apply(where, {"role": "kiosk", "name": "kiosk-07", "servers": ["http://a"]}, 2)
    (where.etc / "kiosk.env").write_text("")
    code, output = call("status", "--root", str(tmp_path), "--json")
    told = json.loads(output)
    assert (code, told["device"], told["words"]) == (0, "kiosk-07", list(one.words))
    assert told["config"] == {"version": 2, "drift": ["file:kiosk.env"]}
    assert call("words", "--root", str(tmp_path))[1].split() == list(one.words)


def test_no_key_is_made_into_an_image(tmp_path: Path) -> None:
    where = Places(tmp_path)
    where.image_build.parent.mkdir(parents=True)
    where.image_build.touch()
    code, output = call("enrol", "--root", str(tmp_path), "--once")
    assert code == 1
    assert "image" in output
    assert not where.identity.exists()


def test_a_device_that_is_let_in_asks_nobody_and_erases_what_the_card_left(tmp_path: Path) -> None:
    where = Places(tmp_path)
    load_or_make(where.identity, where).keep({"device": "kiosk-07"})
    where.etc.mkdir(parents=True)
    where.join.write_text('servers = ["http://127.0.0.1:9"]\njoin_key = "tlj_x"\n')
    assert call("enrol", "--root", str(tmp_path))[0] == 0
    assert not where.join.exists()


def test_copies_that_systemd_hands_out_are_an_identity_and_blank_ones_are_none(tmp_path: Path) -> None:
    """LoadCredential= gives the files; one that is not on disk arrives as a lone line feed."""
    where = Places(tmp_path / "device")
    load_or_make(where.identity, where).keep({"device": "kiosk-07", "servers": ["http://a", "http://b"]})
    handed, key = tmp_path / "handed", tmp_path / "kiosk.key"
    handed.mkdir()
    for name in ("device.key", "device.json"):
        (handed / name).write_bytes((where.identity / name).read_bytes())
    (handed / "counter").write_text("\n")
    key.write_text("\n")
    found = open_credential(identity=handed, key_file=key, server="", state=tmp_path / "state", role="kiosk")
    assert found is not None
    assert (found.server, found.name, found.key) == ("http://a,http://b", "kiosk-07", None)
    for name in ("device.key", "device.json"):
        (handed / name).write_text("\n")
    assert facts_in(handed) == {}
    key.write_text("tl_key\n")
    found = open_credential(identity=handed, key_file=key, server="http://a", state=tmp_path / "state", role="kiosk")
    assert found is not None
    assert (found.key, found.auth) == ("tl_key", None)
    assert enrolled(load(where.identity), "http://c", tmp_path / "state").server == "http://c"


# ---------------------------------------------------------------- the page
def page(**about: Any) -> str:
    client = create_app(Board(Standing(**about))).test_client()
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    return answer.get_data(as_text=True)


def test_a_waiting_device_shows_its_words_its_code_and_how_sure_its_server_is() -> None:
    waiting: dict[str, Any] = {
        "phase": Phase.WAITING,
        "words": ("sen", "trúc", "nghé", "lúa"),
        "user_code": "BCDF-GHJK",
        "name": "kiosk-07",
    }
    told = page(**waiting, server_words=("chuông", "gà", "giếng", "tre"), server="https://10.0.0.2:8443")
    assert all(f"<li>{word}</li>" in told for word in waiting["words"])
    assert "Máy đang chờ chấp nhận" in told
    assert "BCDF-GHJK" in told
    assert "chuông · gà · giếng · tre" in told
    assert "10.0.0.2:8443" in told
    assert "Đã nhận đúng máy chủ" in page(**waiting, pinned=True)
    assert "không mã hoá" in page(**waiting, plain=True)


@pytest.mark.parametrize("phase", Phase)
def test_every_standing_says_what_to_do_in_plain_words(phase: Phase) -> None:
    told = page(phase=phase, server="http://<b>evil</b>", name="<script>", role="kiosk")
    assert "<script>" not in told.replace('<script type="module"', "")
    assert "<b>" not in told
    assert "Xin lấy số ở quầy hướng dẫn." in told
    assert page(phase=phase, role="board").count("Xin lấy số") == 0


def test_the_page_knows_when_it_is_over() -> None:
    board = Board(Standing())
    client = create_app(board).test_client()
    first = client.get("/standing.json").get_json()
    board.change(phase=Phase.ACCEPTED)
    second = client.get("/standing.json").get_json()
    assert first["mark"] != second["mark"]
    assert second["phase"] == "accepted"
    assert client.get("/anything").status_code == 404
    assert client.get("/standing-files/standing.css").status_code == 200


def test_the_join_file_is_toml_that_another_reader_reads(tmp_path: Path) -> None:
    code, _ = call("card", "--server", "http://10.0.0.2:8080", "--name", "bang-1", "--role", "board", "--out", str(tmp_path))
    assert code == 0
    user = yaml.safe_load((tmp_path / "user-data").read_text())
    joins = [each["content"] for each in user["write_files"] if each["path"].endswith("join.toml")]
    assert tomllib.loads(joins[0])["role"] == "board"
