"""How a failed request is answered: a problem for programs, a page for people.

Holds the way from whatever was raised to a response. Codes and words stand in `errors.py`; no traceback, name or
identity number leaves by this door.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, current_app, render_template, request
from jinja2 import TemplateNotFound
from werkzeug.exceptions import HTTPException

from queue_server.contract.problem import CONTENT_TYPE, Invalid, Malformed, ProblemBody, TooLarge
from queue_server.domain.errors import Refusal
from queue_server.web.dressing import REQUEST_ID
from queue_server.web.errors import ERRORS, FROM_STATUS, language, problem


def code_of(error: Exception) -> tuple[str, dict[str, Any]]:
    """Code and public details of whatever was raised while answering."""
    if isinstance(error, Refusal):
        return error.code, error.detail
    if isinstance(error, Invalid):
        return "invalid", {"errors": [fault.wire() for fault in error.faults]}
    if isinstance(error, TooLarge):
        return "too_large", {}
    if isinstance(error, Malformed):
        return "malformed", {}
    if isinstance(error, HTTPException):
        return FROM_STATUS.get(error.code or 500, "internal"), {}
    if isinstance(error, current_app.extensions["house"].unavailable):
        return "busy", {}
    if current_app.extensions["house"].damaged(error):
        return "damaged", {}
    return "internal", {}


def answer(error: Exception) -> Response:
    """The answer to a failed request: a problem for programs, a page for people."""
    code, more = code_of(error)
    if code in ("internal", "damaged"):
        # The text of the exception may quote what was sent: the log masks long digit runs, the answer holds none of it.
        current_app.extensions["house"].report("unexpected error", error, request_id=request.environ[REQUEST_ID], path=_path())
    if code == "busy":
        current_app.extensions["house"].log.error("database busy", request_id=request.environ[REQUEST_ID], error=str(error))
    body = problem(code, language(request.headers.get("Accept-Language", "")), request.environ[REQUEST_ID], more)
    entry = ERRORS.get(code, ERRORS["conflict"])
    response = (
        _page(body)
        if _wants_page()
        else Response(json.dumps(body.wire(), ensure_ascii=False), status=body.status, content_type=CONTENT_TYPE)
    )
    wait_s = more.get("retry_after_s", entry.retry_after_s)
    if wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    if body.status == 401 and not _wants_page():
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, HTTPException) and error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return response


def _path() -> str:
    """Where it happened, for the log: a dossier's code is on the receipt that its holder carries, and in no line of ours."""
    before, part, _ = request.path.partition("/dossiers/")
    return before + part + "…" if part else before


def _wants_page() -> bool:
    if request.path.startswith("/api/") or request.path.endswith(".json"):
        return False
    return request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json") == "text/html"


def _problem(body: ProblemBody) -> Response:
    return Response(json.dumps(body.wire(), ensure_ascii=False), status=body.status, content_type=CONTENT_TYPE)


def _page(body: ProblemBody) -> Response:
    try:
        text = render_template("error.html", problem=body.wire())
    except TemplateNotFound:
        return Response(f"{body.title}\n{body.detail}\n{body.request_id}\n", status=body.status, content_type="text/plain; charset=utf-8")
    return Response(text, status=body.status, content_type="text/html; charset=utf-8")
