"""The kiosk's own web server on 127.0.0.1: one page, its state as JSON, and the touches it may make.

Holds routes, headers and the reading of requests. What a touch means is the session's affair, what is shown is
`screens`'. Whatever goes wrong here, a person sees the calm "this machine is resting" page and never a code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from kiosk import i18n, panels
from kiosk.acts import ACTS, Misuse
from kiosk.agent import Agent
from queue_server.device.membership import Membership
from queue_server.device.standing import Standing
from queue_server.device.web import page as standing_page
from queue_server.device.web import standing_pages

CSP = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
MAX_BODY = 4096
Json = dict[str, Any]


def state_of(agent: Agent) -> Json:
    """The view, with its QR code as the outline a page can draw without a library."""
    view = agent.view()
    text = view.pop("qr_text", "")
    if text:
        code = segno.make(text, error="m", micro=False)
        size = code.symbol_size(border=0)[0]
        rows = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.matrix_iter(border=0)) for x, dark in enumerate(row) if dark]
        view["qr"] = {"size": size, "path": "".join(rows)}
    return view


def _body() -> Json:
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise Misuse("the body is too long")
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # nested beyond what the parser can follow
        body = None
    if not isinstance(body, dict):
        raise Misuse("send one JSON object with Content-Type: application/json")
    return body


def create_app(
    agent: Agent, *, panel: str = panels.AUTO, on_ping: Callable[[], None] = lambda: None, membership: Membership | None = None
) -> Flask:
    """`membership`: of an enrolled device, which the site may shut out at any moment; then nobody takes a number here."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    out = _shut_out(app, membership)

    @app.get("/")
    def page() -> str:
        standing = out()
        return standing_page(standing) if standing else render_template("kiosk.html", pair=i18n.pair)

    @app.get("/device.css")
    def device() -> Response:
        return Response(panels.device_css(panel), mimetype="text/css")

    @app.get("/api/state")
    def state() -> Response:
        return jsonify(state_of(agent))

    @app.post("/api/<act>")
    def act(act: str) -> tuple[Response, int] | Response:
        if act not in ACTS:
            return jsonify(code="not_found", detail="no such act"), 404
        if out():
            return jsonify(code="shut_out", detail="this device does not work for its site now"), 409
        body = _body()
        visit = body.get("visit")
        current = agent.visit(agent.session.visit_no)
        if visit is None or visit == current or act == "choose":  # a touch on a screen that is gone does nothing
            ACTS[act](agent, body)
        answer = state_of(agent)
        earlier = agent.ticket_of(visit) if act == "choose" and isinstance(visit, str) else None
        return jsonify({**answer, "ticket": answer["ticket"] or earlier})

    @app.post("/api/ping")
    def ping() -> tuple[str, int]:
        """The page's script runs: says nothing of the person before it. 205 (RFC 9110, 15.3.6): another page is to be shown."""
        on_ping()
        return "", 205 if out() else 204

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(ok=True, spool=agent.spool.waiting())

    _dress(app)
    return app


def _shut_out(app: Flask, membership: Membership | None) -> Callable[[], Standing | None]:
    """Asked for every touch: how the device stands where it may not work, else nothing."""
    if membership is None:
        return lambda: None
    app.register_blueprint(standing_pages(membership.now))
    return membership.out


def _dress(app: Flask) -> None:
    @app.after_request
    def headers(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = CSP
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        if not request.path.startswith("/static/fonts/"):
            answer.headers["Cache-Control"] = "no-store"
        return answer

    @app.errorhandler(Misuse)
    def misuse(bad: Misuse) -> tuple[Response, int]:
        return jsonify(code="malformed", detail=str(bad)), 400

    @app.errorhandler(Exception)
    def trouble(bad: Exception) -> tuple[Any, int]:
        """The last net. A page gets the resting screen, a program a code; nobody gets a traceback."""
        status = bad.code or 500 if isinstance(bad, HTTPException) else 500
        if request.path.startswith("/api/"):
            return jsonify(code="not_found" if status == 404 else "malformed" if status < 500 else "trouble"), status
        return render_template("resting.html", pair=i18n.pair), status
