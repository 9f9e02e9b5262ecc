"""A dossier system to try the feed against: OAuth2 tokens, records, day aggregates, dossier look-up, faults on request.

The rules for records are in `mock_store`. It belongs to no partner and behaves like none in particular: what works
against it is tried against our mock only.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify, redirect, render_template, request

from toiluot_edge import Asgi, mount

from .mock_store import Store

TOKEN_S = 300
BATCH = 500
MOST_BYTES = 8 * 1024 * 1024
DROP = "X-Mock-Drop"
DOSSIER_CODE = re.compile(r"^[0-9A-Z]{1,5}(\.[0-9A-Z]{1,5})*-(\d{6}|\d{8})-\d{4,7}$")
STATES = (
    "Mới đăng ký", "Được tiếp nhận", "Không được tiếp nhận", "Đang xử lý", "Yêu cầu bổ sung giấy tờ",
    "Yêu cầu thực hiện nghĩa vụ tài chính", "Công dân yêu cầu rút hồ sơ", "Dừng xử lý", "Đã xử lý xong", "Đã trả kết quả",
)  # fmt: skip


@dataclass
class Faults:
    """What goes wrong on purpose. Counts fall by one each time they strike."""

    down: bool = False  # no answer at all
    slow_ms: int = 0  # before every answer
    status: int = 0  # this status for every record call (429, 500, 404 …)
    expire_tokens: int = 0  # so many calls find their token expired
    drop_answers: int = 0  # so many batches are taken and never answered
    refuse_fields: list[str] = field(default_factory=list)  # MaLinhVuc that are refused
    refuse_procedures: list[str] = field(default_factory=list)  # MaTTHC that are refused

    def change(self, wanted: dict[str, Any]) -> list[str]:
        """Set what is named; the names and values that make no sense come back."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        bad = [name for name, value in wanted.items() if type(value) is not kinds.get(name)]
        for name, value in wanted.items():
            if name not in bad:
                setattr(self, name, value)
        return bad


@dataclass
class Mock:
    """The mock's state: its one client, the tokens it gave out, its records and its faults."""

    client_id: str
    client_secret: str
    store: Store
    monotonic: Callable[[], float]
    faults: Faults = field(default_factory=Faults)
    tokens: dict[str, float] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def strikes(self, name: str) -> bool:
        """Whether a counted fault strikes now."""
        with self.lock:
            left: int = getattr(self.faults, name)
            setattr(self.faults, name, max(0, left - 1))
            return left > 0

    def knows_token(self) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if self.strikes("expire_tokens"):
            self.tokens.clear()
        return kind.lower() == "bearer" and self.tokens.get(token, 0.0) > self.monotonic()

    def knows_client(self) -> bool:
        """Client credentials, in the header (RFC 6749 §2.3.1) or in the form."""
        given = (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(value).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
            given = (user, password)
        wanted = (self.client_id, self.client_secret)
        return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))


def application(client_id: str, client_secret: str, *, journal: Path | None, monotonic: Callable[[], float]) -> Asgi:
    """The mock as one ASGI application."""
    mock = Mock(client_id, client_secret, Store(journal), monotonic)
    return _dropping(mount(flask_app(mock), {}, 8, most_bytes=MOST_BYTES), mock)


