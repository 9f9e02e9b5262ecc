"""The Flask application: the route table, the pages, the doors for people and boards.

Holds the assembly for one process. Streams stand beside it (`doors.py`); what is served is decided by the tables.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from queue_server.contract.problem import Invalid, Malformed, TooLarge
from queue_server.contract.vocabulary import MAX_BODY_BYTES
from queue_server.domain.errors import Refusal
from queue_server.web import boards, dispatch, openapi, people, sso
from queue_server.web.auth import Gate
from queue_server.web.dressing import Dress
from queue_server.web.house import House
from queue_server.web.pages import table as pages
from queue_server.web.refusing import answer
from queue_server.web.routes import ROUTES


def create_app(house: House, gate: Gate) -> Flask:
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["house"] = house
    app.extensions["openapi"] = openapi.build(ROUTES, house.version)
    for kind in (Refusal, Invalid, Malformed, TooLarge, HTTPException, Exception):
        app.register_error_handler(kind, answer)
    dispatch.register(app, house, gate)
    people.register(app, house, gate)
    sso.register(app, house, gate)
    boards.register(app, house, gate)
    pages.install(app, house, gate)
    app.wsgi_app = Dress(house.clock).over(app.wsgi_app)  # type: ignore[method-assign]
    return app


def describe(version: str) -> dict[str, Any]:
    """The contract without a server, for the command line and the tests."""
    return openapi.build(ROUTES, version)
