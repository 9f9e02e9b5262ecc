"""Signing in and out for people: form and JSON, a new session each time, attempts limited per address and account.

Holds the two unsafe calls that stand outside the route table (they set cookies) and who-am-I. Passwords are checked by
`services.access`; the page itself belongs to the pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from queue_server.contract import strict
from queue_server.contract.problem import Invalid
from queue_server.contract.strict import Text, optional, required
from queue_server.domain.errors import Refusal
from queue_server.services import access, accounts
from queue_server.web.asking import address, check_csrf, current, json_response
from queue_server.web.auth import SESSION_COOKIE, Gate
from queue_server.web.call import Call
from queue_server.web.errors import ERRORS
from queue_server.web.house import House


@dataclass(frozen=True, kw_only=True)
class LogIn:
    """What a person types."""

    login: str = required(Text(64))
    password: str = required(Text(256))
    next: str | None = optional(Text(300))


def whoami(call: Call) -> dict[str, Any]:
    credential = g.credential
    who = credential.who
    return {
        "kind": who.kind,
        "role": who.role,
        "name": who.name,
        "sites": list(who.sites),
        "permissions": sorted(who.permissions),
        "csrf": credential.csrf,
    }


def register(app: Flask, house: House, gate: Gate) -> None:
    people = Blueprint("people", __name__)

    @people.post("/login")
    def log_in() -> AnyResponse:
        where, account = address(), _account()
        gate.limits.before_log_in(where, account, lambda: accounts.at_peace(house.store, _login()))
        _same_origin()
        form = request.mimetype != "application/json"
        try:
            asked = _asked(form)
            session = access.log_in(house.store, asked.login, asked.password, house.clock.wall_ms())
        except Refusal as no:
            if no.code == "bad_login":
                gate.limits.log_in_failed(where, account)
            if not form:
                raise
            return page_again(no.code)
        home = asked.next if asked.next and own_path(asked.next) else "/"
        response: AnyResponse = redirect(home, code=303) if form else json_response({**_told(session), "home": home})
        return begin_session(house, gate, session, response)

    @people.post("/logout")
    def log_out() -> AnyResponse:
        credential = current(gate)
        if credential is None or credential.via != "session":
            raise Refusal("unauthenticated")
        check_csrf(credential)
        _end(house, gate, request.cookies[SESSION_COOKIE])
        form = request.mimetype != "application/json"
        response: AnyResponse = redirect("/login", code=303) if form else json_response({"ok": True})
        response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Lax", secure=house.tls)
        return response

    app.register_blueprint(people)


def begin_session(house: House, gate: Gate, session: access.Session, response: AnyResponse) -> AnyResponse:
    """Whatever session this browser had ends, and the new one's cookie goes with the answer: nobody can fix it beforehand."""
    old = request.cookies.get(SESSION_COOKIE)
    if old:
        _end(house, gate, old)
    response.set_cookie(SESSION_COOKIE, session.token, httponly=True, samesite="Lax", secure=house.tls, path="/")
    return response


def _end(house: House, gate: Gate, token: str) -> None:
    access.log_out(house.store, token)
    gate.forget(token)


def _told(session: Any) -> dict[str, Any]:
    who = session.who
    return {"role": who.role, "name": who.name, "sites": list(who.sites), "permissions": sorted(who.permissions), "csrf": session.csrf}


def _asked(form: bool) -> LogIn:
    if not form:
        return strict.read(LogIn, strict.load(request.get_data()))
    fields = {name: value for name, value in request.form.items() if name in ("login", "password")}
    wanted = request.form.get("next") or request.args.get("next")
    try:
        return strict.read(LogIn, {**fields, "next": wanted if wanted and len(wanted) <= 300 else None})
    except Invalid as bad:
        # Whatever was typed, the person is told one thing: an unknown name looks like a wrong password.
        raise Refusal("bad_login") from bad


def _login() -> str:
    """The name that was typed, as accounts are kept."""
    try:
        value = strict.load(request.get_data()).get("login") if request.mimetype == "application/json" else request.form.get("login")
    except Exception:  # noqa: BLE001 - unreadable bodies share one bucket and are refused by the view
        value = None
    # Characters that no account has would break the look-up before the view refuses them.
    return "".join(mark for mark in str(value or "").strip()[:64] if mark.isprintable()).casefold()


def _account() -> str:
    """The account that is tried, as a digest: names do not stay in the limits' memory."""
    return "account:" + sha256(_login().encode("utf-8", "replace")).hexdigest()


def _same_origin() -> None:
    """There is no session yet whose token could be asked for; a browser names the page a form came from."""
    origin = request.headers.get("Origin", "")
    if request.headers.get("Sec-Fetch-Site") == "cross-site" or (origin and urlsplit(origin).netloc != request.host):
        raise Refusal("csrf_failed")


def own_path(path: str) -> bool:
    """Whether a browser that is sent there stays here."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path


def page_again(code: str) -> AnyResponse:
    """The log-in page once more, with what went wrong."""
    entry = ERRORS.get(code, ERRORS["bad_login"])
    page = render_template("login.html", fault=f"{entry.vi[0]}. {entry.vi[1]}", login=request.form.get("login", "")[:64])
    return Response(page, status=entry.status, content_type="text/html; charset=utf-8")
