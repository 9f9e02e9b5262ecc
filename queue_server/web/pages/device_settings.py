"""Settings of devices: for all of them or for one, previewed before they are stored, with every older version a press away; what
was ordered of late; and the wizard for a new device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request

from queue_server.domain import device_config
from queue_server.services import device_settings, enrolling, ordering, waves
from queue_server.web.pages import order_words
from queue_server.web.pages.health import ROLES
from queue_server.web.pages.visit import Answer, Visit, show

CARD_ROLES = {
    "kiosk": "Máy lấy số (kiosk)",
    "board": "Bảng gọi số",
    "server": "Máy chủ (Raspberry Pi hoặc PC)",
    "standby": "Máy chủ dự phòng",
}


def page(visit: Visit) -> Answer:
    """The document for all, or with `?device=` one device's own."""
    device = request.args.get("device", "")[:64] or device_config.EVERY
    with visit.reader() as reader:
        held = device_settings.shown(reader, visit.site, device)
        names = sorted({row["device"] for row in reader.devices(visit.site)} | {row["device"] for row in reader.all_enrolled(visit.site)})
    own, beneath = device_config.flat(held["document"]), device_config.flat(held["every"])
    groups = [(title, [_field(name, own.get(name), beneath.get(name)) for name in settings]) for title, settings in order_words.GROUPS]
    versions = [_version(each) for each in held["versions"]]
    return show(
        "device_settings.html", visit, device=device, one=device != device_config.EVERY, version=held["version"], groups=groups,
        versions=versions, names=names,
    )  # fmt: skip


def _field(name: str, value: Any, beneath: Any) -> dict[str, Any]:
    title, hint, kind, choices = order_words.SETTINGS[name]
    shown = "\n".join(value) if kind == "lines" and value else "" if value is None else value
    return {
        "name": name, "id": "s-" + name.replace(".", "-"), "title": title, "hint": hint, "kind": kind, "value": shown,
        "choices": [(each, order_words.CHOICES.get(each, each)) for each in choices],
        "beneath": order_words.said(beneath) if beneath is not None else "",
    }  # fmt: skip


def _version(row: Any) -> dict[str, Any]:
    return {
        "n": row["version"], "was": row["was"], "when": order_words.when(row["changed_at"]), "who": order_words.who(row["changed_by"]),
        "changes": order_words.changes(row["changes"]),
    }  # fmt: skip


def orders(visit: Visit) -> Answer:
    """What was ordered of late, and by whom."""
    return show("device_orders.html", visit, **_orders(visit))


def orders_live(visit: Visit) -> Answer:
    return render_template("device_orders_live.html", **_orders(visit))


def _orders(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        found = ordering.recent(reader, visit.site, now=visit.now_ms)["orders"]
        going = waves.all_of(reader, visit.site, now=visit.now_ms)["waves"]
    return {
        "orders": [order_words.order_view(each) for each in found[:40]],
        "waves": [_wave(each) for each in going[:6]],
        "site": visit.site,
    }


def _wave(wave: Any) -> dict[str, Any]:
    tone, word = order_words.WAVES[wave["state"]]
    states = [each["state"] for each in wave["devices"]]
    devices = [each | dict(zip(("tone", "word"), order_words.STATES[each["state"]], strict=True)) for each in wave["devices"]]
    trouble = [each for each in devices if each["tone"] == "bad"]
    return {
        **wave, "tone": tone, "word": word, "name": order_words.KINDS[wave["kind"]][0], "when": order_words.when(wave["started_at"]),
        "who": order_words.who(wave["started_by"]), "why": order_words.REASONS.get(wave["reason"] or "", ""), "done": states.count("done"),
        "all": len(states), "trouble": trouble, "listed": ", ".join(each["device"] for each in devices[:60]),
    }  # fmt: skip


def add(visit: Visit) -> Answer:
    """The wizard: from a name to the files of a card."""
    with visit.reader() as reader:
        known = sorted(row["device"] for row in reader.all_enrolled(visit.site))
        keys = [_key(key) for key in enrolling.join_keys(reader, visit.site, now=visit.now_ms)["join_keys"] if key["state"] == "good"]
    authority = visit.house.authority
    return show(
        "device_add.html", visit, roles=CARD_ROLES, panels=device_config.PANELS, printers=device_config.PRINTERS, known=known,
        here=request.host_url.rstrip("/"), ca_words=" · ".join(authority.ca_words) if authority else "", kinds=ROLES,
        keys=keys,
    )  # fmt: skip


def _key(key: Mapping[str, Any]) -> dict[str, Any]:
    """A join key that still lets a machine in: for which one, made when, good until when. Never the key."""
    return {
        "id": key["id"], "role": ROLES.get(key["role"], key["role"]), "name": key["replaces"] or key["name"] or "chưa đặt tên",
        "made": order_words.when(key["made_at"]), "until": order_words.when(key["expires_at"]),
    }  # fmt: skip
