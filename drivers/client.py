"""How another program talks to the drivers' service: HTTP over its Unix socket.

Holds the calls and the reading of the stream. Reconnecting, and what a slip or a card means, is the caller's affair.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

# A slip may take long on a slow line; a stream beats every 5 s.
PRINT_TIMEOUT_S = 190.0
SHOW_TIMEOUT_S = 12.0
CHIP_TIMEOUT_S = 65.0
STREAM_SILENCE_S = 15.0
EXAMINE_TIMEOUT_S = 35.0


class DriversError(Exception):
    """The service is away (`code` is "unreachable") or refused the request (`code` says why)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class DriversClient:
    """One client per thread of work; closing it closes its connections."""

    def __init__(self, socket_path: str | Path, timeout_s: float = 5.0) -> None:
        self._http = httpx.Client(
            trust_env=False,
            transport=httpx.HTTPTransport(uds=str(socket_path)),
            base_url="http://drivers",
            timeout=httpx.Timeout(timeout_s),
        )

    def status(self) -> dict[str, Any]:
        return self._call("GET", "/v1/status")

    def print_raster(self, job_id: str, raster: bytes, width_dots: int, height: int, cut: bool = True) -> dict[str, Any]:
        """`raster`: packed rows, most significant bit first, 1 = black. The same `job_id` never prints twice."""
        packed = base64.b64encode(raster).decode()
        body = {"job_id": job_id, "width_dots": width_dots, "height": height, "raster": packed, "cut": cut}
        return self._call("POST", "/v1/print", body, PRINT_TIMEOUT_S)

    def show(self, slot: str, rows: list[str], *, blink: bool = False, hold_s: float | None = None) -> dict[str, Any]:
        """What a panel shall show. Without another word within `hold_s` it goes back to its idle face."""
        body = {"slot": slot, "rows": rows, "blink": blink, **({} if hold_s is None else {"hold_s": hold_s})}
        return self._call("POST", "/v1/led", body, SHOW_TIMEOUT_S)

    def read_chip(self, **key: str | None) -> dict[str, Any]:
        """`can=` or `document=, birth=, expiry=`. What was read comes as a `card` event; here only how it went."""
        return self._call("POST", "/v1/chip", dict(key), CHIP_TIMEOUT_S)

    def job(self, job_id: str) -> dict[str, Any] | None:
        """What became of a job, or None where it is not known or not finished."""
        try:
            return self._call("GET", f"/v1/jobs/{quote(job_id, safe='')}")
        except DriversError as error:
            if error.code == "not_found":
                return None
            raise

    def say(self, parts: Sequence[tuple[str, str]], volume: int = 3, *, append: bool = False) -> dict[str, Any]:
        """`(voice, text)` after each other to the headphones, cutting off what is being said unless `append`; none = silence."""
        body = {"parts": [{"voice": voice, "text": text} for voice, text in parts], "volume": volume, "append": append}
        return self._call("POST", "/v1/say", body)

    def new_roll(self, length_m: float | None = None, slot: str | None = None) -> dict[str, Any]:
        """A new roll of paper is in the printer; without a length, as long as the configuration says."""
        given = {"length_m": length_m, "slot": slot}
        return self._call("POST", "/v1/printer/roll", {key: value for key, value in given.items() if value is not None}, PRINT_TIMEOUT_S)

    def record(self, slot: str, on: bool) -> dict[str, Any]:
        """Begin taking down what passes on a slot's line; end it, and get it without anything of a person."""
        return self._call("POST", "/v1/record", {"slot": slot, "on": on})

    def examine(self, slot: str) -> list[dict[str, Any]]:
        """A closer look at a device: what was found, each with code, detail and hint."""
        found: list[dict[str, Any]] = self._call("POST", "/v1/examine", {"slot": slot}, EXAMINE_TIMEOUT_S)["found"]
        return found

    def lines(self) -> dict[str, Any]:
        """What passed on each slot's line, in numbers."""
        lines: dict[str, Any] = self._call("GET", "/v1/lines")["lines"]
        return lines

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """`(event, data)` until the service ends the stream; `DriversError` when it is lost or silent for 15 s."""
        try:
            with self._http.stream("GET", "/v1/stream", timeout=httpx.Timeout(5.0, read=STREAM_SILENCE_S)) as answer:
                _check(answer)
                yield from _events(answer.iter_lines())
        except httpx.HTTPError as error:
            raise DriversError("unreachable", type(error).__name__) from error

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, read_s: float | None = None) -> dict[str, Any]:
        timeout = httpx.Timeout(5.0, read=read_s) if read_s else httpx.USE_CLIENT_DEFAULT
        try:
            answer = self._http.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise DriversError("unreachable", type(error).__name__) from error
        _check(answer)
        result: dict[str, Any] = answer.json()
        return result

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> DriversClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    answer.read()
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    raise DriversError(problem.get("code", "error"), problem.get("detail", f"HTTP {answer.status_code}"))


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    event, data = "message", ""
    for line in lines:
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
        elif not line and data:
            yield event, json.loads(data)
            event, data = "message", ""
