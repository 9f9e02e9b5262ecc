"""Single sign-on against a provider over real HTTP: who gets in, who does not however the provider lies, and the way back."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from queue_server.bootstrap import build, prepare
from queue_server.domain.errors import Refusal
from queue_server.services import access, accounts, configuring
from queue_server.web import sso_settings
from queue_server.web.sso_provider import AGAIN_S, Provider
from queue_server.web.sso_settings import NewAccounts, Settings
from tests.hall import HandClock
from tests.security.oidc_mock import CLIENT, SECRET, MockProvider

PASSWORD = "mật-khẩu-còn-dùng"
OURS = "http://localhost"
_DIGEST = access.hash_password(PASSWORD)


class Desk:
    """A server with single sign-on, asked through its Flask application."""

    def __init__(self, folder: Path, settings: Settings | None) -> None:
        url = f"sqlite:///{folder}/site.db"
        store = prepare(url)
        configuring.init_site(store, site="W1", kind="training")
        store.write("", lambda rows: access.create_person(rows, login="lan", name="", role="clerk", sites=["W1"], password_hash=_DIGEST))
        store.close()
        self.server = build(url, log=Quiet(), sso=settings)
        self.browser = self.server.flask.test_client()

    def begin(self) -> None:
        """Another browser, and nothing remembered of the provider."""
        self.browser = self.server.flask.test_client()
        if provider := self.server.flask.extensions.get("sso"):
            provider.forget()

    def to_provider(self, browser: Any = None, path: str = "/login/sso") -> str:
        answer = (browser or self.browser).get(path)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def back(self, there: str) -> str:
        """The provider's redirect, as a path of ours."""
        answer = httpx.get(there, follow_redirects=False, trust_env=False)
        assert answer.status_code == 302
        return str(answer.headers["Location"]).removeprefix(OURS)

    def log_in(self, path: str = "/login/sso") -> Any:
        return self.browser.get(self.back(self.to_provider(path=path)))

    def role(self) -> str | None:
        answer = self.browser.get("/api/v1/session")
        return answer.json["role"] if answer.status_code == 200 else None


class Quiet:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def warning(self, *words: Any, **about: Any) -> None:
        self.lines.append((words, about))

    error = info = warning


@pytest.fixture(scope="module")
def settings(provider: MockProvider) -> Settings:
    return Settings(issuer=provider.url, client_id=CLIENT, client_secret=SECRET, public_url=OURS)


@pytest.fixture(scope="module")
def one_desk(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("sso"), settings)
    yield made
    made.server.close()


@pytest.fixture
def desk(one_desk: Desk, provider: MockProvider) -> Desk:
    provider.honest()
    one_desk.begin()
    return one_desk


def refused(desk: Desk, answer: Any) -> str:
    """Nobody is logged in, the page offers the password again and says no word of the reason; the log's reason."""
    assert answer.status_code in (401, 403, 503), answer.text
    assert desk.role() is None
    assert 'name="password"' in answer.text
    assert "Traceback" not in answer.text
    ((_, about),) = desk.server.house.log.lines[-1:]
    return str(about["why"])


def test_whom_the_provider_knows_gets_his_own_account_and_a_fresh_session(desk: Desk) -> None:
    desk.browser.set_cookie("toiluot_session", "fixed-by-somebody-else")
    assert 'id="sso"' in desk.browser.get("/login").text
    answer = desk.log_in("/login/sso?next=/counter/1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/counter/1")
    assert desk.role() == "clerk"
    cookies = answer.headers.getlist("Set-Cookie")
    assert any("toiluot_session=" in cookie and "HttpOnly" in cookie and "fixed" not in cookie for cookie in cookies)
    assert any("toiluot_sso=;" in cookie for cookie in cookies)


def test_pkce_state_and_nonce_are_new_each_time_and_long(desk: Desk) -> None:
    seen = [{name: value[0] for name, value in parse_qs(urlsplit(desk.to_provider()).query).items()} for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name]
        assert len(seen[0][name]) >= 43
    assert seen[0]["redirect_uri"] == f"{OURS}/login/sso/back"


