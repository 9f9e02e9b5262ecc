"""The kiosk's composition root: the one place where its parts are made and joined."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from kiosk import i18n
from kiosk.agent import Agent
from kiosk.devices import DriversSocket
from kiosk.errands import Errands
from kiosk.heartbeat import Heartbeat
from kiosk.keeper import Keeper
from kiosk.lookup import DOSSIER_S, Lookup
from kiosk.orders import KioskOrders
from kiosk.printing import Printing
from kiosk.reader import Reader
from kiosk.spool import Spool
from kiosk.uplink import Uplink
from kiosk.voice import Voice
from kiosk.web.app import create_app
from kiosk.web.stream import stream
from queue_server.device.acts import System, settings_told
from queue_server.device.board_health import address_towards, boot_id
from queue_server.device.files import Places
from queue_server.device.opening import Credential, membership_of
from queue_server.device.orders import Orders
from queue_server.device.page_life import PageLife, restart_unit
from toiluot_edge import SystemClock, listen, mount, serve, setup_log

ASK_S = 4.0  # two tries before the citizen is sent to the desk


def _net(server: str) -> dict[str, Any]:
    address = address_towards(server)
    return {"net": {"address": address}} if address else {}


class Kiosk:
    def __init__(
        self,
        *,
        credential: Credential,
        drivers: Path,
        state: Path,
        name: str,
        panel: str,
        boot: str,
        pseudo: bool = False,
        screen: str = "",
    ) -> None:
        self.log: Any = setup_log("kiosk")
        # The screen's own times are real ones even where a rehearsal's day runs faster; the server's time is only shown.
        clock = SystemClock()
        self.spool = Spool(state / "spool.sqlite3")
        self.agent = Agent(self.spool, clock, name=name, boot=boot, extra_languages=(i18n.PSEUDO,) if pseudo else ())
        client, devices = credential.client(ASK_S), DriversSocket(drivers)
        reader = Reader(self.agent, devices)
        places = Places()
        self.page = PageLife(clock.monotonic, restart_unit(screen) if screen else None)
        self.heartbeat = Heartbeat(
            self.agent, client, reader, state=state, page=self.page, more=lambda: {**_net(credential.server), **settings_told(places)}
        )
        here = KioskOrders(drivers, name, reader.width_dots, self.agent.now)
        system = System(
            "toiluot-kiosk", state, places, client, credential.identity, credential.auth, report=self.heartbeat.beat, doctor=here.doctor
        )
        self.membership = membership_of(credential, "kiosk", system.wipe)
        self.orders = Orders(
            state, client, {**system.kinds(), **here.kinds()}, start=boot, boot=boot_id(), soon=self.heartbeat.beating.soon
        )
        self.heartbeat.on_answer = self.orders.heard
        self._parts = (
            Uplink(self.agent, client, on_word=self.membership.heard if self.membership else lambda refused: None),
            Keeper(self.agent, client),
            Printing(self.agent, devices, width_dots=reader.width_dots, bytes_per_s=reader.wire_bytes_per_s),
            reader,
            Lookup(self.agent, client, credential.client(DOSSIER_S)),
            Voice(self.agent, devices),
            self.heartbeat,
            Errands(self.agent, client),
            self.orders,
        )
        self._threads = [thread for part in self._parts for thread in part.threads()]
        self._threads.append(threading.Thread(target=self.agent.run_timer, name="timer", daemon=True))
        self._app = create_app(self.agent, panel=panel, on_ping=self.page.ping, membership=self.membership)

    def serve(self, bind: str, threads: int) -> None:
        application = mount(self._app, {"/stream": stream(self.agent)}, threads)
        sock = listen(bind)
        for thread in self._threads:
            thread.start()
        self.log.info("kiosk ready", bind=bind, kiosk=self.agent.name, spool=self.spool.waiting())
        serve(application, sock, on_stop=self.stop, watchdog=self.alive)
        self.spool.close()

    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        self.agent.stop()
        for part in self._parts:
            part.stop()
