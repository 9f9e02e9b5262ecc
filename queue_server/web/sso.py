"""Logging in through the organisation: the way there and the way back, on top of the log-in with a password, which stays.

Holds the two addresses and the cookie that ties them to one browser. A provider proves who somebody is; the account, its role
and its sites are this server's, and a fresh session begins as after any log-in. Whether a second factor was asked for is
the provider's affair.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, redirect, request
from werkzeug.wrappers import Response

from queue_server.domain.errors import Refusal
from queue_server.services import access, accounts
from queue_server.web.asking import address
from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.people import begin_session, own_path, page_again
from queue_server.web.sso_provider import Provider
from queue_server.web.sso_settings import BACK, Settings

COOKIE = "toiluot_sso"
LASTS_MS = 10 * 60_000  # from the button to the way back


@dataclass(frozen=True)
class Trip:
    """One log-in under way. State, nonce and verifier follow from one secret seed that the browser keeps and no script sees."""

    seed: str
    until_ms: int
    home: str

    def derived(self, what: str) -> str:
        digest = hmac.digest(self.seed.encode(), what.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def cookie(self, key: bytes) -> str:
        home = base64.urlsafe_b64encode(self.home.encode()).decode()
        said = f"{self.seed}.{self.until_ms}.{home}"
        return f"{said}.{hmac.digest(key, said.encode(), 'sha256').hex()}"

    @classmethod
    def of(cls, cookie: str, key: bytes, now_ms: int) -> Trip | None:
        said, _, seal = cookie.rpartition(".")
        if len(cookie) > 1024 or not hmac.compare_digest(
            hmac.digest(key, said.encode("utf-8", "replace"), "sha256").hex().encode(), seal.encode()
        ):
            return None
        seed, until, home = said.split(".")
        return cls(seed, int(until), base64.urlsafe_b64decode(home).decode()) if now_ms < int(until) else None


def register(app: Flask, house: House, gate: Gate) -> None:
    """The button on the log-in page and the two addresses, where a provider is set."""
    settings: Settings | None = house.sso
    app.jinja_env.globals["sso_name"] = settings.name if settings else ""
    if settings is None:
        return
    provider = app.extensions["sso"] = Provider(settings, house.clock)
    key = hashlib.sha256(b"toiluot sso cookie\0" + settings.client_secret.encode()).digest()
    ways = Blueprint("sso", __name__)

    @ways.get("/login/sso")
    def there() -> Response:
        gate.limits.stranger(address())
        wanted = request.args.get("next", "")
        home = wanted if len(wanted) <= 300 and wanted.isprintable() and own_path(wanted) else "/"
        trip = Trip(secrets.token_urlsafe(32), house.clock.wall_ms() + LASTS_MS, home)
        try:
            way = provider.way_there(trip.derived("state"), trip.derived("nonce"), trip.derived("verifier"))
        except Refusal as no:
            return _told(house, no)
        answer = redirect(way, code=303)
        answer.set_cookie(
            COOKIE, trip.cookie(key), httponly=True, samesite="Lax", secure=house.tls, path="/login/sso", max_age=LASTS_MS // 1000
        )
        return answer

    @ways.get(BACK)
    def back() -> Response:
        gate.limits.stranger(address())
        try:
            trip = _trip(key, house.clock.wall_ms())
            session = _session(house, provider, trip)
        except Refusal as no:
            answer = _told(house, no)
        else:
            answer = begin_session(house, gate, session, redirect(trip.home, code=303))
        answer.delete_cookie(COOKIE, path="/login/sso", httponly=True, samesite="Lax", secure=house.tls)
        return answer

    app.register_blueprint(ways)


def _trip(key: bytes, now_ms: int) -> Trip:
    """The log-in that this browser began and that the provider answers."""
    trip = Trip.of(request.cookies.get(COOKIE, ""), key, now_ms)
    if trip is None:
        raise Refusal("sso_failed", why="no log-in was begun here")
    if not hmac.compare_digest(trip.derived("state").encode(), request.args.get("state", "").encode("utf-8", "replace")):
        raise Refusal("sso_failed", why="state")
    return trip


def _session(house: House, provider: Provider, trip: Trip) -> access.Session:
    settings = provider.settings
    # RFC 9207: a provider that names itself on the way back names the one that was asked.
    if request.args.get("iss", settings.issuer) != settings.issuer:
        raise Refusal("sso_failed", why="iss")
    code = request.args.get("code", "")
    if "error" in request.args or not 0 < len(code) <= 4096:
        raise Refusal("sso_failed", why="the provider let nobody in")
    claims = provider.claims(code, trip.derived("nonce"), trip.derived("verifier"))
    login = claims.get(settings.claim)
    if not isinstance(login, str) or not 0 < len(login) <= 64 or not login.isprintable():
        raise Refusal("sso_no_account", why=f"no claim {settings.claim}")
    return accounts.let_in(house.store, login, house.clock.wall_ms(), new=_new_account(settings, claims))


def _new_account(settings: Settings, claims: Any) -> accounts.NewAccount | None:
    """What an account would be that is made at the first log-in: only where the provider's roles name one of ours."""
    wanted = settings.new_accounts
    if wanted is None:
        return None
    said = claims.get(wanted.claim)
    held = {said} if isinstance(said, str) else {word for word in said if isinstance(word, str)} if isinstance(said, list) else set()
    role = next((ours for theirs, ours in wanted.roles if theirs in held), None)
    name = claims.get("name")
    shown = name[:120] if isinstance(name, str) and name.isprintable() else ""
    return accounts.NewAccount(role, wanted.sites, shown) if role else None


def _told(house: House, no: Refusal) -> Response:
    """Back to the log-in page, where the password still works. Why stands in the log, without whoever tried."""
    house.log.warning("single sign-on refused", code=no.code, why=no.detail.get("why", ""))
    return page_again(no.code)
