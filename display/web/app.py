"""The board page on this machine: one static page, its files, its stream and a word on its health.

Holds the Flask application and the ASGI stream beside it. The page itself knows nothing of where it is served from
(see docs/board.md); what it shows is the relay's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify

from display.relay import MAX_PAGES, Relay
from queue_server.device.membership import Membership
from queue_server.device.web import page as standing_page
from queue_server.device.web import standing_pages
from toiluot_edge import Asgi, mount, send_stream

WEB = Path(__file__).parent
CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def page_html(*, stream: str = "stream", audio: bool = False, ping: str = "") -> str:
    """The page as text, with the address of its stream, whether this screen is the one that sounds, and whom to tell that it lives."""
    html = (WEB / "templates" / "board.html").read_text(encoding="utf-8")
    html = html.replace('data-stream="stream"', f'data-stream="{stream}"')
    html = html.replace('data-ping=""', f'data-ping="{ping}"')
    return html.replace('data-audio="off"', 'data-audio="on"') if audio else html


def create_app(relay: Relay, *, audio: bool, on_ping: Callable[[], None] = lambda: None, membership: Membership | None = None) -> Flask:
    """`membership`: of an enrolled device, which the site may shut out; then the page says so and calls nobody."""
    app = Flask(__name__, static_folder=str(WEB / "static"), static_url_path="/static", template_folder=None)
    html = page_html(audio=audio, ping="ping")
    out = membership.out if membership else lambda: None
    if membership:
        app.register_blueprint(standing_pages(membership.now))

    @app.get("/")
    def board() -> Response:
        standing = out()
        return Response(standing_page(standing) if standing else html, mimetype="text/html", headers={"Cache-Control": "no-store"})

    @app.post("/ping")
    def ping() -> tuple[str, int]:
        """The page's script runs. 205 (RFC 9110, 15.3.6): another page is to be shown."""
        on_ping()
        return "", 205 if out() else 204

    @app.get("/healthz")
    def health() -> Response:
        return jsonify(link=relay.link(), silence_s=round(relay.silence_s(), 1), pages=relay.pages)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def elsewhere(_: Exception) -> tuple[Response, int]:
        return Response("Không có trang này. Mở địa chỉ / để xem bảng gọi số.\n", mimetype="text/plain"), 404

    @app.after_request
    def guard(answer: Response) -> Response:
        answer.headers.update(HEADERS)
        return answer

    return app


def stream_of(relay: Relay) -> Asgi:
    async def stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["method"] != "GET":
            return await _refuse(send, 405, [(b"allow", b"GET")])
        if relay.pages >= MAX_PAGES:
            return await _refuse(send, 503, [(b"retry-after", b"5")])
        return await send_stream(receive, send, relay.frames())

    return stream


async def _refuse(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def application(relay: Relay, *, audio: bool, on_ping: Callable[[], None] = lambda: None, membership: Membership | None = None) -> Asgi:
    return mount(create_app(relay, audio=audio, on_ping=on_ping, membership=membership), {"/stream": stream_of(relay)}, threads=4)
