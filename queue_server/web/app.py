"""The Flask application: the route table, the pages, the doors for people and boards, and the headers of every answer.

Holds the assembly for one process. Streams stand beside it (`doors.py`); what is served is decided by the tables.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from queue_server.contract.problem import Invalid, Malformed, TooLarge
from queue_server.contract.vocabulary import MAX_BODY_BYTES
from queue_server.domain.errors import Refusal
from queue_server.web import boards, dispatch, openapi, people
from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.pages import table as pages
from queue_server.web.refusing import answer
from queue_server.web.routes import ROUTES

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(house: House, gate: Gate) -> Flask:
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["house"] = house
    app.extensions["openapi"] = openapi.build(ROUTES, house.version)
    app.before_request(_begin)
    app.after_request(_headers)
    for kind in (Refusal, Invalid, Malformed, TooLarge, HTTPException, Exception):
        app.register_error_handler(kind, answer)
    dispatch.register(app, house, gate)
    people.register(app, house, gate)
    boards.register(app, house, gate)
    pages.install(app, house, gate)
    return app


def _begin() -> None:
    g.request_id = secrets.token_hex(8)


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # The site's clock, which screens set theirs by; a rehearsal's runs at its own speed.
    response.headers["Date"] = http_date(current_app.extensions["house"].clock.wall_ms() // 1000)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if not request.path.startswith(("/static/", "/b/static/")):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def describe(version: str) -> dict[str, Any]:
    """The contract without a server, for the command line and the tests."""
    return openapi.build(ROUTES, version)
