"""Figures for Prometheus on a port of their own: what the database knows of each site and each device, at the moment of asking.

Nothing is asked of a kiosk (it may stand behind a router): it pushes its heartbeat, and this exports the last one. The port is
closed to all but this machine unless another address is given, because figures name devices. Names follow
prometheus.io/docs/practices/naming; the rules that use them lie in systemd/prometheus/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from queue_server.domain import alerting as rules
from queue_server.services import alerting
from queue_server.web.alert_settings import Settings
from queue_server.web.alert_watch import certificate_ends, newest
from queue_server.web.house import House

# name -> (help, labels)
SITE: dict[str, tuple[str, tuple[str, ...]]] = {
    "toiluot_build_info": ("Version of this server", ("version",)),
    "toiluot_site_serving": ("1 where this server serves the site, 0 on a standby or a replaced one", ("site",)),
    "toiluot_site_open": ("1 within opening hours", ("site",)),
    "toiluot_log_position": ("Sequence number of the last row of the log", ("site",)),
    "toiluot_tickets_waiting": ("People who wait", ("site", "service")),
    "toiluot_oldest_wait_seconds": ("How long the first of them has waited", ("site", "service")),
    "toiluot_alert_open": ("1 for each alert that the server itself has raised", ("site", "rule", "subject", "severity")),
    "toiluot_backup_timestamp_seconds": ("When the newest backup was made", ()),
    "toiluot_certificate_expiry_timestamp_seconds": ("Until when a certificate is good", ("name",)),
}
_ONE = ("site", "device")
DEVICE: dict[str, tuple[str, tuple[str, ...]]] = {
    "toiluot_device_info": ("Facts of a device as labels", ("site", "device", "role", "version")),
    "toiluot_device_last_seen_timestamp_seconds": ("When the last heartbeat came", ("site", "device", "role")),
    "toiluot_device_uptime_seconds": ("Since the machine was started", _ONE),
    "toiluot_device_slot_ok": ("1 where a part (printer, reader, panel) is well", ("site", "device", "slot", "code")),
    "toiluot_device_paper_slips": ("Slips that the roll is still good for", ("site", "device", "slot")),
    "toiluot_device_spool_waiting": ("What the device could not send yet", ("site", "device", "role")),
    "toiluot_device_temperature_celsius": ("Heat of the board", _ONE),
    "toiluot_device_undervoltage": ("1 where the supply dropped since the machine was started", _ONE),
    "toiluot_device_storage_free_bytes": ("Room under the state folder", _ONE),
    "toiluot_device_storage_errors": ("Errors that the file system counted", _ONE),
    "toiluot_device_storage_life_ratio": ("Share of the card's life that is used up", _ONE),
    "toiluot_device_storage_writable": ("0 where the card cannot be written", _ONE),
    "toiluot_device_clock_synced": ("1 where the machine's clock is kept in time", _ONE),
    "toiluot_device_clock_skew_seconds": ("The machine's clock minus the server's", _ONE),
    "toiluot_device_page_age_seconds": ("Since the page on the screen last answered", _ONE),
    "toiluot_device_unit_restarts": ("How often systemd started a unit again since the machine's start", ("site", "device", "unit")),
    "toiluot_device_config_version": ("Version of the settings in force", _ONE),
}


class Figures(Collector):
    """Reads the database once per question; keeps nothing."""

    def __init__(self, house: House, settings: Settings) -> None:
        self._house, self._settings = house, settings

    def describe(self) -> Iterable[Metric]:
        return []  # asked for at registration: the database is not read for it

    def collect(self) -> Iterator[Metric]:
        families = {name: GaugeMetricFamily(name, text, labels=labels) for name, (text, labels) in (SITE | DEVICE).items()}
        families["toiluot_build_info"].add_metric([self._house.version], 1)
        now = self._house.clock.wall_ms()
        backup, certificates = newest(self._settings.backups), certificate_ends(self._settings.certificates)
        if backup is not None:
            families["toiluot_backup_timestamp_seconds"].add_metric([], backup / 1000)
        for name, until in certificates.items():
            families["toiluot_certificate_expiry_timestamp_seconds"].add_metric([name], until / 1000)
        with self._house.store.read() as reader:
            for row in reader.sites():
                self._site(families, reader, row, now)
        yield from families.values()

    def _site(self, families: Mapping[str, Any], reader: Any, row: Mapping[str, Any], now: int) -> None:
        site = row["code"]
        facts = alerting.facts(reader, site, now=now, up_since=now, backup=None, certificates={})
        serving = self._house.standing.word(site) == "serving" and not self._house.standing.following
        families["toiluot_site_serving"].add_metric([site], serving)
        families["toiluot_site_open"].add_metric([site], facts.is_open)
        families["toiluot_log_position"].add_metric([site], row["seq"])
        for each in facts.waiting:
            families["toiluot_tickets_waiting"].add_metric([site, each.service], each.count)
            families["toiluot_oldest_wait_seconds"].add_metric([site, each.service], max(0, now - each.oldest_ms) / 1000)
        for alert in reader.open_alerts(site):
            families["toiluot_alert_open"].add_metric([site, alert["rule"], alert["subject"], alert["severity"]], 1)
        for device in facts.devices:
            _device(families, site, device)


def _device(families: Mapping[str, Any], site: str, device: rules.Device) -> None:
    told, place = device.report, [site, device.name]

    def put(name: str, value: Any, scale: float = 1.0, *, labels: list[str] | None = None) -> None:
        if value is not None:
            families[f"toiluot_device_{name}"].add_metric(labels or place, float(value) * scale)

    put("info", 1, labels=[*place, device.role, str(told.get("version") or "")])
    put("last_seen_timestamp_seconds", device.seen_ms, 0.001, labels=[*place, device.role])
    put("uptime_seconds", told.get("uptime_s"))
    put("spool_waiting", (told.get("spool") or {}).get("waiting"), labels=[*place, device.role])
    for slot in told.get("slots") or ():
        put("slot_ok", slot.get("code") == "ok", labels=[*place, slot["role"], slot.get("code") or ""])
        put("paper_slips", slot.get("paper_left"), labels=[*place, slot["role"]])
    put("temperature_celsius", told.get("temperature_c"))
    put("undervoltage", (told.get("undervoltage") or {}).get("since_boot"))
    storage, clock = told.get("storage") or {}, told.get("clock") or {}
    put("storage_free_bytes", storage.get("free_mb"), 1e6)
    put("storage_errors", storage.get("errors"))
    put("storage_life_ratio", storage.get("life_pct"), 0.01)
    put("storage_writable", None if not storage else storage.get("writable") is not False and not storage.get("read_only"))
    put("clock_synced", clock.get("synced"))
    put("clock_skew_seconds", clock.get("skew_ms"), 0.001)
    put("page_age_seconds", (told.get("page") or {}).get("age_s"))
    put("config_version", (told.get("config") or {}).get("version"))
    for unit, restarts in (told.get("units") or {}).items():
        put("unit_restarts", restarts, labels=[*place, unit])


class MetricsPort:
    """A small HTTP server on a thread. `stop` closes it."""

    def __init__(self, house: House, settings: Settings, address: str) -> None:
        host, _, port = address.rpartition(":")
        registry = CollectorRegistry()
        registry.register(Figures(house, settings))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._server, self._thread = start_http_server(int(port), addr=host.strip("[]") or "127.0.0.1", registry=registry)

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
