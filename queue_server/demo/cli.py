"""`toiluot demo`: a whole centre with simulated devices on this machine, to try by hand or to replay a day."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from queue_server.client import Client
from queue_server.contract import times
from toiluot_edge import SystemClock, setup_log

from . import replay
from .centre import Addresses, Centre, NotReady
from .citizens import KioskHand, Stream
from .clerks import Clerk, Habits
from .document import list_for, services
from .pace import Pace
from .ports import Ports
from .processes import Signals
from .report import friendly
from .visits import BadFile, Visit, first_day, read

USUAL_PORT = 8080
BUSTLE = 8.0  # how much faster than real people ours are, where no --speed is given
GAP_S = 160.0  # simulated; with five clerks nine tenths of what they can do
FREE_COUNTERS = 3  # left for whoever tries the console
SETUP_S = 8.0  # real seconds between the start of a replay's clock and the first person
# How often each service is asked for: the week of data/warsaw-week.csv.
WEIGHTS = {
    "dat-dai": 821, "nhan-ket-qua": 426, "ho-tich": 364, "chung-thuc": 343, "chinh-sach": 241, "cu-tru": 208,
    "xay-dung": 60, "kinh-doanh": 47,
}  # fmt: skip


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", type=click.IntRange(1, 65535), help=f"The server's port; {USUAL_PORT}, or any free one, if left out")
@click.option("--seed", default=1, show_default=True, help="Which citizens come and what clerks do")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses as one JSON object, first line on stdout")
@click.option("--no-browser", is_flag=True, help="Open no browser")
@click.option(
    "--replay", "replay_file", type=click.Path(path_type=Path), help="Play a day's visits (CSV or JSON lines) and account for each"
)
@click.option("--no-people", is_flag=True, help="No simulated clerks and citizens: every role is yours")
@click.option("--speed", type=click.FloatRange(0.1, 1000.0), help="Let the centre's clock run so many times as fast")
def demo(
    port: int | None, seed: int, as_json: bool, no_browser: bool, replay_file: Path | None, no_people: bool, speed: float | None
) -> None:
    """A whole centre with simulated devices on this machine."""
    visits = _visits(replay_file)
    listed = services("ward-services") if visits is None else _services_of(visits)
    ports = Ports()
    at = Addresses(_port(ports, port), ports)
    signals, clock = Signals(), SystemClock()
    site_clock, origin = _site_clock(clock, visits, speed)
    centre = Centre(at, clock, signals.stop, listed, site_clock=site_clock)
    exit_code = 0
    try:
        centre.start()
        facts = centre.facts()
        free = [] if visits is not None else facts["counters"] if no_people else facts["counters"][:FREE_COUNTERS]
        _tell(facts, free, as_json)
        if visits is not None:
            pace = Pace(clock, signals.stop, speed or 1.0)
            exit_code = replay.play(centre, facts, visits, listed, pace, seed, origin, as_json)
        else:
            if not no_people:
                _people(centre, facts, listed, Pace(clock, signals.stop, speed or BUSTLE), seed)
            if not no_browser:
                _open_browser(facts)
            centre.run()
    except NotReady as trouble:
        click.echo(f"Không khởi động được / could not start: {trouble}", err=True)
        exit_code = 1
    finally:
        signals.stop.set()
        centre.close()
        ports.close()
    sys.exit(exit_code)


def _visits(path: Path | None) -> list[Visit] | None:
    if path is None:
        return None
    try:
        return first_day(read(path))
    except BadFile as bad:
        raise click.UsageError(str(bad)) from bad


def _services_of(visits: list[Visit]) -> list[dict[str, Any]]:
    try:
        return list_for(visit.service for visit in visits)
    except KeyError as unknown:
        raise click.UsageError(f"no service {unknown} in our lists; see queue_server/demo/data") from unknown


def _port(ports: Ports, wanted: int | None) -> int:
    if wanted is not None and not ports.this(wanted):
        click.echo(f"Cổng {wanted} đang được dùng: chọn --port khác. / Port {wanted} is in use: choose another --port.", err=True)
        sys.exit(1)
    return wanted or (USUAL_PORT if ports.this(USUAL_PORT) else ports.any())


def _site_clock(clock: SystemClock, visits: list[Visit] | None, speed: float | None) -> tuple[str, float]:
    """TOILUOT_CLOCK for the programs, and the monotonic instant of that day's local midnight (for a replay). A replayed
    day becomes tomorrow: a site's time never goes back, and the site is set up today."""
    if visits is None and speed is None:
        return "", 0.0
    begun, factor = clock.monotonic(), speed or 1.0
    now = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).astimezone(times.VIETNAM)
    start, midnight = now, now
    if visits is not None:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        start = midnight + timedelta(seconds=visits[0].at_s - SETUP_S * factor)
    origin = begun + (midnight - start).total_seconds() / factor
    return f"{start.isoformat(timespec='seconds')}@{factor}@{begun}", origin


def _tell(facts: dict[str, Any], free: list[str], as_json: bool) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else friendly(facts, free))
    sys.stdout.flush()


def _people(centre: Centre, facts: dict[str, Any], listed: list[dict[str, Any]], pace: Pace, seed: int) -> None:
    """Clerks at all counters but the first few, and citizens at the kiosk."""
    log = setup_log("demo")
    client = Client(facts["server"], centre.made["keys"]["clerks"], 5.0)
    habits = habits_of(listed)
    for counter in facts["counters"][FREE_COUNTERS:]:
        Clerk(client, counter, habits, pace, seed, log).thread().start()
    hand = KioskHand(facts["kiosk"], facts["devices"]["scanner"]["page"], pace)
    Stream(hand, WEIGHTS, pace, seed, GAP_S, log).thread().start()


def habits_of(listed: list[dict[str, Any]]) -> Habits:
    return Habits(
        minutes={service["code"]: float(service["minutes"]) for service in listed},
        procedures={service["code"]: [procedure["code"] for procedure in service["procedures"]] for service in listed},
    )


def _open_browser(facts: dict[str, Any]) -> None:
    """The kiosk and the board, where there is a screen to open them on."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    for name in ("board", "kiosk"):
        with suppress(webbrowser.Error):
            webbrowser.open(facts[name])