LIES: dict[str, dict[str, Any]] = {
    "no signature at all": {"alg": "none"},
    "the public key as a secret": {"alg": "HS256"},
    "another nonce": {"claims": {"nonce": "x" * 43}},
    "no nonce": {"claims": {"nonce": None}},
    "another audience": {"claims": {"aud": "someone-else"}},
    "several audiences, meant for another": {"claims": {"aud": [CLIENT, "other"], "azp": "other"}},
    "another issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "expired": {"claims": {"exp": int(time.time()) - 3600}},
    "no expiry": {"claims": {"exp": None}},
    "from the future": {"claims": {"nbf": int(time.time()) + 36_000}},
    "an expiry that is no number": {"claims": {"exp": "tomorrow"}},
    "no subject": {"claims": {"sub": None}},
    "another state": {"back": {"state": "y" * 43}},
    "no state": {"back": {"state": None}},
    "no code": {"back": {"code": None}},
    "a code of its own": {"back": {"code": "made-up"}},
    "an error": {"back": {"code": None, "error": "access_denied", "error_description": "<script>alert(1)</script>"}},
    "another issuer on the way back": {"back": {"iss": "https://elsewhere.example"}},
    "no token": {"/token": b"{}"},
    "a token that is a list": {"/token": b'{"id_token":["a"]}'},
    "a token of nonsense": {"/token": b'{"id_token":"a.b.c"}'},
    "no JSON": {"/token": b"<html>"},
    "deep JSON": {"/token": b"[" * 100_000},
    "an endless answer": {"/token": b" " * 300_000},
    "a packed answer": {"headers": {"Content-Encoding": "gzip"}},
    "no keys": {"/keys": b"{}"},
    "keys of another shape": {"/keys": b'{"keys":[1,"a",{"kty":"oct","k":"AAAA"}]}'},
}


SAMPLE = {"no signature at all", "another nonce", "expired", "another state"}


@pytest.mark.parametrize("lie", [lie if lie in SAMPLE else pytest.param(lie, marks=pytest.mark.full) for lie in LIES])
def test_a_lie_of_the_provider_or_on_the_way_lets_nobody_in(desk: Desk, provider: MockProvider, lie: str) -> None:
    there = desk.to_provider() if "headers" not in LIES[lie] else None
    provider.lies = LIES[lie]
    answer = desk.browser.get(desk.back(there) if there else "/login/sso")
    assert refused(desk, answer)
    assert "<script>alert" not in answer.text


@pytest.mark.full
@pytest.mark.parametrize(
    ("said", "ok"),
    [
        ({"issuer": "https://elsewhere.example"}, False),
        ({"authorization_endpoint": "http://169.254.169.254/latest"}, False),
        ({"authorization_endpoint": "javascript:alert(1)"}, False),
        ({"authorization_endpoint": None}, False),
        ({}, True),
    ],
)
def test_discovery_names_only_safe_addresses_of_the_issuer(desk: Desk, provider: MockProvider, said: Any, ok: bool) -> None:
    provider.lies = {"discovery": said}
    answer = desk.browser.get("/login/sso")
    assert (answer.status_code == 303) is ok
    if not ok:
        refused(desk, answer)


@pytest.mark.full
@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_this_server_asks_nobody_in_the_clear_on_the_providers_word(desk: Desk, provider: MockProvider, name: str) -> None:
    provider.lies = {"discovery": {name: "http://10.0.0.1/internal"}}
    assert "no safe address" in refused(desk, desk.log_in())


@pytest.mark.full
def test_a_key_that_was_never_published_signs_for_nobody(desk: Desk, provider: MockProvider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "k1"})
    refused(desk, desk.log_in())


@pytest.mark.full
def test_a_rotated_key_is_fetched_once_and_not_for_every_forgery(settings: Settings, provider: MockProvider) -> None:
    provider.honest()
    clock = HandClock(int(time.time() * 1000))
    ours = Provider(settings, clock)

    def log_in() -> Any:
        there = ours.way_there("s" * 43, "n" * 43, "v" * 43)
        code = parse_qs(urlsplit(httpx.get(there, trust_env=False).headers["Location"]).query)["code"][0]
        return ours.claims(code, "n" * 43, "v" * 43)["preferred_username"]

    assert log_in() == "lan"
    provider.key = RSAKey.generate_key(2048, {"kid": "k2"})
    provider.published = [provider.key]
    with pytest.raises(Refusal, match="sso_failed"):
        log_in()  # the keys were read a moment ago
    clock.forward(AGAIN_S)
    assert log_in() == "lan"
    assert provider.asked.count("/keys") == 2


