"""The command line and the process: init, keys, accounts, configuration, check, TLS, and what it refuses."""

from __future__ import annotations

import json
import socket
import sqlite3
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from queue_server.cli import server as commands
from queue_server.services import access
from tests.web.helpers import Process, Site, until


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(commands, words, input=stdin, catch_exceptions=False)


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/site.db"
    assert run("init", "--db", url, "--site", "P01", "--name", "Phường Thử").exit_code == 0
    return url


def test_init_makes_a_usable_site_and_twice_changes_nothing(db: str) -> None:
    first = json.loads(run("config", "show", "--db", db, "--json").stdout)
    assert len(first["services"]) >= 6
    assert len(first["counters"]) >= 8
    assert first["name"] == "Phường Thử"
    again = json.loads(run("init", "--db", db, "--site", "P01", "--name", "Tên Khác", "--json").stdout)
    assert again["created"] is False
    assert json.loads(run("config", "show", "--db", db, "--json").stdout) == first


@pytest.mark.parametrize("template", ["commune", "ward", "province"])
@pytest.mark.parametrize("kind", ["live", "pilot", "training", "demo"])
def test_every_template_and_kind(tmp_path: Path, template: str, kind: str) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    made = json.loads(run("init", "--db", url, "--site", "X", "--template", template, "--kind", kind, "--json").stdout)
    assert (made["created"], made["kind"]) == (True, kind)
    assert run("check", "--db", url).exit_code == 0


def test_a_key_is_the_last_word_and_is_kept_as_a_hash(db: str, tmp_path: Path) -> None:
    result = run("api-key", "create", "--db", db, "--name", "ki-ốt", "--scope", "issue,read")
    key = result.stdout.split()[-1]
    assert len(key) > 40
    assert key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    listed = json.loads(run("api-key", "list", "--db", db, "--json").stdout)["keys"]
    assert [(entry["name"], entry["scopes"], entry["revoked"]) for entry in listed] == [("ki-ốt", ["issue", "read"], False)]
    assert run("api-key", "revoke", "--db", db, listed[0]["id"]).exit_code == 0
    assert json.loads(run("api-key", "list", "--db", db, "--json").stdout)["keys"][0]["revoked"] is True
    assert run("api-key", "revoke", "--db", db, "no-such-id").exit_code == 2


def test_misuse_is_2_and_a_refusal_is_1(db: str, tmp_path: Path) -> None:
    assert run("api-key", "create", "--db", db, "--name", "x", "--scope", "everything").exit_code == 1
    assert run("api-key", "create", "--db", db, "--name", "x").exit_code == 2
    assert run("check", "--db", f"sqlite:///{tmp_path}/missing.db").exit_code == 2
    assert run("init", "--db", "mysql://x/y", "--site", "A").exit_code == 2
    assert run("init", "--db", f"sqlite:///{tmp_path}/y.db", "--site", "a b").exit_code == 1
    for result in (
        run("check", "--db", f"sqlite:///{tmp_path}/missing.db"),
        run("api-key", "create", "--db", db, "--name", "x", "--scope", "no"),
    ):
        assert "Traceback" not in result.output


def test_a_file_that_is_no_site_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("không phải cơ sở dữ liệu " * 100, encoding="utf-8")
    bare = sqlite3.connect(tmp_path / "bare.db")
    bare.execute("CREATE TABLE other (x)")
    bare.close()
    for name, code in (("text.db", 2), ("bare.db", 1)):
        for words in (["check"], ["run", "--bind", "127.0.0.1:0"], ["api-key", "list"]):
            result = run(*words, "--db", f"sqlite:///{tmp_path}/{name}")
            assert result.exit_code == code, (name, words, result.output)
            assert "Traceback" not in result.output


def test_sqlite_refuses_more_workers_with_the_reason(db: str) -> None:
    result = run("run", "--db", db, "--workers", "2")
    assert result.exit_code == 2
    assert "one writer" in result.output


