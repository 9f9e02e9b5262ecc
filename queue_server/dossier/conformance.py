"""The kit for partners: does an endpoint keep the feed's contract? One check per promise, with what to mend where it does not.

Everything that is sent is marked as a trial and stands under record ids that nothing else has. The kit speaks as the feed does,
through the same login and the same bounded wire; the judgement is made here a second time, from the answers as they came.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from toiluot_edge import SystemClock

from . import day as days
from .adapters import STATES, Refusal, Wait
from .adapters.login import OAuth
from .adapters.wire import Wire, said, words_of
from .payload import idempotency_key

BATCH, SEVERAL = 500, 20
SINCE_MS = 1_767_200_400_000  # the beginning of 2026: versions that rise with time and stay small
DAY = "2020-01-02"  # long past: nothing of a real day is touched
FIRST, DAYS = date(2000, 1, 1), 7300  # aggregates are of a day of each run's own: two runs in one moment do not meet
AT = f"{DAY}T08:0{{}}:00+07:00"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: kept, or what was seen and what to mend."""

    name: str
    well: bool
    seen: str = ""
    mend: str = ""


class Broken(Exception):
    """A promise that was not kept."""

    def __init__(self, seen: str, mend: str) -> None:
        super().__init__(seen)
        self.seen, self.mend = seen, mend


