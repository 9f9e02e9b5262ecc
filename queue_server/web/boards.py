"""A board opened by its token: the page, its files, and the cookie that lets it read the public projection.

The page belongs to the display and is read as package data: this module shows it and knows nothing of its inside but
the attribute that names its stream. `/b/TOKEN/stream` itself is answered on the event loop.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from urllib.parse import quote

from flask import Blueprint, Flask, Response, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from queue_server.domain.errors import Refusal
from queue_server.web.asking import address
from queue_server.web.auth import BOARD_COOKIE, Gate
from queue_server.web.house import House


def register(app: Flask, house: House, gate: Gate) -> None:
    boards = Blueprint("boards", __name__)

    @boards.get("/b/<token>")
    def page(token: str) -> AnyResponse:
        if request.path.endswith("/"):
            # The page names its files relative to /b/.
            return redirect(
                f"/b/{quote(token, safe='')}" + (f"?{request.query_string.decode('latin-1')}" if request.query_string else ""), 308
            )
        gate.limits.stranger(address())
        if gate.credential("", {BOARD_COOKIE: token}, address()) is None:
            raise Refusal("not_found")
        zone = request.args.get("zone", "")[:64]
        stream = f"/b/{quote(token, safe='')}/stream" + (f"?zone={quote(zone, safe='')}" if zone else "")
        html = _page().replace('data-stream="stream"', f'data-stream="{escape(stream)}"')
        response = Response(html, content_type="text/html; charset=utf-8")
        response.set_cookie(BOARD_COOKIE, token, httponly=True, samesite="Lax", secure=house.tls, path="/", max_age=400 * 86400)
        return response

    @boards.get("/b/static/<path:name>")
    def static(name: str) -> Response:
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise Refusal("not_found")
        found = _web().joinpath("static", *parts)
        if not found.is_file():
            raise Refusal("not_found")
        response = Response(found.read_bytes(), content_type=guess_type(name)[0] or "application/octet-stream")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    app.register_blueprint(boards)


@cache
def _web() -> Traversable:
    return files("display") / "web"


@cache
def _page() -> str:
    return (_web() / "templates" / "board.html").read_text(encoding="utf-8")
