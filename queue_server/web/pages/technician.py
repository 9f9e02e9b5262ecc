"""The technician's page: how this server stands, who waits to be admitted, and every device of the site, the ones in trouble first."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request

from queue_server.services import devices as identities
from queue_server.services import enrolling, queries
from queue_server.web.pages import alerts, dossier_words, order_words, standing, words
from queue_server.web.pages.health import ROLES, fleet_view
from queue_server.web.pages.visit import Answer, Visit, show

PER_PAGE = 25  # two hundred devices are eight pages of at most 1,500 nodes
SETTLED_MS = 180_000  # a change reaches a device with its next report: before that nobody needs to look
TONES = ("bad", "warn", "good")


def page(visit: Visit) -> Answer:
    kinds = [(kind, *order_words.KINDS[kind]) for kind in order_words.IN_WAVES]
    return show("technician.html", visit, version=visit.house.version, kinds=kinds, **_fleet(visit))


def devices(visit: Visit) -> Answer:
    """The list alone, asked for again and again."""
    return render_template("technician_devices.html", **_fleet(visit))


def _fleet(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        found = queries.devices(reader, visit.site, now=visit.now_ms)["devices"]
        known = identities.identities(reader, visit.site)
        versions = reader.newest_device_configs(visit.site, visit.now_ms - SETTLED_MS)
        waiting = enrolling.pending(reader, visit.site, now=visit.now_ms)["enrolments"]
        lines = alerts.standing(reader, visit)
    view = fleet_view(found, known, versions)
    chosen = _chosen(view["devices"])
    line = visit.house.dossiers
    return {
        "look_up": dossier_words.words(line.standing() if line else None),
        **view, **chosen, "s": standing.look(visit), "alerts": lines, "waiting": [_waiting(each) for each in waiting],
        "roles": sorted({(each["kind"], each["role"]) for each in view["devices"]}), "total": len(view["devices"]),
    }  # fmt: skip


def _chosen(views: list[dict[str, Any]]) -> dict[str, Any]:
    """Those that the filters leave, one page of them, and the addresses of the other pages."""
    asked = {name: request.args.get(name, "")[:64] for name in ("show", "role", "q", "site")}
    wanted = _plain(asked["q"])
    left = [
        each
        for each in views
        if (asked["show"] not in TONES or each["tone"] == asked["show"])
        and asked["role"] in ("", each["kind"])
        and wanted in _plain(" ".join((each["name"], each["role"], each["word"], *each["more"])))
    ]
    pages = max(1, -(-len(left) // PER_PAGE))
    told = request.args.get("page", "1")
    now = min(pages, max(1, int(told) if told.isdecimal() and len(told) < 5 else 1))
    kept = {name: value for name, value in asked.items() if value}
    return {
        "devices": left[(now - 1) * PER_PAGE : now * PER_PAGE], "left": len(left), "asked": asked, "page": now, "pages": pages,
        "query": urlencode(kept | ({"page": now} if now > 1 else {})), "links": _links(asked),
        "turn": [(n, "?" + urlencode(kept | {"page": n})) for n in range(1, pages + 1)] if pages > 1 else [],
    }  # fmt: skip


def _links(asked: Mapping[str, str]) -> dict[str, str]:
    """The address of the list with each tone alone, the other filters kept."""
    others = {name: value for name, value in asked.items() if value and name != "show"}
    return {tone: "?" + urlencode(others | ({"show": tone} if tone else {})) for tone in ("", *TONES)}


def _plain(text: str) -> str:
    """Without marks and capitals, as people type into a search field."""
    bare = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(each for each in bare if not unicodedata.combining(each))


def _waiting(enrolment: Mapping[str, Any]) -> dict[str, Any]:
    hardware = {name: value for name, value in enrolment["hardware"].items() if value}
    return {
        **enrolment, "role_vi": ROLES.get(enrolment["role"], enrolment["role"]), "since": words.hhmm(enrolment["requested_at"]),
        "left_min": max(1, -(-enrolment["expires_in_s"] // 60)), "hardware": hardware,
    }  # fmt: skip
