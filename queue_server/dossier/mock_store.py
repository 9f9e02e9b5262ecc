"""What the mock dossier system has taken, by the rules a partner should keep: versions rise, a repeat changes nothing.

Holds the judgement of one record and an optional journal. HTTP and faults are in `mock`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

from jsonschema import Draft202012Validator

SHOWN_MESSAGE = 200


RECORD, DAY = "record.schema.json", "day.schema.json"


@cache
def validator(name: str = RECORD) -> Draft202012Validator:
    """A schema, as it is shipped."""
    schema = json.loads(files(__package__).joinpath(name).read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def faults_of(record: Any, name: str = RECORD) -> list[str]:
    """Why a record breaks the schema, in words; empty where it does not."""
    return [f"{error.json_path}: {error.message[:SHOWN_MESSAGE]}" for error in validator(name).iter_errors(record)]


class Store:
    """Records by id with every accepted version in order, and day aggregates. Safe between threads."""

    def __init__(self, journal: Path | None = None) -> None:
        self._lock = Lock()
        self._records: dict[str, list[dict[str, Any]]] = {}
        self._days: dict[str, list[dict[str, Any]]] = {}
        self._order: list[dict[str, Any]] = []
        self._tally = {"accepted": 0, "stale": 0, "refused": 0}
        self._journal = journal
        for record in self._read_journal():
            if DAY in record:
                body = record[DAY]
                self._days.setdefault(f"{body['MaDiemTiepNhan']}/{body['NgayLamViec']}", []).append(body)
                continue
            self._keep(record)
            self._tally["accepted"] += 1

    def put(self, record: Any) -> dict[str, str]:
        """Judge one record: `accepted` once per version, `stale` for a version it has or has passed, `refused` where it
        breaks the schema or says something else under a version already taken."""
        key = str(record.get("MaBanGhi", "")) if isinstance(record, Mapping) else ""
        faults = faults_of(record)
        with self._lock:
            broken = {"record_id": key, "status": "refused", "code": "invalid", "detail": "; ".join(faults[:3])}
            result = broken if faults else self._judge(record)
            self._tally[result["status"]] += 1
            return result

    def refuse(self, record: Any, code: str, detail: str) -> dict[str, str]:
        """A refusal on purpose."""
        with self._lock:
            self._tally["refused"] += 1
        return {"record_id": str(record.get("MaBanGhi", "")), "status": "refused", "code": code, "detail": detail}

    def _judge(self, record: dict[str, Any]) -> dict[str, str]:
        key, version = record["MaBanGhi"], record["PhienBan"]
        taken = self._records.get(key, [])
        if not taken or version > taken[-1]["PhienBan"]:
            self._write_journal(record)
            self._keep(record)
            return {"record_id": key, "status": "accepted"}
        same = next((old for old in taken if old["PhienBan"] == version), None)
        if same is not None and same != record:
            return {"record_id": key, "status": "refused", "code": "version_conflict", "detail": f"version {version} was other"}
        return {"record_id": key, "status": "stale", "code": "already_accepted" if same else "older_version"}

    def _keep(self, record: dict[str, Any]) -> None:
        self._records.setdefault(record["MaBanGhi"], []).append(record)
        self._order.append(record)

    def put_day(self, site: str, date: str, body: Any) -> dict[str, str]:
        """Judge the aggregate of a day by the same rules as a record."""
        faults = faults_of(body, DAY)
        if not faults and (body["MaDiemTiepNhan"], body["NgayLamViec"]) != (site, date):
            faults = ["$: not the site and day of the address"]
        if faults:
            return {"status": "refused", "code": "invalid", "detail": "; ".join(faults[:3])}
        with self._lock:
            taken = self._days.setdefault(f"{site}/{date}", [])
            if taken and body["PhienBan"] <= taken[-1]["PhienBan"]:
                same = any(old == body for old in taken)
                return {"status": "stale", "code": "already_accepted" if same else "older_version"}
            self._write_journal({DAY: body})
            taken.append(body)
            return {"status": "accepted"}

    # ------------------------------------------------------------ readings
    def latest(self) -> list[dict[str, Any]]:
        """The last version of every record, in the order of its first acceptance."""
        with self._lock:
            return [versions[-1] for versions in self._records.values()]

    def accepted(self) -> list[dict[str, Any]]:
        """Every accepted version in order of arrival."""
        with self._lock:
            return list(self._order)

    def days(self) -> dict[str, list[dict[str, Any]]]:
        """Every accepted version of each day, by site and date."""
        with self._lock:
            return {key: list(rows) for key, rows in self._days.items()}

    def tally(self) -> dict[str, int]:
        with self._lock:
            return {**self._tally, "records": len(self._records), "days": len(self._days)}

    # ------------------------------------------------------------ journal
    def _read_journal(self) -> list[dict[str, Any]]:
        if self._journal is None or not self._journal.exists():
            return []
        data = self._journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            os.truncate(self._journal, len(whole))
        return [json.loads(line) for line in whole.splitlines()]

    def _write_journal(self, record: dict[str, Any]) -> None:
        if self._journal is None:
            return
        with open(self._journal, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
            file.flush()
            os.fsync(file.fileno())
