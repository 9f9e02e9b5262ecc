"""The stations of a simulated line as a page: panels that glow, keypads to press, faults to switch.

`GET /` page · `GET /devices` · `POST /press {"device"?, "key", "times"?}` (`times`: a worn key that bounces) ·
`POST /fault {"device"?, "faults": […]}`. `device` may be left out where only one station can be meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers.sim.faults import parse_faults
from drivers.sim.http import Reply, as_json, page
from drivers.sim.station import KeypadSim, Station

MOST_BOUNCES = 10


class LinePage:
    def __init__(self, stations: Sequence[Station]) -> None:
        self._stations = tuple(stations)

    def route(self, method: str, path: str, body: Any) -> Reply | None:
        if method == "GET":
            if path == "/":
                return page("line.html")
            return as_json({"devices": [station.look() for station in self._stations]}) if path == "/devices" else None
        body = body if isinstance(body, dict) else {}
        if path == "/press":
            return self._press(body)
        return self._fault(body) if path == "/fault" else None

    def _press(self, body: dict[str, Any]) -> Reply:
        station = self._named(body, [one for one in self._stations if isinstance(one, KeypadSim)])
        key, times = body.get("key"), body.get("times", 1)
        if isinstance(station, KeypadSim) and isinstance(key, str) and times in range(1, MOST_BOUNCES + 1):
            for _ in range(times):
                station.press(key)
            return as_json(station.look())
        raise ValueError(f'send {{"key": "next"}}, with "times" up to {MOST_BOUNCES} for a key that bounces')

    def _fault(self, body: dict[str, Any]) -> Reply:
        station, names = self._named(body, list(self._stations)), body.get("faults")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError('send {"faults": ["silent", …]}')
        station.faults = {fault.name for fault in parse_faults(",".join(names), station.known_faults)}
        return as_json(station.look())

    @staticmethod
    def _named(body: dict[str, Any], stations: list[Station]) -> Station:
        found = [one for one in stations if body.get("device") in (None, one.name)]
        if len(found) != 1:
            raise ValueError(f"device: one of {', '.join(one.name for one in stations)}")
        return found[0]
