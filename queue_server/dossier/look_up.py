"""The local look-up: `GET /dossiers/{code}` of `dossier run --bind HOST:PORT`, for the queue server of the same house.

    GET /dossiers/G09.20-20260609-0000001        Authorization: Bearer KEY
    200 {"code", "state": 1–10, "state_name", "procedure"?, "due"?: "2026-11-30", "collect_at"?}
    401 {"code": "unauthenticated"}              no key, or another
    404 {"code": "not_found"}                    the dossier system knows no such dossier
    422 {"code": "bad_code", "detail"}           nothing was asked: this is no code of a dossier
    501 {"code": "not_offered"}                  this dossier system has no look-up
    502 {"code": "refused", "detail"}            it will not answer, with its words
    503 {"code": "unavailable", "detail"}        no answer now; `Retry-After` in seconds

It answers within `ANSWER_S`, asks the partner once and keeps nothing: how often to ask, and for how long an answer holds, is
the server's affair. A code leaves no trace in the log.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable

from flask import Flask, Response, jsonify, request

from .adapters import Adapter, NotOffered, Refusal, Wait

ANSWER_S = 1.5  # the server waits for two seconds: what comes later is of use to nobody
RETRY_S = 15
# Wide on purpose: what a code looks like in another house is the partner's to say. Nothing that could be another address.
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{3,63}")


def application(key: str, adapter: Callable[[], Adapter]) -> Flask:
    """The one call. `adapter` gives the partner to ask."""
    app = Flask(__name__, static_folder=None)

    @app.get("/dossiers/<path:code>")
    def dossier(code: str) -> Response:
        kind, _, shown = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), key.encode()):
            return _answer(401, {"code": "unauthenticated"})
        if not CODE.fullmatch(code):
            return _answer(422, {"code": "bad_code", "detail": "not the code of a dossier"})
        return _asked(adapter(), code)

    @app.get("/healthz")
    def alive() -> Response:
        return _answer(200, {"ok": True})

    return app


def _asked(adapter: Adapter, code: str) -> Response:
    try:
        found = adapter.look_up(code)
    except NotOffered:
        return _answer(501, {"code": "not_offered"})
    except Refusal as refusal:
        return _answer(502, {"code": "refused", "detail": refusal.detail})
    except Wait as wait:
        after_s = RETRY_S if wait.after_s is None else max(1, round(wait.after_s))
        return _answer(503, {"code": "unavailable", "detail": str(wait)}, after_s)
    return _answer(404, {"code": "not_found"}) if found is None else _answer(200, found.as_json())


def _answer(status: int, body: dict[str, object], retry_after_s: int | None = None) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer
