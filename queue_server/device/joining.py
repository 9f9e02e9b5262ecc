"""The join file that a card brings: which servers to ask, whom to believe, and as what this device would come in.

Holds reading and checking. The file may hold a key that is good once, so it is erased after enrolment (`enrolling`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .files import read_small

ROLES = ("kiosk", "board", "keypad", "dossier", "server")
PROFILE = ("panel", "printer")
LONGEST = 200


class BadJoin(Exception):
    """The join file cannot be used; the text says which line and why."""


@dataclass(frozen=True, slots=True)
class Join:
    servers: tuple[str, ...]
    role: str = "kiosk"
    name: str = ""
    site: str = ""
    ca_pem: str = ""
    join_key: str = ""
    panel: str = ""
    printer: str = ""

    def without_key(self) -> Join:
        return replace(self, join_key="")


def read(path: Path) -> Join:
    try:
        told = tomllib.loads(read_small(path).decode("utf-8"))
    except FileNotFoundError as missing:
        raise BadJoin(f"No {path}. Make one with: toiluot provision card, or the console's page Thiết bị") from missing
    except (OSError, ValueError, RecursionError) as bad:
        raise BadJoin(f"{path} cannot be read: {bad}") from bad
    unknown = sorted(set(told) - set(Join.__dataclass_fields__))
    if unknown:
        raise BadJoin(f"{path}: unknown key {unknown[0]!r}; there are: {', '.join(Join.__dataclass_fields__)}")
    texts = {name: _text(path, name, told.get(name, "")) for name in Join.__dataclass_fields__ if name not in ("servers", "role")}
    return Join(servers=_servers(path, told.get("servers")), role=_role(path, told.get("role", "kiosk")), **texts)


def _text(path: Path, name: str, value: Any) -> str:
    longest = 16_384 if name == "ca_pem" else LONGEST
    if not isinstance(value, str) or len(value) > longest:
        raise BadJoin(f"{path}: {name} must be text of at most {longest} characters")
    return value.strip()


def _role(path: Path, value: Any) -> str:
    if value not in ROLES:
        raise BadJoin(f"{path}: role must be one of: {', '.join(ROLES)}")
    return str(value)


def _servers(path: Path, value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str) and one.startswith(("http://", "https://")) and "," not in one for one in listed):
        raise BadJoin(f'{path}: servers must be a list of addresses, e.g. servers = ["https://192.168.1.10:8443"]')
    return tuple(one.rstrip("/") for one in listed)
