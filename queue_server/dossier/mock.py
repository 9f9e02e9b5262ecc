"""A dossier system to try the feed against: OAuth2 tokens, records, day aggregates, dossier look-up, faults on request.

The rules for records are in `mock_store`, other styles in `mock_styles`. It belongs to no partner and behaves like none in
particular: what works against it is tried against our mock only.
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

from . import mock_styles
from .adapters import STATES, Dossier
from .mock_store import Store

TOKEN_S = 300
BATCH = 500
MOST_BYTES = 8 * 1024 * 1024
DROP = "X-Mock-Drop"
DOSSIER_CODE = re.compile(r"^[0-9A-Z]{1,5}(\.[0-9A-Z]{1,5})*-(\d{6}|\d{8})-\d{4,7}$")


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
    no_tokens: bool = False  # nobody gets a token
    open_door: bool = False  # no token is asked for
    take_twice: bool = False  # a repeat is accepted as if it were new
    take_older: bool = False  # an older version replaces a newer one
    take_anything: bool = False  # nothing is refused
    shuffle: bool = False  # results come in another order than the records
    forget_days: bool = False  # days are answered for and not kept
    no_look_up: bool = False  # every dossier is unknown

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
    dossiers: dict[str, Dossier] = field(default_factory=dict)  # told by hand; every other code has a made-up state

    def learn(self, rows: Any) -> None:
        """Dossiers of its own: `[{code, state, procedure?, due?, collect_at?}]`; ValueError where they are none."""
        try:
            found = [Dossier(**row) for row in rows]
        except TypeError as bad:
            raise ValueError(f"code, state 1-10, procedure, due, collect_at are expected: {bad}") from bad
        if any(each.state not in STATES or not isinstance(each.code, str) for each in found):
            raise ValueError("state must be a number from 1 to 10, code a text")
        self.dossiers.update({each.code: each for each in found})

    def dossier(self, code: str) -> Dossier | None:
        """One told by hand, else the same made-up state for the same code every time; of no other shape is there any."""
        if self.faults.no_look_up:
            return None
        made_up = hashlib.sha256(code.encode()).digest()[0] % len(STATES) + 1
        return self.dossiers.get(code) or (Dossier(code, made_up) if DOSSIER_CODE.match(code) else None)

    def strikes(self, name: str) -> bool:
        """Whether a counted fault strikes now."""
        with self.lock:
            left: int = getattr(self.faults, name)
            setattr(self.faults, name, max(0, left - 1))
            return left > 0

    def dropped(self, answer: Response) -> Response:
        """The answer, marked to break off where that was asked for."""
        if self.strikes("drop_answers"):
            answer.headers[DROP] = "1"
        return answer

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


def application(
    client_id: str,
    client_secret: str,
    *,
    journal: Path | None,
    monotonic: Callable[[], float],
    like: str = "rest",
    dossiers: Any = (),
) -> Asgi:
    """The mock as one ASGI application; ValueError where `dossiers` are none."""
    mock = Mock(client_id, client_secret, Store(journal), monotonic)
    mock.learn(dossiers)
    return _dropping(mount(flask_app(mock, like), {}, 8, most_bytes=MOST_BYTES), mock)


def flask_app(mock: Mock, like: str = "rest") -> Flask:
    """The mock's calls, with those of another style beside them."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    if like == "igate":
        grants = ("client_credentials", "password")
        mock_styles.igate(app, mock.dossier, token=lambda: token(mock, grants), barred=lambda: barred(mock))
    elif like == "portal":
        mock_styles.Portal(mock, mock.dossier, lambda record: _judge(mock, record)).mount(app)
    app.add_url_rule("/oauth/token", view_func=lambda: token(mock), methods=["POST"], endpoint="token")
    app.add_url_rule("/api/queue-records/batch", view_func=lambda: _batch(mock), methods=["POST"], endpoint="batch")
    app.add_url_rule("/api/queue-records/<path:key>", view_func=lambda key: _one(mock, key), methods=["PUT"], endpoint="one")
    app.add_url_rule("/api/queue-days/<site>/<date>", view_func=lambda site, date: _day(mock, site, date), methods=["PUT"], endpoint="day")
    app.add_url_rule("/api/dossiers/<path:code>", view_func=lambda code: _dossier(mock, code), endpoint="dossier")
    app.add_url_rule("/faults", view_func=lambda: _faults(mock), methods=["GET", "POST"], endpoint="faults")
    app.add_url_rule("/dossiers", view_func=lambda: _learn(mock), methods=["POST"], endpoint="learn")
    app.add_url_rule("/records", view_func=lambda: _records(mock), endpoint="records")
    app.add_url_rule("/", view_func=lambda: render_template("mock.html", faults=mock.faults), endpoint="page")
    app.add_url_rule("/table", view_func=lambda: _table(mock), endpoint="table")
    return app


