"""What a display does as an enrolled device, beside showing numbers: reports, obeys orders, and says when it is shut out.

Holds the joining of those parts, on threads of their own; the board itself is elsewhere and needs none of this.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from display.feed import Upstream
from display.heartbeat import Heartbeat
from display.relay import Relay
from queue_server.client import Client
from queue_server.device.acts import System, settings_told
from queue_server.device.board_health import boot_id
from queue_server.device.files import Places
from queue_server.device.membership import Heard, Membership
from queue_server.device.opening import Credential, membership_of
from queue_server.device.orders import Orders
from queue_server.device.page_life import PageLife
from toiluot_edge import SystemClock

BEAT_S = 5.0


class Member:
    """`membership` is None for a display with an API key; one with a board token alone reports nothing at all."""

    def __init__(
        self, credential: Credential, upstream: Upstream, relay: Relay, log: Any, *, name: str, page: PageLife, state: Path | None,
        slots: Callable[[], list[dict[str, str]]],
    ) -> None:  # fmt: skip
        places = Places()
        self.membership: Membership | None = None
        client: Client = Heard(
            credential.server, credential.key, BEAT_S, site=upstream.site, auth=credential.auth, verify=credential.verify,
            on_word=lambda refused: self.membership.heard(refused) if self.membership else None,
        )  # fmt: skip
        shown = credential.name or name or socket.gethostname().split(".")[0]
        self._heartbeat = Heartbeat(
            shown, client, credential.server, relay, SystemClock(), log, page=page, state=state, slots=slots,
            more=lambda: settings_told(places),
        )  # fmt: skip
        self._orders: Orders | None = None
        if state is not None:
            beating = self._heartbeat.beating
            system = System("toiluot-display", state, places, client, credential.identity, credential.auth, report=beating.beat)
            self.membership = membership_of(credential, "board", system.wipe)
            self._orders = Orders(state, client, system.kinds(), start=secrets.token_hex(4), boot=boot_id(), soon=beating.soon)
            self._heartbeat.on_answer = self._orders.heard

    def start(self) -> None:
        self._heartbeat.start()
        for thread in self._orders.threads() if self._orders else ():
            thread.start()

    def stop(self) -> None:
        self._heartbeat.stop()
        if self._orders:
            self._orders.stop()
