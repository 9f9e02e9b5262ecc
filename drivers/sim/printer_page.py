"""The simulated printer as a page: its paper as pictures, its faults as switches, the same as JSON.

`GET /` page · `GET /slips` · `GET /slips/N.png` · `GET /hanging.png` · `GET /fault` · `POST /fault {"faults": […]}`.
"""

from __future__ import annotations

from typing import Any

from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.http import Reply, as_json, page
from drivers.sim.png import png
from drivers.sim.printer import PrinterSim


class PrinterPage:
    def __init__(self, sim: PrinterSim) -> None:
        self._sim = sim

    def route(self, method: str, path: str, body: Any) -> Reply | None:
        if method == "POST":
            return self._fault(body) if path == "/fault" else None
        if path == "/":
            return page("printer.html")
        if path == "/slips":
            return as_json(self._slips())
        if path == "/fault":
            return as_json({"faults": self._sim.faults, "known": list(PRINTER_FAULTS)})
        if path == "/hanging.png":
            return Reply(200, "image/png", png(self._sim.hanging(), self._sim.width_dots))
        return self._picture(path)

    def _slips(self) -> dict[str, Any]:
        sim = self._sim
        with sim.lock:
            slips = [
                {"number": slip.number, "rows": len(slip.rows), "at": slip.at, "png": f"/slips/{slip.number}.png"} for slip in sim.slips
            ]
            return {
                "width_dots": sim.width_dots,
                "printed": sim.printed,
                "stopped": sim.stopped,
                "faults": sim.faults,
                "known_faults": list(PRINTER_FAULTS),
                "hanging_rows": sim.hanging_rows,
                "slips": slips[::-1],
            }

    def _picture(self, path: str) -> Reply | None:
        if not (path.startswith("/slips/") and path.endswith(".png") and path[7:-4].isdigit()):
            return None
        wanted = int(path[7:-4])
        for slip in self._sim.slips:
            if slip.number == wanted:
                return Reply(200, "image/png", png(slip.rows, self._sim.width_dots), keep_s=3600)
        return None

    def _fault(self, body: Any) -> Reply:
        names = body.get("faults") if isinstance(body, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError('send {"faults": ["paper-out", …]}')
        self._sim.set_faults(parse_faults(",".join(names), PRINTER_FAULTS))
        return as_json({"faults": self._sim.faults})
