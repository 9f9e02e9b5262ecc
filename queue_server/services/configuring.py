"""Setting a site up and changing its configuration: whole documents, versioned, checked before they count."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.config import CODE, KINDS, parse
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.event import canonical
from queue_server.domain.principal import SYSTEM
from queue_server.services.ids import random_token
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

TEMPLATES = ("commune", "ward", "province")


def template(name: str) -> dict[str, Any]:
    """A configuration to start from."""
    if name not in TEMPLATES:
        raise invalid("/template", "unknown_template", f"one of {', '.join(TEMPLATES)}")
    text = (resources.files("queue_server.services") / "templates" / f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def init_site(store: Store, *, site: str, name: str | None = None, template_name: str = "ward", kind: str = "live") -> bool:
    """A usable site: services open all day, counters present and closed. True where it was made; twice changes nothing."""
    if not CODE.match(site):
        raise invalid("/site", "bad_code", "letters, digits, . _ - and at most 32 of them")
    if kind not in KINDS:
        raise invalid("/kind", "unknown_kind", f"one of {', '.join(KINDS)}")
    document = template(template_name)
    if name:
        document["name"] = name

    def work(repository: Repository) -> bool:
        if repository.site(site) is not None:
            return False
        now = repository.now_ms
        config = parse(document)
        day = calendar.business_day(now, config.utc_offset_min)
        text = canonical(document)
        repository.add_site({
            "code": site, "name": config.name, "kind": kind, "epoch": 1, "seq": 0, "last_at": now, "day": "", "day_hash": "",
            "previous_seal": "", "config_version": 1, "board_token": random_token(repository.entropy, 16),
            "token_key": random_token(repository.entropy), "created_at": now,
        })  # fmt: skip
        repository.start_epoch({"site": site, "epoch": 1, "continues_after": 0, "started_at": now, "reason": "init"})
        repository.add_config(_row(site, 1, text, now, SYSTEM.actor), config.name)
        unit = Unit(repository, site, f"init:{site}", SYSTEM)
        unit.event("site.epoch_started", f"site:{site}", {"epoch": 1, "continues_after": 0, "reason": "init"})
        unit.event("config.applied", f"config:{site}", {"version": 1, "digest": _digest(text), "day": day})
        for code in config.counters:
            unit.counter(code)
        unit.finish()
        return True

    return store.write(site, work)


def apply(unit: Unit, *, document: dict[str, Any]) -> dict[str, Any]:
    """Put a new version into force, whole or not at all. Counters and services in use may not disappear."""
    config = parse(document)
    for ticket in (*unit.repository.waiting(unit.site), *unit.repository.at_counters(unit.site), *unit.repository.held(unit.site)):
        if ticket.service not in config.services:
            raise invalid("/services", "in_use", f"people still wait for {ticket.service!r}: close it (open: false) instead")
    for desk in unit.repository.counters(unit.site):
        if desk.state != "closed" and desk.code not in config.counters:
            raise invalid("/counters", "in_use", f"counter {desk.code!r} is open: close it first")
    version, text = unit.row["config_version"] + 1, canonical(document)
    unit.repository.add_config(_row(unit.site, version, text, unit.now_ms, unit.who.actor), config.name)
    unit.event("config.applied", f"config:{unit.site}", {"version": version, "digest": _digest(text)})
    return {"version": version, "digest": _digest(text)}


def current(store: Store, site: str) -> dict[str, Any]:
    """The document in force with its version."""
    with store.read() as reader:
        row = reader.site(site)
        if row is None:
            raise Refusal("not_found", what="site")
        return {"version": row["config_version"], "document": reader.config(site, row["config_version"])}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _row(site: str, version: int, text: str, now: int, actor: str) -> dict[str, Any]:
    return {"site": site, "version": version, "document": text, "digest": _digest(text), "applied_at": now, "actor": actor}
