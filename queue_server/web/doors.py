"""The server's ASGI front: streams to the hub, commands of known keys to the lane, all else to Flask.

Holds the gate before both: a body is read here, with a limit and a deadline, so that a slow sender never holds one of
the few threads. Decides nothing about the queue.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from queue_server.contract.orders import MAX_FILE_BYTES
from queue_server.contract.problem import CONTENT_TYPE
from queue_server.contract.vocabulary import API, MAX_BODY_BYTES
from queue_server.domain.errors import Refusal
from queue_server.web.admission import Streams
from queue_server.web.dressing import LINES
from queue_server.web.errors import ERRORS, language, problem
from queue_server.web.lane import Lane
from toiluot_edge import Asgi
from toiluot_guard import BODY_DEADLINE_S, TooMuch, TooSlow, given, whole

STREAM_PATH = f"{API}/stream"
FILE_PATH = re.compile(rf"{API}/devices/orders/[^/]{{1,128}}/file")
FILE_WITHIN_S = 60.0  # a device on a weak network
BOARD_STREAM = re.compile(r"/b/([0-9A-Za-z_-]{8,128})/stream")


def front(commands: Asgi, streams: Streams, lane: Lane) -> Asgi:
    """One application: `commands` is Flask on its bounded pool, `lane` the short way past it."""

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if _disguised(scope):
            await _refuse(send, "not_found", _headers(scope))
            return
        token = BOARD_STREAM.fullmatch(scope["path"])
        if scope["path"] == STREAM_PATH or token:
            await _stream(streams, scope, send, token[1] if token else None)
        else:
            await _command(lane, commands, scope, receive, send)

    return application


def _disguised(scope: dict[str, Any]) -> bool:
    """A slash in code or in front would reach a call by a path that no proxy's rule names."""
    raw: bytes = scope.get("raw_path", b"")
    return raw.startswith(b"//") or (b"%" in raw and b"%2f" in raw.lower())


# ---------------------------------------------------------------- commands
async def _command(lane: Lane, commands: Asgi, scope: dict[str, Any], receive: Any, send: Any) -> None:
    if _packed(scope):
        await _refuse(send, "unsupported_type", _headers(scope))
        return
    try:
        body = await whole(scope, receive, *_bounds(scope))
    except TooSlow:
        await _refuse(send, "too_slow", _headers(scope))
        return
    except TooMuch:
        await _refuse(send, "too_large", _headers(scope))
        return
    if not await lane.take(scope, body, send):
        await commands(scope, given(body, receive), send)


def _bounds(scope: dict[str, Any]) -> tuple[int, float]:
    """How long a body may be and take. Only who shows a credential may send a file; whether it is a good one is asked later."""
    if scope["method"] == "PUT" and FILE_PATH.fullmatch(scope["path"]):
        names = {name for name, _ in scope["headers"]}
        if names & {b"authorization", b"signature"}:
            return MAX_FILE_BYTES, FILE_WITHIN_S
    return MAX_BODY_BYTES, BODY_DEADLINE_S


def _packed(scope: dict[str, Any]) -> bool:
    """A body in another coding (RFC 9110 8.4): nobody here unpacks one, so that no small one becomes a large one."""
    return any(name == b"content-encoding" and value.strip().lower() not in (b"", b"identity") for name, value in scope["headers"])


# ---------------------------------------------------------------- streams
async def _stream(streams: Streams, scope: dict[str, Any], send: Any, board_token: str | None) -> None:
    headers = _headers(scope)
    if scope["method"] != "GET":
        await _refuse(send, "method_not_allowed", headers, [(b"allow", b"GET")])
        return
    try:
        who, after = await streams.admit(scope, headers, board_token)
    except Refusal as no:
        await _refuse(send, no.code, headers, more=no.detail)
    except Exception as broken:  # noqa: BLE001 - a stranger's bytes must never show a traceback
        streams.hub.house.report("stream refused", broken)
        await _refuse(send, "internal", headers)
    else:
        await streams.open_for(scope["extensions"]["toiluot"], who, after)


# ---------------------------------------------------------------- small things
def _headers(scope: dict[str, Any]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(
    send: Any, code: str, headers: Mapping[str, str], extra: list[tuple[bytes, bytes]] | None = None, more: dict[str, Any] | None = None
) -> None:
    body = problem(code, language(headers.get("accept-language", "")), secrets.token_hex(8), more)
    text = json.dumps(body.wire(), ensure_ascii=False).encode()
    entry = ERRORS.get(code, ERRORS["conflict"])
    wait_s = body.more.get("retry_after_s", entry.retry_after_s)
    wait = [(b"retry-after", str(wait_s).encode())] if wait_s else []
    lines = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(text)).encode()), *LINES]
    lines += [(b"date", formatdate(usegmt=True).encode())]
    # What was not read of the body would be taken for the next request.
    lines += [(b"connection", b"close")] if code in ("too_slow", "too_large", "unsupported_type") else []
    await send({"type": "http.response.start", "status": body.status, "headers": [*lines, *wait, *(extra or [])]})
    await send({"type": "http.response.body", "body": text})