def flask_app(mock: Mock) -> Flask:
    """The mock's calls."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.add_url_rule("/oauth/token", view_func=lambda: _token(mock), methods=["POST"], endpoint="token")
    app.add_url_rule("/api/queue-records/batch", view_func=lambda: _batch(mock), methods=["POST"], endpoint="batch")
    app.add_url_rule("/api/queue-records/<path:key>", view_func=lambda key: _one(mock, key), methods=["PUT"], endpoint="one")
    app.add_url_rule("/api/queue-days/<site>/<date>", view_func=lambda site, date: _day(mock, site, date), methods=["PUT"], endpoint="day")
    app.add_url_rule("/api/dossiers/<path:code>", view_func=lambda code: _dossier(mock, code), endpoint="dossier")
    app.add_url_rule("/faults", view_func=lambda: _faults(mock), methods=["GET", "POST"], endpoint="faults")
    app.add_url_rule("/records", view_func=lambda: _records(mock), endpoint="records")
    app.add_url_rule("/", view_func=lambda: render_template("mock.html", faults=mock.faults), endpoint="page")
    app.add_url_rule("/table", view_func=lambda: _table(mock), endpoint="table")
    return app


def problem(status: int, code: str, detail: str) -> tuple[Response, int]:
    return jsonify({"code": code, "detail": detail}), status


# ---------------------------------------------------------------- the partner's calls
def _token(mock: Mock) -> Any:
    if not mock.knows_client():
        return jsonify({"error": "invalid_client"}), 401
    if request.form.get("grant_type") != "client_credentials":
        return jsonify({"error": "unsupported_grant_type"}), 400
    token = secrets.token_urlsafe(24)
    mock.tokens[token] = mock.monotonic() + TOKEN_S
    return jsonify({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S})


def _barred(mock: Mock) -> Any:
    """The answer to a caller without a token, or the one that a fault asks for; None lets the call in."""
    if mock.faults.status:
        return problem(mock.faults.status, "on_purpose", "lỗi được bật trên trang mô phỏng")
    if not mock.knows_token():
        return problem(401, "unauthenticated", "token không hợp lệ hoặc đã hết hạn")
    return None


def _judge(mock: Mock, record: Any) -> dict[str, str]:
    if isinstance(record, dict):
        if record.get("MaTTHC") in mock.faults.refuse_procedures:
            return mock.store.refuse(record, "unknown_procedure", f"không có thủ tục {record['MaTTHC']}")
        if record.get("MaLinhVuc") in mock.faults.refuse_fields:
            return mock.store.refuse(record, "unknown_field", f"không có lĩnh vực {record['MaLinhVuc']}")
    return mock.store.put(record)


def _batch(mock: Mock) -> Any:
    barred = _barred(mock)
    if barred is not None:
        return barred
    body = request.get_json(silent=True)
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list):
        return problem(400, "malformed", 'cần {"records": [...]}')
    if len(records) > BATCH:
        return problem(413, "too_large", f"tối đa {BATCH} bản ghi")
    answer = jsonify({"results": [_judge(mock, record) for record in records]})
    if mock.strikes("drop_answers"):
        answer.headers[DROP] = "1"
    return answer


def _one(mock: Mock, key: str) -> Any:
    barred = _barred(mock)
    if barred is not None:
        return barred
    record = request.get_json(silent=True)
    if not isinstance(record, dict) or record.get("MaBanGhi") != key:
        return problem(400, "malformed", "MaBanGhi phải trùng với địa chỉ")
    wanted = f"{key}:{record.get('PhienBan')}"
    if request.headers.get("Idempotency-Key", wanted) != wanted:
        return problem(400, "bad_idempotency_key", f"Idempotency-Key phải là {wanted}")
    result = _judge(mock, record)
    if result["status"] == "refused":
        return problem(422, result.get("code", ""), result.get("detail", ""))
    return jsonify(result)


def _day(mock: Mock, site: str, date: str) -> Any:
    barred = _barred(mock)
    if barred is not None:
        return barred
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return problem(400, "malformed", "cần một đối tượng JSON")
    mock.store.put_day(site, date, body)
    return jsonify({"status": "accepted"})


def _dossier(mock: Mock, code: str) -> Any:
    """The same made-up state for the same code every time; a code of the wrong shape does not exist."""
    barred = _barred(mock)
    if barred is not None:
        return barred
    if not DOSSIER_CODE.match(code):
        return problem(404, "not_found", "không có hồ sơ này")
    state = hashlib.sha256(code.encode()).digest()[0] % len(STATES)
    return jsonify({"MaHoSo": code, "TrangThaiHoSo": state + 1, "TenTrangThai": STATES[state]})


# ---------------------------------------------------------------- the mock's own
def _faults(mock: Mock) -> Any:
    """GET tells; POST sets, as JSON or from the page's form."""
    if request.method == "GET":
        return jsonify(asdict(mock.faults))
    if not request.is_json:
        bad = mock.faults.change(_from_form())
        return redirect("./", 303) if not bad else problem(422, "invalid", ", ".join(bad))
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return problem(400, "malformed", "cần một đối tượng JSON")
    bad = mock.faults.change(body)
    return jsonify(asdict(mock.faults)) if not bad else problem(422, "invalid", ", ".join(bad))


def _from_form() -> dict[str, Any]:
    """The page's form as values; numbers out of their range count as zero."""
    form = request.form
    numbers = {name: form.get(name, "0") for name in ("slow_ms", "status", "expire_tokens", "drop_answers")}
    wanted: dict[str, Any] = {name: int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0 for name, text in numbers.items()}
    lists = {name: form.get(name, "").replace(",", " ").split() for name in ("refuse_fields", "refuse_procedures")}
    return {**wanted, **lists, "down": form.get("down") == "on"}


def _records(mock: Mock) -> Any:
    """What was accepted: the last version of each record, or with `?all=1` every version in order of arrival."""
    rows = mock.store.accepted() if request.args.get("all") else mock.store.latest()
    return jsonify({"records": rows, "tally": mock.store.tally()})


def _table(mock: Mock) -> Any:
    """A page of its own, which loads itself anew and leaves what is being typed above it alone."""
    latest = mock.store.latest()
    return render_template("mock_table.html", records=latest[:-101:-1], tally=mock.store.tally(), faults=mock.faults)


# ---------------------------------------------------------------- the wire
def _dropping(inner: Asgi, mock: Mock) -> Asgi:
    """Lets an answer break off: a length is promised and nothing follows, so the server closes the connection."""

    async def outer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        own = scope["path"] in ("/", "/table", "/faults", "/records")
        if mock.faults.slow_ms and not own:
            await asyncio.sleep(mock.faults.slow_ms / 1000)
        if mock.faults.down and not own:
            await _break_off(send)
            return
        broken = False

        async def guarded(message: dict[str, Any]) -> None:
            nonlocal broken
            if message["type"] == "http.response.start" and any(name.lower() == DROP.lower().encode() for name, _ in message["headers"]):
                broken = True
                await _break_off(send)
            elif not broken:
                await send(message)

        await inner(scope, receive, guarded)

    return outer


async def _break_off(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000"), (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
