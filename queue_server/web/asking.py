"""What a request says about who asks, and the plain JSON answer: shared by the API, the log-in and the pages.

Holds the look-up of the request's credential and the check of the CSRF token. What is allowed stands in the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response, g, request

from queue_server.domain.errors import Refusal
from queue_server.web.auth import CSRF_HEADER, Credential, Gate, same_csrf
from queue_server.web.limits import digest
from queue_server.web.signatures import Signed, signed

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def current(gate: Gate) -> Credential | None:
    """The credential of this request, looked up once."""
    if "credential" not in g:
        key = request.headers.get("Authorization", "")
        about = None if key else signature()
        g.credential = gate.credential(key, request.cookies, address()) if about is None else gate.signed(about, address())
    found: Credential | None = g.credential
    return found


def signature() -> Signed | None:
    """The request as a device may have signed it. Its address is as it was sent, not as it was understood."""
    if "Signature-Input" not in request.headers:
        return None
    target = request.environ.get("RAW_URI") or request.full_path.removesuffix("?")
    return signed(request.method, request.scheme, target, request.headers.items(), request.get_data(cache=True))


def address() -> str:
    """Where the request comes from. Programs that come by a Unix socket share one name."""
    return request.remote_addr or "local"


@contextmanager
def guessing(gate: Gate, token: str) -> Iterator[None]:
    """Around whatever a token in the path opens: what is not found was a guess."""
    where, secret = address(), digest(token)
    gate.limits.stranger(where)
    gate.limits.before_trying(where, secret)
    try:
        yield
    except Refusal as no:
        if no.code == "not_found":
            gate.limits.tried(where, secret, False)
        raise
    gate.limits.tried(where, secret, True)


def check_csrf(credential: Credential) -> None:
    """A browser sends its cookies along whoever wrote the page, so a session must also repeat its token."""
    if credential.via != "session" or request.method in SAFE_METHODS:
        return
    given = request.headers.get(CSRF_HEADER) or (request.form.get("csrf_token", "") if is_form() else "")
    if not same_csrf(credential.csrf, given):
        raise Refusal("csrf_failed")


def is_form() -> bool:
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def json_response(body: Mapping[str, Any], status: int = 200) -> Response:
    return json_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")), status)


def json_text(text: str, status: int = 200) -> Response:
    return Response(text, status=status, content_type="application/json; charset=utf-8")
