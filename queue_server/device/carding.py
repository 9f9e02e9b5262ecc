"""`toiluot provision card`: a join key from the server where one is wanted, and the three files into a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract.card import Card, files

from .enrolling import request_id
from .files import put
from .identity import trust


class BadCard(Exception):
    """No card can be made of this; the text says what to change."""


def write(
    out: Path,
    *,
    servers: tuple[str, ...],
    key_file: Path | None,
    ca_file: Path | None,
    apt_key_file: Path | None,
    ttl_h: int,
    wifi_name: str,
    **given: Any,
) -> str:
    """Writes the files; what to do with them."""
    ca_pem = ca_file.read_text("utf-8") if ca_file else ""
    more: dict[str, Any] = {
        "ca_pem": ca_pem,
        "wifi_name": wifi_name,
        "wifi_password": os.environ.get("TOILUOT_WIFI_PASSWORD", ""),
        "apt_key": apt_key_file.read_text("utf-8") if apt_key_file else "",
    }
    facts: dict[str, Any] = {name: tuple(value) if isinstance(value, (list, tuple)) else value for name, value in given.items()}
    _check(Card(servers=servers, **facts, **more))
    join_key = _join_key(servers, key_file, ca_pem, ttl_h, facts) if key_file else ""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files(Card(servers=servers, join_key=join_key, **facts, **more)).items():
        put(out / name, text.encode(), 0o600)
    until = f", join key good for {ttl_h} h, once" if join_key else "; the device will show four words to compare"
    return f"{facts['name']}: three files in {out}{until}. Copy them to the card's first partition."


def _check(card: Card) -> None:
    faults = card.faults()
    if faults:
        raise BadCard("; ".join(f"--{name.replace('_', '-')}: {why}" for name, why in faults.items()))


def _join_key(servers: tuple[str, ...], key_file: Path, ca_pem: str, ttl_h: int, facts: dict[str, Any]) -> str:
    profile = {name: facts[name] for name in ("panel", "printer") if facts.get(name)}
    try:
        with Client(",".join(servers), key_file.read_text("utf-8"), 10.0, verify=trust(ca_pem), site=facts.get("site") or None) as client:
            made = client.join_key(request_id(), role=facts["role"], name=facts["name"], ttl_s=ttl_h * 3600, profile=profile or None)
    except (Problem, Unreachable) as bad:
        raise BadCard(f"no join key from the server: {bad}") from bad
    return str(made["join_key"] if "join_key" in made else made["key"])
