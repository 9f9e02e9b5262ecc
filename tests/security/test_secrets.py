"""Secrets at rest and on the way: hashed, or in files of their owner; in no log, answer or process list; too long to guess."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from queue_server.bootstrap import prepare
from queue_server.domain.principal import SYSTEM
from queue_server.recovery import backup
from queue_server.services import access, accounts, command, configuring, issuing
from queue_server.services.command import Command
from queue_server.services.ids import ticket_token
from tests.web.helpers import PASSWORD, Process, Site, rid, until

LEAST_BITS = 128


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def command_line(*words: str, text: str = "") -> str:
    """A command under a careless umask, as somebody's shell has it."""
    whole = [sys.executable, "-c", "import os, sys; os.umask(0o022); from toiluot import main; main(sys.argv[1:])", *words]
    done = subprocess.run(whole, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_database_and_its_copies_are_their_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        url = f"sqlite:///{tmp_path}/site.db"
        store = prepare(url)
        configuring.init_site(store, site="W1", kind="training")
        backup.back_up(url, tmp_path / "copy.sqlite3")
        found = {path.name: mode(path) for path in tmp_path.iterdir()}
        store.close()
        backup.restore(tmp_path / "copy.sqlite3", url)
        found |= {path.name: mode(path) for path in tmp_path.iterdir()}
    finally:
        os.umask(old)
    assert {"site.db", "copy.sqlite3", "site.db.replaced"} <= found.keys()
    assert {name for name, bits in found.items() if bits & 0o077} == set()


def test_keys_sessions_passwords_and_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/site.db"
    store = prepare(url)
    configuring.init_site(store, site="W1", kind="training")
    digest = access.hash_password(PASSWORD)
    key = store.write("", lambda rows: access.create_key(rows, name="k", scopes=("read",), sites=("W1",)))
    store.write("", lambda rows: access.create_person(rows, login="lan", name="", role="clerk", sites=["W1"], password_hash=digest))
    session = access.log_in(store, "lan", PASSWORD, store.clock.wall_ms())
    order = Command(rid(), "W1", SYSTEM, "test", "f")
    ticket = json.loads(command.run(store, order, lambda unit: issuing.issue(unit, service="ho-tich")).text)
    with store.read() as reader:
        page = ticket_token((reader.site("W1") or {})["token_key"], ticket["id"])
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (key, session.token, PASSWORD, PASSWORD.encode().hex()):
        assert secret.encode() not in kept
    with sqlite3.connect(tmp_path / "site.db") as database:
        assert database.execute("SELECT password_hash FROM person").fetchone()[0].startswith("$argon2id$")
    for secret in (key.removeprefix("tl_"), session.token, session.csrf, page):
        assert len(secret) * 6 >= LEAST_BITS, secret


def test_guesses_at_a_disabled_or_unknown_account_take_as_long(tmp_path: Path) -> None:
    """No timing: the same work is done. The hash that stands in for nobody's has the parameters of everybody's."""
    assert access._NOBODY.rsplit("$", 2)[0] == access.hash_password(PASSWORD).rsplit("$", 2)[0]


@pytest.mark.full
def test_no_secret_stands_in_a_log_or_a_configuration_that_is_read(server: Process, site: Site) -> None:
    key, login = site.key(), site.person("clerk")
    nobody = site.nobody()
    nobody.post("/login", json={"login": login, "password": "sai-" + PASSWORD})
    session = nobody.post("/login", json={"login": login, "password": PASSWORD})
    program = site.http(key=key)
    program.post("/api/v1/tickets", content=b'{"request_id":' + PASSWORD.encode())
    program.post(f"/api/v1/tickets/{key}/serve", json={"request_id": rid(), "counter": key})
    nobody.get(f"/b/{site.board_token}x")
    said = server.log.read_text()
    for secret in (key, PASSWORD, nobody.cookies["toiluot_session"], session.json()["csrf"], site.board_token):
        assert secret not in said
    shown = json.dumps(program.get("/api/v1/config").json()) + json.dumps(program.get("/api/v1/session").json())
    for secret in (key, site.board_token, "contact_key", "password"):
        assert secret not in shown


@pytest.mark.full
@pytest.mark.slow(reason="starts the command line six times")
def test_the_command_line_takes_and_lists_no_secret(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/site.db"
    command_line("server", "init", "--db", url, "--site", "W1")
    assert mode(tmp_path / "site.db") & 0o077 == 0
    command_line("server", "user", "create", "--db", url, "--login", "lan", "--role", "clerk", text=PASSWORD + "\n")
    key = json.loads(command_line("server", "api-key", "create", "--db", url, "--name", "k", "--scope", "read", "--json"))["key"]
    listed = command_line("server", "api-key", "list", "--db", url) + command_line("server", "user", "list", "--db", url)
    assert "lan" in listed
    assert key not in listed
    assert PASSWORD not in listed
    help_text = command_line("server", "user", "create", "--help") + command_line("server", "user", "set-password", "--help")
    assert "--password" not in help_text


# ---------------------------------------------------------------- ways back
def guessed(site: Site, login: str, times: int = 11) -> None:
    nobody = site.nobody()
    for _ in range(times):
        nobody.post("/login", json={"login": login, "password": "sai"})


@pytest.mark.full
@pytest.mark.slow(reason="eleven passwords are checked, slowly on purpose, under whatever load")
def test_an_account_that_was_guessed_at_comes_back_by_a_colleague(site: Site) -> None:
    victim, helper, nobody = site.person("clerk"), site.signed_in("technician"), site.nobody()
    guessed(site, victim)
    assert nobody.post("/login", json={"login": victim, "password": PASSWORD}).status_code == 429
    (shown,) = helper.get("/api/v1/accounts/resting").json()["accounts"]
    assert (shown["login"], shown["rests_s"] > 0) == (victim, True)
    assert victim in helper.get("/accounts").text
    answer = helper.post(f"/api/v1/accounts/{victim}/unlock", json={"request_id": rid()})
    assert answer.json() == {"login": victim, "failures": 0}
    assert nobody.post("/login", json={"login": victim, "password": PASSWORD}).status_code == 200
    assert helper.get("/api/v1/accounts/resting").json() == {"accounts": []}
    log = site.http().get("/api/v1/events", params={"limit": 1000}).json()["events"]
    (told,) = [event for event in log if event["type"] == "account.unlocked"]
    assert victim not in json.dumps(told)


@pytest.mark.full
def test_the_page_s_button_does_it_too_and_a_repeat_is_harmless(site: Site) -> None:
    victim, head = site.person("clerk"), site.signed_in("site_head")
    guessed(site, victim)
    fields = {"csrf_token": head.headers.pop("X-CSRF-Token"), "request_id": rid()}
    for _ in range(2):
        answer = head.post(f"/api/v1/accounts/{victim}/unlock", data=fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts")
    assert site.nobody().post("/login", json={"login": victim, "password": PASSWORD}).status_code == 200


@pytest.mark.full
@pytest.mark.slow(reason="guesses and then starts the command line")
def test_the_server_s_own_command_line_is_a_way_back_without_any_account(server: Process, site: Site, url: str) -> None:
    victim = site.person("site_head")
    guessed(site, victim)
    command_line("server", "user", "unlock", "--db", url, "--login", victim)
    assert site.nobody().post("/login", json={"login": victim, "password": PASSWORD}).status_code == 200


@pytest.mark.full
def test_nobody_unlocks_himself_or_a_neighbour_s_house(site: Site) -> None:
    clerk = site.signed_in("clerk")
    assert clerk.post("/api/v1/accounts/lan/unlock", json={"request_id": rid()}).status_code == 403
    stranger = access.hash_password(PASSWORD)
    site.store.write(
        "", lambda rows: access.create_person(rows, login=rid("other"), name="", role="clerk", sites=["FIRST"], password_hash=stranger)
    )
    with site.store.read() as reader:
        other = [row["login"] for row in reader.people() if row["sites"] == '["FIRST"]'][-1]
    answer = site.signed_in("technician").post(f"/api/v1/accounts/{other}/unlock", json={"request_id": rid()})
    assert answer.status_code == 404


@pytest.mark.full
def test_whoever_is_disabled_is_out_within_a_second(site: Site) -> None:
    browser = site.signed_in("clerk")
    with site.store.read() as reader:
        login = [row["login"] for row in reader.people() if row["sites"] == json.dumps([site.code])][-1]
    accounts.set_disabled(site.store, login, 1)
    until(lambda: browser.get("/api/v1/session").status_code == 401, within_s=20)
    assert site.nobody().post("/login", json={"login": login, "password": PASSWORD}).status_code == 401
