"""Starts and stops the drivers' service: the composition root of this room."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from drivers.assembly import build_slots
from drivers.config import Config
from drivers.devices.journal import Journal
from drivers.led_route import add as add_led
from drivers.ports.discovery import UdevWatch
from drivers.registry import Parts
from drivers.say_route import add as add_say
from drivers.service import MAX_BODY_BYTES, Hub, Service, make_app, make_stream
from drivers.supervision import Supervisor
from drivers.tape_route import add as add_tape
from toiluot_edge import listen, mount, serve, setup_log


def run(config: Config, socket_path: Path, state: Path, as_json: bool) -> None:
    """Serve until SIGTERM. The journal is opened first: what a crash left in doubt is known before anything is printed."""
    log = setup_log("drivers")
    state.mkdir(parents=True, exist_ok=True)
    socket_path.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(state / "jobs.sqlite3")
    for result in journal.in_doubt:
        log.warning("job_in_doubt", job_id=result.job_id, outcome=str(result.outcome))
    hub = Hub()
    service = Service(journal, hub, log.info)
    parts = Parts(journal, service.on_event, log.error, state, config.quirks)
    service.slots, seats = build_slots(config, parts, on_health=service.on_health)
    supervisor = Supervisor(seats.pairs, seats.look, UdevWatch, log=log.error)
    sock = listen(str(socket_path))
    supervisor.start()  # it hears of what is plugged in from here on: a slot that looks first would miss what comes in between
    for slot in service.slots.values():
        slot.start()

    def ready() -> None:
        if as_json:
            print(json.dumps({"socket": str(socket_path), "slots": list(service.slots), "pid": os.getpid()}), flush=True)
        else:
            print(f"Trình điều khiển thiết bị đang chạy: {socket_path} ({', '.join(service.slots)})", file=sys.stderr, flush=True)

    app = make_app(service)
    add_led(app, service)
    add_say(app, service)
    add_tape(app, service, seats)
    application = mount(app, {"/v1/stream": make_stream(service)}, threads=8, most_bytes=MAX_BODY_BYTES)
    try:
        serve(
            application,
            sock,
            on_ready=ready,
            on_stop=hub.close,
            watchdog=lambda: supervisor.alive and all(slot.alive for slot in service.slots.values()),
        )
    finally:
        supervisor.stop()
        for slot in service.slots.values():
            slot.stop()
        journal.close()
        socket_path.unlink(missing_ok=True)