class Kit:
    """All checks against one endpoint."""

    def __init__(
        self, base: str, token_url: str, client_id: str, secret: str, *, site: str, code: str | None = None, private: bool = False
    ) -> None:
        self._base, self._site, self._code = base.rstrip("/"), site, code
        self._wire = Wire(private=private, far_end="the endpoint", answer_s=120.0, whole_s=180.0)  # how fast it is, is not judged
        self._login = OAuth(self._wire, token_url, client_id, secret)
        self._run = secrets.token_hex(6)
        self._day_told = (FIRST + timedelta(days=int(self._run, 16) % DAYS)).isoformat()

    def run(self) -> list[Check]:
        """Every check in turn; without a token nothing else can be tried."""
        found: list[Check] = []
        try:
            for name, check in self._checks():
                found.append(self._tried(name, check))
                if name == "token" and not found[-1].well:
                    break
        finally:
            self._wire.close()
        return found

    def _checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "token", self._token
        yield "token-needed", self._token_needed
        yield "batch", self._batch
        yield "repeat", self._repeat
        yield "stale", self._stale
        yield "refusal", self._refusal
        yield "order", self._order
        yield "full-batch", self._full_batch
        yield "day", self._day
        yield "look-up", self._look_up

    def _tried(self, name: str, check: Callable[[], str]) -> Check:
        try:
            return Check(name, True, check())
        except Broken as broken:
            return Check(name, False, broken.seen, broken.mend)
        except Refusal as refusal:
            return Check(name, False, f"answered {refusal}", "answer 200; what is wrong with one record is told in its result")
        except Wait as wait:
            return Check(name, False, str(wait), "the feed would wait and try again for ever: see the endpoint's own log")

    # ------------------------------------------------------------ tokens
    def _token(self) -> str:
        try:
            self._send([])
        except Refusal:
            pass  # an empty batch may be refused: the token was taken
        except Wait as wait:
            mend = "POST with grant_type=client_credentials and HTTP Basic must give {access_token, token_type: Bearer, expires_in}"
            raise Broken(str(wait), mend) from wait
        return "a token was given and taken"

    def _token_needed(self) -> str:
        answer = self._wire.ask("POST", f"{self._base}/queue-records/batch", json={"records": []})
        if answer.status_code not in (401, 403):
            raise Broken(f"without a token: {answer.status_code}", "answer 401 to a call without a token that you gave out")
        return f"without a token: {answer.status_code}"

    # ------------------------------------------------------------ records
    def _batch(self) -> str:
        self._expect(self._records("b", 3), "accepted", "a new record is accepted")
        return "3 records accepted"

    def _repeat(self) -> str:
        records = self._records("r", 3)
        self._expect(records, "accepted", "a new record is accepted")
        self._expect(records, "stale", "the same record and version again is stale: answers get lost, and the feed sends once more")
        return "3 repeats were stale"

    def _stale(self) -> str:
        old = self._records("s", 1)
        new = [{**old[0], "PhienBan": 3, "MucDoHaiLong": 5}]
        self._expect(old, "accepted", "a new record is accepted")
        self._expect(new, "accepted", "a higher PhienBan replaces the one before, also where numbers are left out")
        self._expect([{**old[0], "PhienBan": 2}], "stale", "a lower PhienBan than the one that you have is stale and changes nothing")
        return "version 3 stands, version 2 was stale"

    def _refusal(self) -> str:
        good, bad = self._records("f", 2)
        bad["KetQuaLuot"] = "khong-co-ket-qua-nay"
        results = self._send([good, bad])
        if len(results) != 2 or _status(results[1]) != "refused":
            raise Broken(
                f"a result that does not exist was {_status(results[-1]) if results else 'unanswered'}", "refuse what breaks the schema"
            )
        if _status(results[0]) != "accepted":
            raise Broken(f"the good record beside it was {_status(results[0])}", "one refused record may not take the others along")
        if not (results[1].get("code") or results[1].get("detail")):
            raise Broken("no word why", "say why in code and detail: people read it and put it right")
        return f"refused with: {words_of(results[1].get('detail') or results[1].get('code'), 80)}"

    def _order(self) -> str:
        records = self._records("o", SEVERAL)
        found = [row.get("record_id") for row in self._send(records)]
        if found != [record["MaBanGhi"] for record in records]:
            raise Broken("results in another order than the records, or not one each", "one result per record, in the same order")
        return f"{SEVERAL} results in the order of the records"

    def _full_batch(self) -> str:
        self._expect(self._records("g", BATCH), "accepted", f"up to {BATCH} records come at once")
        return f"{BATCH} records at once"

    # ------------------------------------------------------------ days and look-up
    def _day(self) -> str:
        body = self._figures()
        for version, want in ((1, "accepted"), (1, "stale"), (2, "accepted"), (1, "stale")):
            url = f"{self._base}/queue-days/{quote(self._site, safe='')}/{self._day_told}"
            key = {"Idempotency-Key": f"{self._site}:{self._day_told}:{body['PhienBan'] - 2 + version}"}
            answer = self._login.call("PUT", url, json={**body, "PhienBan": body["PhienBan"] - 2 + version}, headers=key)
            told = said(answer)
            status = told.get("status") if isinstance(told, dict) else None
            if status != want:
                mend = (
                    'PUT answers {"status": "accepted"} for a higher PhienBan and {"status": "stale"} for one that you have or have passed'
                )
                raise Broken(f"version {version}: {words_of(status, 40) or 'no status'} instead of {want}", mend)
        return "a new version accepted, a repeat and an older one stale"

    def _figures(self) -> Row:
        """A day of nobody, under versions that rise with every run of the kit."""
        counts = dict.fromkeys(days.COUNTS, 0)
        spread = dict.fromkeys(("TrungBinhGiay", "TrungViGiay", "P90Giay", "P95Giay"))
        spreads = {name: {"SoBuoc": 0, "TongMiliGiay": 0, **spread} for name in days.SPREADS}
        place = {"MaDonVi": None, "MaDiemTiepNhan": self._site, "NgayLamViec": self._day_told, "KyNhatKy": 1, "ThuTuNhatKy": 1}
        more: Row = {"TheoViec": [], "MaKiemSoLieu": None, "DuLieuThuNghiem": True}
        return {**place, **counts, **spreads, **more, "PhienBan": 2 + 2 * ((SystemClock().wall_ms() - SINCE_MS) // 500)}

    def _look_up(self) -> str:
        try:
            self._login.call("GET", f"{self._base}/dossiers/KHONG-CO-{self._run}")
            raise Broken("a dossier that does not exist was found", "answer 404 for a code that you do not know")
        except Refusal as refusal:
            if refusal.status != 404:
                raise Broken(f"an unknown code: {refusal.status}", "answer 404 for a code that you do not know") from refusal
        if self._code is None:
            return "an unknown code is 404; give --code to try one that exists"
        try:
            row = said(self._login.call("GET", f"{self._base}/dossiers/{quote(self._code, safe='')}"))
        except Refusal as refusal:
            raise Broken(f"{self._code}: {refusal.status}", "answer 200 with MaHoSo and TrangThaiHoSo for a code that exists") from refusal
        state = row.get("TrangThaiHoSo") if isinstance(row, dict) else None
        if not isinstance(row, dict) or row.get("MaHoSo") != self._code or isinstance(state, bool) or state not in STATES:
            raise Broken(f"state {words_of(state, 40) or 'missing'}", "MaHoSo as asked, and TrangThaiHoSo a number from 1 to 10")
        return f"state {state} {STATES[state]}"

    # ------------------------------------------------------------ one call
    def _records(self, name: str, count: int) -> list[Row]:
        return [record(self._site, f"{self._run}{name}{n}") for n in range(count)]

    def _send(self, records: Sequence[Row]) -> list[Row]:
        headers = {"Idempotency-Key": idempotency_key(records[0])} if len(records) == 1 else {}
        body = said(self._login.call("POST", f"{self._base}/queue-records/batch", json={"records": list(records)}, headers=headers))
        rows = body.get("results") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Broken("no results", 'answer {"results": [{record_id, status, code?, detail?}]}')
        return rows

    def _expect(self, records: Sequence[Row], status: str, mend: str) -> None:
        by_id = {row.get("record_id"): row for row in self._send(records)}
        for each in records:
            row = by_id.get(each["MaBanGhi"])
            if row is None:
                raise Broken(f"no result for {each['MaBanGhi']}", "one result per record, with its record_id")
            if _status(row) != status:
                why = words_of(row.get("detail") or row.get("code"), 80)
                raise Broken(
                    f"{each['MaBanGhi']} version {each['PhienBan']}: {_status(row)} instead of {status}" + (f" ({why})" if why else ""),
                    mend,
                )


def record(site: str, ticket: str) -> Row:
    """A visit that never was, whole and lawful."""
    return {
        "MaBanGhi": f"{site}:{ticket}:1", "KyNhatKy": 1, "ThuTuNhatKy": 1, "PhienBan": 1, "MaDonVi": None, "MaDiemTiepNhan": site,
        "NgayLamViec": DAY, "MaLuot": ticket, "BuocThu": 1, "SoThuTu": "A001", "MaQuay": "1", "MaLinhVuc": "chung-thuc", "MaTTHC": None,
        "SoHoSo": 1, "DanhSachMaHoSo": [], "KenhThucHien": "truc_tiep", "LoaiUuTien": None, "ThoiDiemLaySo": AT.format(0),
        "ThoiDiemGoi": AT.format(1), "ThoiDiemBatDau": AT.format(2), "ThoiDiemKetThuc": AT.format(5), "ThoiGianChoGiay": 60,
        "ChoTruocGioMoGiay": 0, "ChoQuaNghiGiay": 0, "ThoiGianPhucVuGiay": 180, "BatDauSuyRa": False, "DongTuDong": False,
        "KetQuaLuot": "xong", "MucDoHaiLong": None, "DuLieuThuNghiem": True,
    }  # fmt: skip


def _status(row: Row) -> str:
    return words_of(row.get("status"), 40) or "without a status"


def lines(found: Sequence[Check]) -> list[str]:
    """One line per check for people."""
    told = [f"{'ok  ' if each.well else 'FAIL'} {each.name:<13} {each.seen}" + (f" → {each.mend}" if each.mend else "") for each in found]
    return [*told, f"{sum(each.well for each in found)} of {len(found)} checks passed"]


def as_data(found: Sequence[Check]) -> Row:
    """The checks as plain JSON values."""
    rows = [{"check": each.name, "ok": each.well, "seen": each.seen, "mend": each.mend} for each in found]
    return {"ok": all(each.well for each in found), "checks": rows}
