"""The mock in two other styles, made from published shapes: iGate's search and the National Portal's one address.

Both take the feed's records too, at an address and under a service name of our own, because no product publishes one; they
are judged and stored as everything else here. Nothing of this is any vendor's program.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from .adapters import Dossier
from .adapters.mapping import VIETNAMESE

if TYPE_CHECKING:
    from .mock import Mock

TOKEN_PATH = "/auth/realms/digo/protocol/openid-connect/token"
# Internal numbers seen in public code, and what this mock means by them: the map a site would have to be told by its province.
IGATE_STATES = {0: 1, 2: 2, 3: 4, 4: 5, 5: 6, 8: 8, 9: 9, 10: 10, 16: 3, 17: 7}
PROCEDURE, DUE = "1.001612", "2026-12-01"  # of a dossier of which nothing was told
RECORDS_SERVICE, DAYS_SERVICE = "GuiLuotXepHang", "GuiTongHopNgay"
NO_SUCH, NO_SESSION, BAD_LOGIN = "404", "401", "99"
Row = dict[str, Any]


# ---------------------------------------------------------------- iGate's style
def igate(app: Flask, dossier: Callable[[str], Dossier | None], *, token: Callable[[], Any], barred: Callable[[], Any]) -> None:
    """A Keycloak token and the search."""
    app.add_url_rule(TOKEN_PATH, view_func=token, methods=["POST"], endpoint="keycloak")

    def search() -> Any:
        refused = barred()
        if refused is not None:
            return refused
        code = request.args.get("code", "")
        found = dossier(code)
        if request.args.get("spec") != "slice":
            return jsonify({"error": "spec=slice is needed"}), 400
        rows = [] if found is None else [_item(Dossier(f"{code}1", found.state % 10 + 1)), _item(found)]
        return jsonify({"content": rows, "number": 0, "size": 20, "last": True, "numberOfElements": len(rows)})

    app.add_url_rule("/api/pa/dossier/search", view_func=search, endpoint="search")


def _item(dossier: Dossier) -> Row:
    """One dossier as the slice has it. People are in it there; here they are invented, and nobody may read them."""
    number = next(theirs for theirs, ours in IGATE_STATES.items() if ours == dossier.state)
    place = dossier.collect_at or "Quầy trả kết quả 1"
    return {
        "id": f"id-{dossier.code}",
        "code": dossier.code,
        "applicant": {"data": {"fullname": "NGƯỜI MẪU", "identityNumber": "000000000000"}},
        "accepter": {"fullname": "CÁN BỘ MẪU"},
        "appointmentDate": f"{dossier.due or DUE}T17:00:00.000+0700",
        "procedure": {"id": "p-1", "code": dossier.procedure or PROCEDURE},
        "agency": {"name": [{"languageId": VIETNAMESE, "name": place}, {"languageId": 46, "name": "Results desk"}]},
        "dossierStatus": number,
        "currentTask": [{"id": "t-1"}],
    }


# ---------------------------------------------------------------- the Portal's style
class Portal:
    """A session by user name and password, then every call at one address, told apart by `service`."""

    def __init__(self, mock: Mock, dossier: Callable[[str], Dossier | None], judge: Callable[[Any], Mapping[str, str]]) -> None:
        self._mock, self._dossier, self._judge = mock, dossier, judge
        self._sessions: set[str] = set()
        self._services = {"TraCuuHoSo": self._look_up, RECORDS_SERVICE: self._records, DAYS_SERVICE: self._days}

    def mount(self, app: Flask) -> None:
        app.add_url_rule("/api/login", view_func=self.login, methods=["POST"], endpoint="login")
        app.add_url_rule("/api/call", view_func=self.call, methods=["POST"], endpoint="call")

    def login(self) -> Any:
        body = _body()
        if (body.get("username"), body.get("password")) != (self._mock.client_id, self._mock.client_secret):
            return jsonify({"session": "", "error_code": BAD_LOGIN})
        session = secrets.token_hex(16)
        self._sessions.add(session)
        return jsonify({"session": session, "error_code": "00"})

    def call(self) -> Any:
        body = _body()
        if self._mock.strikes("expire_tokens"):
            self._sessions.clear()
        if self._mock.faults.status:
            return _said(str(self._mock.faults.status), "lỗi được bật trên trang mô phỏng")
        if body.get("session") not in self._sessions:
            return _said(NO_SESSION, "phiên làm việc đã hết")
        service = self._services.get(str(body.get("service")))
        return _said(NO_SUCH, "không có dịch vụ này") if service is None else service(body)

    def _look_up(self, body: Row) -> Response:
        found = self._dossier(str(body.get("mahoso")))
        if found is None:
            return _said(NO_SUCH, "không có hồ sơ này")
        due = f"{(found.due or DUE).replace('-', '')}170000"
        row = {"MaHoSo": found.code, "MaTTHC": found.procedure or PROCEDURE, "TrangThaiHoSo": str(found.state), "NgayHenTra": due}
        return jsonify({"error_code": "00", "data": [{**row, "ChuHoSo": "NGƯỜI MẪU", "NgayTiepNhan": "20261120081500"}]})

    def _records(self, body: Row) -> Response:
        told = []
        for each in (self._judge(ours(row)) for row in body.get("data") or []):
            row = {"MaBanGhi": each["record_id"], "status": each["status"], "message": each.get("detail", "")}
            told.append(row | {"error_code": each["code"] if each["status"] == "refused" else "00"})
        return self._mock.dropped(jsonify({"error_code": "00", "data": told}))

    def _days(self, body: Row) -> Response:
        for row in body.get("data") or []:
            day = _day(row.get("NgayLamViec"))
            result = self._mock.store.put_day(row.get("MaDiemTiepNhan"), day, {**row, "NgayLamViec": day})
            if result["status"] == "refused":
                return _said("422", result["detail"])
        return jsonify({"error_code": "00"})


def _body() -> Row:
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else {}


def _said(code: str, message: str) -> Response:
    return jsonify({"error_code": code, "message": message})


def ours(row: Any) -> Any:
    """A record as it came, with its dates as ours again, so that the same judgement holds."""
    if not isinstance(row, dict):
        return row
    found = dict(row)
    for name, value in row.items():
        if name.startswith("ThoiDiem") and isinstance(value, str) and re.fullmatch(r"\d{14}", value):
            day, hour = _day(value[:8]), f"{value[8:10]}:{value[10:12]}:{value[12:14]}"
            found[name] = f"{day}T{hour}+07:00"
    found["NgayLamViec"] = _day(row.get("NgayLamViec"))
    return found


def _day(value: Any) -> Any:
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if isinstance(value, str) and re.fullmatch(r"\d{8}", value) else value
