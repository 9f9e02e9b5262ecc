"""The page of a device that may not work yet, or no longer: the words to compare, or what happened and what to do.

Holds a blueprint for any Flask application of a device, and a small server for the time before there is one. What the
standing is comes from `standing`; the texts are `saying`'s.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Flask, Response, jsonify, render_template

from queue_server.device.saying import host, name, said
from queue_server.device.standing import Board, Standing
from toiluot_edge import listen, mount, serve

CSP = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"


def mark(standing: Standing) -> str:
    """Another mark, another page."""
    return hashlib.sha256(json.dumps(asdict(standing), sort_keys=True).encode()).hexdigest()[:16]


def page(standing: Standing) -> str:
    return render_template(
        "standing.html", said=said(standing), standing=standing, mark=mark(standing), who=name(standing), host=host(standing.server)
    )


def standing_pages(now: Callable[[], Standing]) -> Blueprint:
    """`/standing` and the mark that its script asks for; the page goes to `/` by itself when the device is let in."""
    pages = Blueprint("standing", __name__, template_folder="templates", static_folder="static", static_url_path="/standing-files")

    @pages.get("/standing")
    def shown() -> str:
        return page(now())

    @pages.get("/standing.json")
    def state() -> Response:
        standing = now()
        return jsonify(phase=standing.phase.value, mark=mark(standing))

    return pages


def create_app(board: Board) -> Flask:
    """All there is to see on a device that was never let in."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(standing_pages(board.now))

    @app.get("/")
    def first() -> str:
        return page(board.now())

    @app.post("/api/ping")
    def ping() -> tuple[str, int]:
        return "", 204

    @app.get("/healthz")
    def health() -> Response:
        return jsonify(ok=True, phase=board.now().phase.value)

    @app.after_request
    def guard(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = CSP
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    @app.errorhandler(404)
    @app.errorhandler(405)
    def elsewhere(_: Exception) -> tuple[Response, int]:
        return Response("Máy chưa được chấp nhận.\n", mimetype="text/plain"), 404

    return app


def serve_while(board: Board, bind: str, work: Callable[[], None], stop: threading.Event) -> None:
    """Show the standing on `bind` until `work` has ended; then the port is free for the program that follows."""

    def labour() -> None:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # ends the serving in the one way it knows, streams and all

    sock = listen(bind)
    try:
        threads: list[threading.Thread] = [threading.Thread(target=labour, name="enrolling", daemon=True)]
        serve(mount(create_app(board), {}, threads=2), sock, on_ready=threads[0].start, on_stop=stop.set)
    finally:
        sock.close()