def test_a_taken_port_is_told(db: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("run", "--db", db, "--bind", f"127.0.0.1:{taken.getsockname()[1]}")
    assert result.exit_code == 1
    assert "--bind" in result.output


def test_accounts_take_their_password_from_standard_input(db: str) -> None:
    made = run("user", "create", "--db", db, "--login", "lan", "--role", "clerk", "--name", "Lan", "--json", stdin="mật-khẩu-đủ-dài\n")
    assert json.loads(made.stdout)["role"] == "clerk"
    assert run("user", "set-password", "--db", db, "--login", "lan", stdin="một-mật-khẩu-khác\n").exit_code == 0
    assert run("user", "set-password", "--db", db, "--login", "lan", stdin="ngắn\n").exit_code == 1
    assert run("user", "set-password", "--db", db, "--login", "ai", stdin="một-mật-khẩu-khác\n").exit_code == 1
    assert run("user", "create", "--db", db, "--login", "x", "--role", "king", stdin="mật-khẩu-đủ-dài\n").exit_code == 1


def test_a_configuration_is_applied_whole_or_not_at_all(db: str, tmp_path: Path) -> None:
    document = json.loads(run("config", "show", "--db", db, "--json").stdout)
    file = tmp_path / "new.json"
    file.write_text(json.dumps({**document, "name": "Tên Mới"}), encoding="utf-8")
    assert json.loads(run("config", "apply", "--db", db, str(file), "--json").stdout)["version"] == 2
    file.write_text(json.dumps({**document, "colour": 1}), encoding="utf-8")
    refused = run("config", "apply", "--db", db, str(file))
    assert refused.exit_code == 1
    assert "/colour" in refused.output
    file.write_text("{", encoding="utf-8")
    assert run("config", "apply", "--db", db, str(file)).exit_code == 2
    assert json.loads(run("config", "show", "--db", db, "--json").stdout)["name"] == "Tên Mới"


def test_check_finds_a_changed_row(db: str, tmp_path: Path) -> None:
    assert run("check", "--db", db).exit_code == 0
    with sqlite3.connect(tmp_path / "site.db") as meddling:
        triggers = [row[0] for row in meddling.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            meddling.execute(f"DROP TRIGGER {name}")
        meddling.execute("UPDATE event SET actor = 'somebody' WHERE seq = 2")
    meddling.close()
    result = run("check", "--db", db)
    assert (result.exit_code, "row 2" in result.output) == (1, True)


def test_revoking_a_key_is_honoured_by_the_running_server_within_seconds(site: Site) -> None:
    key = site.key("read")
    http = site.http(key=key)
    assert http.get("/api/v1/services").status_code == 200
    with site.store.read() as reader:
        who = access.verify_key(reader, key)
    assert who is not None
    site.store.write("", lambda rows: rows.revoke_key(who.id, rows.now_ms))
    until(lambda: http.get("/api/v1/services").status_code == 401, 3)


def test_it_serves_over_tls_and_marks_its_cookies_secure(db: str, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*make, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    run("user", "create", "--db", db, "--login", "lan", "--role", "clerk", stdin="mật-khẩu-đủ-dài\n")
    process = Process(db, tmp_path / "log", "--tls", str(cert), str(key))
    try:
        trusted = ssl.create_default_context(cafile=str(cert))
        answer = httpx.post(f"{process.base}/login", json={"login": "lan", "password": "mật-khẩu-đủ-dài"}, verify=trusted, trust_env=False)
        assert answer.status_code == 200
        assert "Secure" in answer.headers["Set-Cookie"]
    finally:
        process.close()


@pytest.mark.parametrize("words", [[], ["init"], ["run"], ["api-key"], ["api-key", "create"], ["user"], ["config"], ["check"]])
def test_help_everywhere(words: list[str]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_the_log_of_the_room_holds_no_traceback_and_no_key(server: Any, site: Site) -> None:
    key = site.key("read")
    site.http(key=key).get("/api/v1/services")
    text = server.log.read_text()
    assert key not in text
    assert "Traceback" not in text
