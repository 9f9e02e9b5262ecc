"""What a technician can order a kiosk to do with its devices: a slip on paper, a few of them, a closer look.

All of it goes through the drivers' socket, as the kiosk's own work does.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from kiosk import raster
from kiosk.slip import Line, Role, Slip
from queue_server.contract.orders import TEXT, OrderKind
from queue_server.contract.scrub import scrub
from queue_server.device.orders import Done, Kind

BURN_SLIPS = 5
PRINTED = ("printed", "sent_unconfirmed")


class KioskOrders:
    """`width_dots` of the paper that is in now; `now` is the server's time of day."""

    def __init__(self, drivers: Path, name: str, width_dots: Callable[[], int | None], now: Callable[[], str]) -> None:
        self._drivers, self._name, self._width_dots, self._now = drivers, name, width_dots, now

    def kinds(self) -> dict[str, Kind]:
        return {OrderKind.TEST_SLIP: Kind(self.test_slip), OrderKind.BURN_IN: Kind(self.burn_in)}

    def test_slip(self, args: Mapping[str, Any]) -> Done:
        try:
            outcome = self._print(1)
        except DriversError as error:
            return Done(False, error.code, error.detail[:200])
        return Done(outcome in PRINTED, "done" if outcome in PRINTED else outcome, outcome)

    def burn_in(self, args: Mapping[str, Any]) -> Done:
        """A handful of slips, one after the other: enough to find a loose cable, few enough to leave paper."""
        outcomes: list[str] = []
        for number in range(1, BURN_SLIPS + 1):
            try:
                outcomes.append(self._print(number))
            except DriversError as error:
                outcomes.append(error.code)
        ok = all(one in PRINTED for one in outcomes)
        text = "".join(f"slip {number}: {outcome}\n" for number, outcome in enumerate(outcomes, 1))
        return Done(ok, "done" if ok else "slips_failed", ", ".join(outcomes), text.encode(), TEXT)

    def doctor(self, args: Mapping[str, Any]) -> Done:
        """Health, a closer look at every device, and what passed on its line."""
        try:
            with DriversClient(self._drivers) as client:
                slots = list(client.status()["slots"])
                told = {"slots": slots, "lines": client.lines(), "found": [_found(client, str(slot["role"])) for slot in slots]}
        except DriversError as error:
            return Done(False, error.code, error.detail[:200])
        wrong = [str(slot["role"]) for slot in slots if slot.get("code", "ok") not in ("ok", "paper_low")]
        text = scrub(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return Done(True, "done", f"trouble: {', '.join(wrong)}" if wrong else "all well", text.encode(), TEXT)

    def _print(self, number: int) -> str:
        width = self._width_dots() or raster.FULL_WIDTH
        made = raster.render(self._slip(number), width)
        with DriversClient(self._drivers) as client:
            answer = client.print_raster(f"test-{secrets.token_hex(8)}", made.data, made.width, made.height)
        return str(answer.get("outcome"))

    def _slip(self, number: int) -> Slip:
        lines = (
            Line(Role.TITLE, "PHIẾU IN THỬ"),
            Line(Role.NUMBER, f"#{number}"),
            Line(Role.SERVICE, "Ứng Hòa · Đặng · Nguyễn · Phường"),
            Line(Role.ZONE, self._name),
            Line(Role.NOTICE, self._now()[:16].replace("T", " ")),
            Line(Role.FREE, "Không dùng để lấy số"),
        )
        return Slip(lines)


def _found(client: DriversClient, role: str) -> dict[str, Any]:
    try:
        return {"role": role, "found": client.examine(role)}
    except DriversError as error:
        return {"role": role, "refused": error.code}