def problem(status: int, code: str, detail: str) -> tuple[Response, int]:
    return jsonify({"code": code, "detail": detail}), status


# ---------------------------------------------------------------- the partner's calls
def token(mock: Mock, grants: tuple[str, ...] = ("client_credentials",)) -> Any:
    """A bearer token for the one client."""
    if mock.faults.no_tokens:
        return jsonify({"error": "temporarily_unavailable"}), 503
    if not mock.knows_client():
        return jsonify({"error": "invalid_client"}), 401
    if request.form.get("grant_type") not in grants:
        return jsonify({"error": "unsupported_grant_type"}), 400
    made = secrets.token_urlsafe(24)
    mock.tokens[made] = mock.monotonic() + TOKEN_S
    return jsonify({"access_token": made, "token_type": "Bearer", "expires_in": TOKEN_S})


def barred(mock: Mock) -> Any:
    """The answer to a caller without a token, or the one that a fault asks for; None lets the call in."""
    if mock.faults.status:
        return problem(mock.faults.status, "on_purpose", "lỗi được bật trên trang mô phỏng")
    if not mock.faults.open_door and not mock.knows_token():
        return problem(401, "unauthenticated", "token không hợp lệ hoặc đã hết hạn")
    return None


def _judge(mock: Mock, record: Any) -> dict[str, str]:
    if mock.faults.take_anything and isinstance(record, dict):
        return {"record_id": str(record.get("MaBanGhi")), "status": "accepted"}
    if isinstance(record, dict):
        if record.get("MaTTHC") in mock.faults.refuse_procedures:
            return mock.store.refuse(record, "unknown_procedure", f"không có thủ tục {record['MaTTHC']}")
        if record.get("MaLinhVuc") in mock.faults.refuse_fields:
            return mock.store.refuse(record, "unknown_field", f"không có lĩnh vực {record['MaLinhVuc']}")
    result = mock.store.put(record)
    twice, older = result.get("code") == "already_accepted", result.get("code") == "older_version"
    if (mock.faults.take_twice and twice) or (mock.faults.take_older and older):
        return {"record_id": result["record_id"], "status": "accepted"}
    return result


def _batch(mock: Mock) -> Any:
    refused = barred(mock)
    if refused is not None:
        return refused
    body = request.get_json(silent=True)
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list):
        return problem(400, "malformed", 'cần {"records": [...]}')
    if len(records) > BATCH:
        return problem(413, "too_large", f"tối đa {BATCH} bản ghi")
    results = [_judge(mock, record) for record in records]
    return mock.dropped(jsonify({"results": results[::-1] if mock.faults.shuffle else results}))


def _one(mock: Mock, key: str) -> Any:
    refused = barred(mock)
    if refused is not None:
        return refused
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
    refused = barred(mock)
    if refused is not None:
        return refused
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return problem(400, "malformed", "cần một đối tượng JSON")
    if mock.faults.forget_days:
        return jsonify({"status": "accepted"})
    return _day_answer(mock.store.put_day(site, date, body))


def _day_answer(result: dict[str, str]) -> Any:
    return problem(422, result["code"], result["detail"]) if result["status"] == "refused" else jsonify(result)


def _dossier(mock: Mock, code: str) -> Any:
    refused = barred(mock)
    if refused is not None:
        return refused
    found = mock.dossier(code)
    if found is None:
        return problem(404, "not_found", "không có hồ sơ này")
    told = {"MaTTHC": found.procedure, "NgayHenTra": found.due, "NoiTraKetQua": found.collect_at}
    known = {name: value for name, value in told.items() if value is not None}
    return jsonify({"MaHoSo": code, "TrangThaiHoSo": found.state, "TenTrangThai": STATES[found.state], **known})


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


def _learn(mock: Mock) -> Any:
    try:
        mock.learn(request.get_json(silent=True))
    except ValueError as bad:
        return problem(422, "invalid", str(bad))
    return jsonify({"dossiers": len(mock.dossiers)})


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
    return jsonify({"records": rows, "days": mock.store.days(), "tally": mock.store.tally()})


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
        own = scope["path"] in ("/", "/table", "/faults", "/records", "/dossiers")
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
