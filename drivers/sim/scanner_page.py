"""The simulated scanner as a page: sample cards to lay down, or any text.

`GET /` page · `GET /samples` · `POST /scan {"payload", "encoding"?}` or `{"sample": CODE}` · `POST /fault {"faults": […]}`.
"""

from __future__ import annotations

from typing import Any

from drivers.codecs.scan_text import SCANNER_ENCODINGS as ENCODINGS
from drivers.sim.faults import SCANNER_FAULTS, parse_faults
from drivers.sim.http import Reply, as_json, page
from drivers.sim.scanner import SAMPLES, ScannerSim

MAX_LETTERS = 4096


class ScannerPage:
    def __init__(self, sim: ScannerSim) -> None:
        self._sim = sim

    def route(self, method: str, path: str, body: Any) -> Reply | None:
        if method == "GET":
            return self._get(path)
        body = body if isinstance(body, dict) else {}
        if path == "/scan":
            return self._scan(body)
        if path == "/fault":
            names = body.get("faults")
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError('send {"faults": ["garbage", …]}')
            self._sim.faults = {fault.name for fault in parse_faults(",".join(names), SCANNER_FAULTS)}
            return as_json({"faults": sorted(self._sim.faults)})
        return None

    def _get(self, path: str) -> Reply | None:
        if path == "/":
            return page("scanner.html")
        if path == "/samples":
            samples = [{"code": one.code, "title": one.title, "about": one.about, "payload": one.payload} for one in SAMPLES]
            known = {"encodings": list(ENCODINGS), "known_faults": list(SCANNER_FAULTS)}
            return as_json(
                {"samples": samples, "encoding": self._sim.encoding, "faults": sorted(self._sim.faults), "scans": self._sim.scans, **known}
            )
        return None

    def _scan(self, body: dict[str, Any]) -> Reply:
        payload = body.get("payload")
        if "sample" in body:
            payload = next((one.payload for one in SAMPLES if one.code == body["sample"]), None)
        if not isinstance(payload, str) or not 0 < len(payload) <= MAX_LETTERS:
            raise ValueError(f"payload: 1 to {MAX_LETTERS} letters, or sample: one of {', '.join(one.code for one in SAMPLES)}")
        encoding = body.get("encoding")
        if encoding is not None and encoding not in ENCODINGS:
            raise ValueError(f"encoding: one of {', '.join(ENCODINGS)}")
        return as_json({"bytes": self._sim.scan(payload, encoding)})