def test_the_way_back_counts_once_and_only_in_the_browser_that_began(desk: Desk) -> None:
    path = desk.back(desk.to_provider())
    thief = desk.server.flask.test_client()
    assert thief.get(path).status_code == 401  # has no cookie of the log-in
    assert desk.browser.get(path).status_code == 303
    desk.browser.get("/login")
    assert desk.browser.get(path).status_code == 401  # the cookie is gone
    assert thief.get(desk.back(desk.to_provider(thief)).replace("state=", "state=x")).status_code == 401


@pytest.mark.full
def test_a_code_fetched_elsewhere_is_worth_nothing(desk: Desk) -> None:
    """Somebody's own code put under another's log-in: the verifier is of another seed."""
    stranger = desk.server.flask.test_client()
    code = parse_qs(urlsplit(desk.back(desk.to_provider(stranger))).query)["code"][0]
    own = desk.back(desk.to_provider())
    mine = parse_qs(urlsplit(own).query)["code"][0]
    refused(desk, desk.browser.get(own.replace(mine, code)))


@pytest.mark.full
@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%09/evil.example", "x" * 400])
def test_nobody_is_sent_elsewhere_afterwards(desk: Desk, wanted: str) -> None:
    assert desk.log_in(f"/login/sso?next={wanted}").headers["Location"] == "/"


@pytest.mark.full
@pytest.mark.parametrize("cookie", ["", "a.b.c.d", "...", "x" * 3000, "é.1.a.b"])
def test_a_made_up_cookie_begins_nothing(desk: Desk, cookie: str) -> None:
    desk.browser.set_cookie("toiluot_sso", cookie, path="/login/sso")
    refused(desk, desk.browser.get("/login/sso/back?code=a&state=b"))


@pytest.mark.full
@pytest.mark.parametrize("claim", ["nobody", "", "x" * 65, "a\nb", None, 7, ["lan"]])
def test_only_an_account_that_is_here_is_let_in(desk: Desk, provider: MockProvider, claim: Any) -> None:
    provider.claims = {"preferred_username": claim}
    refused(desk, desk.log_in())
    assert desk.server.store.read is not None
    with desk.server.store.read() as reader:
        assert [row["login"] for row in reader.people()] == ["lan"]


@pytest.mark.full
def test_a_disabled_account_stays_out(desk: Desk) -> None:
    assert desk.log_in().status_code == 303
    accounts.set_disabled(desk.server.store, "lan", 1)
    desk.browser.delete_cookie("toiluot_session")
    refused(desk, desk.log_in())
    accounts.set_disabled(desk.server.store, "lan", None)
    assert desk.log_in().status_code == 303


@pytest.mark.full
def test_roles_of_the_provider_make_accounts_only_where_they_are_mapped(settings: Settings, provider: MockProvider, tmp_path: Path) -> None:
    mapped = NewAccounts("roles", (("queue-head", "site_head"), ("queue-clerk", "clerk")), ("W1",))
    desk = Desk(tmp_path, replace(settings, new_accounts=mapped))
    try:
        provider.claims = {"preferred_username": "Moi", "roles": ["something", "queue-clerk"]}
        assert desk.log_in().status_code == 303
        assert desk.role() == "clerk"
        with desk.server.store.read() as reader:
            made = reader.person_by_login("moi")
        assert made is not None
        assert made["sites"] == '["W1"]'
        for nothing in ([], ["director"], None, {"a": 1}, 3):
            provider.claims = {"preferred_username": "other", "roles": nothing}
            desk.browser.delete_cookie("toiluot_session")
            refused(desk, desk.log_in())
    finally:
        desk.server.close()


