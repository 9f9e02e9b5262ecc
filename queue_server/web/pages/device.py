"""One device: everything it told, what may be ordered, what it brought, and what became of it."""

from __future__ import annotations

from typing import Any

from flask import render_template

from queue_server.domain.errors import Refusal
from queue_server.services import device_settings, fleet, ordering
from queue_server.services import devices as identities
from queue_server.services.views import moment
from queue_server.web.pages import order_words
from queue_server.web.pages.health import CODES, ROLES, SLOTS, device_view
from queue_server.web.pages.visit import Answer, Visit, show

HISTORY = 40


def page(visit: Visit) -> Answer:
    look = [(kind, *order_words.KINDS[kind]) for kind in order_words.LOOKING]
    act = [(kind, *order_words.KINDS[kind]) for kind in order_words.ACTING]
    return show("device.html", visit, look=look, act=act, **_device(visit))


def live(visit: Visit) -> Answer:
    """Everything that changes by itself."""
    return render_template("device_live.html", **_device(visit))


def _device(visit: Visit) -> dict[str, Any]:
    name = visit.args["device"]
    with visit.reader() as reader:
        told = fleet.device(reader, visit.site, name, now=visit.now_ms)
        known = identities.identities(reader, visit.site).get(name)
        if told is None and known is None:
            raise Refusal("not_found", what="device")
        version = device_settings.version(reader, visit.site, name)
        orders = [ordering.order_json(row) for row in reader.orders_of(visit.site, name, 12)]
        events = reader.last_events_of(visit.site, f"device:{name}", HISTORY)
        keys = identities.identity(reader, visit.site, name)["keys"] if known else []
    role = (known or told or {})["role"]
    views = [order_words.order_view(each) for each in orders]
    return {
        "name": name, "role": ROLES.get(role, role), "told": told is not None, "identity": _identity(known),
        "keys": [_key(each) for each in keys],
        "d": device_view(told or {"device": name, "role": role}, known, version), "orders": views,
        "shot": next((each for each in views if each["picture"]), None), "history": [_event(each) for each in events], "site": visit.site,
        "units": sorted(((told or {}).get("units") or {}).items()), "boot": (told or {}).get("boot_id") or "",
    }  # fmt: skip


def _identity(known: Any) -> dict[str, Any] | None:
    if known is None:
        return None
    hardware = {name: value for name, value in (known["hardware"] or {}).items() if value}
    states = {
        "active": ("good", "Đang hoạt động"),
        "suspended": ("warn", "Tạm ngừng"),
        "revoked": ("bad", "Đã thu hồi"),
        "lost": ("bad", "Đã báo mất"),
    }
    tone, word = states[known["state"]]
    return {
        **known,
        "hardware": hardware,
        "tone": tone,
        "word": word,
        "since": order_words.when(known["enrolled_at"]),
        "by": order_words.who(known["enrolled_by"]),
    }


def _key(key: Any) -> dict[str, Any]:
    over = key["withdrawn_at"] or key["good_until"]
    return {"words": " · ".join(key["words"]), "since": order_words.when(key["added_at"]), "until": order_words.when(over) if over else ""}


def _event(event: Any) -> dict[str, Any]:
    data, at = event.data, moment(event.at)
    return {
        "when": order_words.when(at),
        "what": order_words.EVENTS.get(event.type, event.type),
        "more": _more(event.type, data),
        "who": order_words.who(event.actor),
    }


def _more(kind: str, data: dict[str, Any]) -> str:
    """What an event says beyond its name, in a few words."""
    if kind == "device.health_changed":
        was, now = data.get("was") or {}, data.get("health") or {}
        changed = [part for part in sorted(now.keys() | was.keys()) if now.get(part) != was.get(part)]
        return "; ".join(f"{SLOTS.get(part, part)}: {_code(was.get(part))} → {_code(now.get(part))}" for part in changed)
    if kind == "device.ordered":
        return order_words.KINDS[data["kind"]][0] + (" (nhiều máy)" if data.get("wave") else "")
    if kind == "device.order_done":
        name = order_words.KINDS.get(data.get("kind", ""), ("",))[0]
        return f"{name}: {'xong' if data['ok'] else 'không làm được'}" + (f" ({data['detail'][:80]})" if data.get("detail") else "")
    if kind == "device.order_ended":
        return order_words.STATES[data["as"]][1]
    if kind == "device.config_changed":
        return f"bản {data['version']}" + (f", lấy lại bản {data['was']}" if data.get("was") else "")
    return str(data.get("reason") or "")


def _code(code: str | None) -> str:
    return CODES[code][1].lower() if code in CODES else code or "–"
