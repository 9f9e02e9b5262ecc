"""A device's own Ed25519 key, made once where it will live, and what the site said when it admitted it.

Holds `device.key`, `device.json` and their folder. A key is never baked into an image: while the guard file of an image
build stands none is made. Who signs what is `signing`'s affair.
"""

from __future__ import annotations

import base64
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from queue_server.contract import device as shared

from .files import Places, erase, private_folder, put, read_small

Json = dict[str, Any]
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL (X509_VERIFY_PARAM_set_flags(3)); Python has no name for it


class NoIdentity(Exception):
    """There is no key, or it cannot be made or read; the text says what to do."""


@dataclass(slots=True)
class Identity:
    """A key, and where the site admitted it, what it is there."""

    folder: Path
    key: Ed25519PrivateKey
    facts: Json = field(default_factory=dict)

    # ------------------------------------------------------------ the key
    @property
    def public(self) -> bytes:
        """The raw 32 bytes of the public key."""
        return self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    @property
    def public_text(self) -> str:
        return shared.encode(self.public)

    @property
    def keyid(self) -> str:
        return shared.keyid(self.public)

    @property
    def words(self) -> tuple[str, ...]:
        return shared.words(self.public)

    # ------------------------------------------------------------ what the site said
    @property
    def accepted(self) -> bool:
        return bool(self.facts.get("device"))

    @property
    def device(self) -> str:
        return str(self.facts.get("device") or "")

    @property
    def role(self) -> str:
        return str(self.facts.get("role") or "")

    @property
    def site(self) -> str:
        return str(self.facts.get("site") or "")

    @property
    def servers(self) -> str:
        """As `Client` takes them: separated by commas."""
        return ",".join(str(one) for one in self.facts.get("servers") or ())

    @property
    def verify(self) -> bool | ssl.SSLContext:
        return trust(str(self.facts.get("ca_pem") or ""))

    def signed_by_site(self, document: Any, signature: str) -> bool:
        """Whether the site's own key made `signature` over the canonical form of `document`."""
        try:
            key = Ed25519PublicKey.from_public_bytes(decode(str(self.facts.get("site_key") or "")))
            key.verify(decode(signature), canonical(document))
        except (ValueError, InvalidSignature, RecursionError):
            return False
        return True

    def keep(self, facts: Json) -> None:
        """What the site said, on disk; then it holds."""
        private_folder(self.folder)
        put(self.folder / "device.json", json.dumps(facts, ensure_ascii=False, indent=1).encode(), 0o600)
        self.facts = dict(facts)

    def replace_key(self, key: Ed25519PrivateKey) -> None:
        put(self.folder / "device.key", pem(key), 0o600)
        self.key = key


def load(folder: Path) -> Identity:
    """The identity as it stands in `folder`; a copy that systemd hands out (LoadCredential=) is one too."""
    try:
        told = read_small(folder / "device.key")
        if not told.strip():
            raise FileNotFoundError  # noqa: TRY301 - systemd hands out a blank file for a credential that is not there
        key = serialization.load_pem_private_key(told, None)
    except FileNotFoundError as missing:
        raise NoIdentity(f"No device key in {folder}. Make one with: toiluot provision enrol") from missing
    except (OSError, ValueError, TypeError) as bad:
        raise NoIdentity(f"{folder / 'device.key'} cannot be read: {bad}") from bad
    if not isinstance(key, Ed25519PrivateKey):
        raise NoIdentity(f"{folder / 'device.key'} is no Ed25519 key")
    return Identity(folder, key, facts_in(folder))


def load_or_make(folder: Path, places: Places | None = None) -> Identity:
    """The device's identity; made once, on its first start."""
    if (folder / "device.key").exists():
        return load(folder)
    if (places or Places()).image_build.exists():
        raise NoIdentity("An image is being made: a key in it would be the same on every device. It is made on first start.")
    private_folder(folder)
    put(folder / "device.key", pem(Ed25519PrivateKey.generate()), 0o600)
    return load(folder)


def forget(folder: Path) -> None:
    """The key is gone and all that the site said. What stays is that it was so, for the page: the site's word alone ends that."""
    facts = facts_in(folder)
    for name in ("device.key", "counter", "next.key"):
        erase(folder / name)
    put(folder / "device.json", json.dumps({"wiped": True, "role": facts.get("role"), "name": facts.get("name")}).encode(), 0o600)


def facts_in(folder: Path) -> Json:
    """What the site said; nothing where it said nothing yet."""
    path = folder / "device.json"
    try:
        told = read_small(path)
        facts = json.loads(told) if told.strip() else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as bad:
        raise NoIdentity(f"{path} cannot be read: {bad}") from bad
    if not isinstance(facts, dict):
        raise NoIdentity(f"{path} does not hold one JSON object")
    return facts


# ---------------------------------------------------------------- forms
def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def decode(text: str) -> bytes:
    """base64, its url form too, padded or not; ValueError for anything else."""
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def canonical(document: Any) -> bytes:
    """RFC 8785 for what our documents hold: no fractions, member names in ASCII, for which sorting by letters is its order."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def trust(ca_pem: str) -> bool | ssl.SSLContext:
    """Whom a TLS line is believed: the site's own authority alone where it is pinned, else whom the machine believes.

    With a pin the dates of certificates are not looked at: a board without a clock chip starts in the past, and must reach
    the very server that will tell it the time. A withdrawn server is told by its epoch, not by a date."""
    if not ca_pem:
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    context.verify_flags |= NO_CHECK_TIME
    return context
