"""What `server run --oidc FILE` says about the organisation's own log-in: who issues it, who we are there, which claim names an account.

Holds the reading and judging of that file. An address that a browser or this server is sent to is HTTPS, except on this very
machine; the secret stands in a file of its own that nobody else may read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from queue_server.domain.principal import PERSON_ROLES

BACK = "/login/sso/back"
HERE = frozenset({"127.0.0.1", "::1", "localhost"})
KNOWN = {"issuer", "client_id", "client_secret_file", "public_url", "claim", "name", "scopes", "new_accounts"}


@dataclass(frozen=True)
class NewAccounts:
    """Which of the provider's roles make an account here at the first log-in. Nobody else gets one by signing in."""

    claim: str
    roles: tuple[tuple[str, str], ...]
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """One provider. The secret is left out of every picture of this value."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    claim: str = "preferred_username"
    name: str = "tài khoản của cơ quan"
    scopes: str = "openid profile"
    new_accounts: NewAccounts | None = None

    @property
    def redirect_uri(self) -> str:
        return self.public_url + BACK


def read(path: Path) -> Settings:
    """The settings of a file, or a ValueError that says what to mend."""
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise ValueError(f"{path}: no TOML: {bad}") from bad
    if unknown := sorted(said.keys() - KNOWN):
        raise ValueError(f"{path}: unknown {', '.join(unknown)}; there are {', '.join(sorted(KNOWN))}")
    own = {name: _text(path, said, name) for name in ("claim", "name", "scopes") if name in said}
    return Settings(
        issuer=safe_address(_text(path, said, "issuer")),
        client_id=_text(path, said, "client_id"),
        client_secret=_secret(path.parent / _text(path, said, "client_secret_file")),
        public_url=safe_address(_text(path, said, "public_url")).rstrip("/"),
        new_accounts=_new_accounts(path, said["new_accounts"]) if "new_accounts" in said else None,
        **own,
    )


def safe_address(address: str) -> str:
    """The address, where it is HTTPS or this machine's own, without a name and password in it."""
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError(f"{address!r} is no address of a web server")
    if parts.scheme == "http" and parts.hostname not in HERE:
        raise ValueError(f"{address!r} is not HTTPS: whoever listens on the way could log in as anybody")
    return address


def _secret(path: Path) -> str:
    if path.stat().st_mode & 0o007:
        raise ValueError(f"{path} can be read by everybody: chmod 0640 or 0600")
    secret = path.read_text("utf-8").strip()
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret


def _text(path: Path, said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{path}: {name} is needed, as text")
    return value.strip()


def _new_accounts(path: Path, said: Any) -> NewAccounts:
    """`[new_accounts]`: claim, sites, and a table of the provider's words to our roles."""
    roles = said.get("roles") if isinstance(said, dict) else None
    sites = said.get("sites") if isinstance(said, dict) else None
    if not isinstance(roles, dict) or not roles or not isinstance(sites, list) or not sites or not isinstance(said.get("claim"), str):
        raise ValueError(f"{path}: [new_accounts] needs claim, sites and roles")
    if wrong := sorted(str(role) for role in roles.values() if role not in PERSON_ROLES):
        raise ValueError(f"{path}: no role {', '.join(wrong)}; there are {', '.join(PERSON_ROLES)}")
    return NewAccounts(said["claim"], tuple((str(word), str(role)) for word, role in roles.items()), tuple(map(str, sites)))