def test_the_password_still_works_when_the_provider_is_gone(desk: Desk, provider: MockProvider) -> None:
    provider.lies = {"status": 503}
    answer = desk.browser.get("/login/sso")
    assert answer.status_code == 503
    assert "sso_unreachable" in str(desk.server.house.log.lines[-1])
    assert 'name="password"' in answer.text
    assert desk.browser.post("/login", json={"login": "lan", "password": PASSWORD}).status_code == 200


@pytest.mark.full
def test_without_a_provider_there_is_no_button_and_no_address(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    try:
        assert 'id="sso"' not in desk.browser.get("/login").text
        assert desk.browser.get("/login/sso").status_code == 404
    finally:
        desk.server.close()


def test_an_account_that_was_guessed_at_is_let_go_on_by_a_colleague_and_by_the_provider(desk: Desk) -> None:
    """The sample of test_secrets: in one process, without HTTP."""

    def tries(password: str) -> int:
        return int(desk.browser.post("/login", json={"login": "LAN", "password": password}).status_code)

    assert {tries("sai") for _ in range(11)} == {401, 429}
    assert tries(PASSWORD) == 429
    assert desk.log_in().status_code == 303  # guesses are not this way in
    desk.begin()
    assert {tries("sai") for _ in range(11)} == {401, 429}
    accounts.unlock_anywhere(desk.server.store, "lan")
    assert tries(PASSWORD) == 200


# ---------------------------------------------------------------- the file
GOOD = """issuer = "https://sso.example/realm"
client_id = "toiluot"
client_secret_file = "oidc.secret"
public_url = "https://server.example/"
"""


def test_the_file_names_a_secret_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "oidc.toml").write_text(GOOD + '[new_accounts]\nclaim = "roles"\nsites = ["W1"]\nroles = { a = "clerk" }\n')
    (tmp_path / "oidc.secret").write_text("s3cret\n")
    (tmp_path / "oidc.secret").chmod(0o600)
    found = sso_settings.read(tmp_path / "oidc.toml")
    assert (found.redirect_uri, found.client_secret) == ("https://server.example/login/sso/back", "s3cret")
    assert found.new_accounts == NewAccounts("roles", (("a", "clerk"),), ("W1",))
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (GOOD.replace("https://sso", "http://sso"), "not HTTPS"),
        (GOOD.replace("https://server.example/", "ftp://x"), "no address"),
        (GOOD.replace("https://sso", "https://user:pw@sso"), "no address"),
        (GOOD + 'client_secret = "here"\n', "unknown client_secret"),
        (GOOD.replace('client_id = "toiluot"', ""), "client_id is needed"),
        (GOOD + '[new_accounts]\nclaim = "roles"\nsites = ["W1"]\nroles = { a = "king" }\n', "no role king"),
        (GOOD + "[new_accounts]\n", "needs claim"),
        ("= ", "no TOML"),
    ],
)
def test_a_file_that_would_open_a_hole_is_refused(tmp_path: Path, wrong: str, why: str) -> None:
    (tmp_path / "oidc.toml").write_text(wrong)
    (tmp_path / "oidc.secret").write_text("s3cret\n")
    (tmp_path / "oidc.secret").chmod(0o600)
    with pytest.raises(ValueError, match=why):
        sso_settings.read(tmp_path / "oidc.toml")


@pytest.mark.parametrize(("mode", "text", "why"), [(0o644, "s", "read by everybody"), (0o600, " \n", "empty")])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, mode: int, text: str, why: str) -> None:
    (tmp_path / "oidc.toml").write_text(GOOD)
    (tmp_path / "oidc.secret").write_text(text)
    (tmp_path / "oidc.secret").chmod(mode)
    with pytest.raises(ValueError, match=why):
        sso_settings.read(tmp_path / "oidc.toml")


@pytest.mark.full
def test_what_is_logged_names_nobody(desk: Desk, provider: MockProvider, caplog: pytest.LogCaptureFixture) -> None:
    provider.claims = {"preferred_username": "nguyen-van-a"}
    with caplog.at_level(logging.DEBUG):
        desk.log_in()
    said = str(desk.server.house.log.lines) + caplog.text
    assert SECRET not in said
    assert "nguyen-van-a" not in str(desk.server.house.log.lines)
