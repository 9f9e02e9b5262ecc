"""The site's own keys: one that signs documents for devices, and the certificate authority behind the server's HTTPS.

Made once, at the first start, and kept in the database: so a backup, a restored server and a standby that takes over are still
the ones that the devices know, and nobody walks to two hundred kiosks after a dead disk. Certificates of the server itself are
files, made anew where they no longer fit. Holds cryptography alone; who is told what is the web layer's.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from queue_server.contract import device as shared
from queue_server.domain.event import canonical

SITE_KEY, CA = "site_key", "ca"
# A board without a clock chip starts in the past: a certificate that begins today would keep it out until it has the time.
BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
CA_DAYS, LEAF_DAYS, RENEW_DAYS = 30 * 365, 820, 120  # browsers refuse a server's certificate for longer than 825 days


@dataclass(frozen=True, slots=True)
class Keys:
    """Both keys, read."""

    site_key: Ed25519PrivateKey
    ca_key: ec.EllipticCurvePrivateKey
    ca: x509.Certificate


class Authority:
    """The keys of one database. `store` is the storage port; `now_ms` its clock."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._keys: Keys | None = None

    def ensure(self) -> None:
        """Make what is missing; called where a server starts to serve. Two that start at once agree on one."""
        if self._read() is not None:
            return
        made = _made(self._store.clock.wall_ms())

        def keep(repository: Any) -> None:
            if not repository.authorities():
                for row in made:
                    repository.add_authority(row)

        try:
            self._store.write("", keep)
        except Exception:  # of the database's kinds: another process was first, or nothing can be written at all
            if self._read() is None:
                raise

    @property
    def known(self) -> bool:
        """Whether there is one. A standby makes none: it has its server's."""
        return self._read() is not None

    @property
    def keys(self) -> Keys:
        """Both keys, made where a server never got to it."""
        if self._keys is None:
            self.ensure()
            self._keys = self._read()
        assert self._keys is not None
        return self._keys

    def _read(self) -> Keys | None:
        with self._lock, self._store.read() as reader:
            rows = {row["id"]: row for row in reader.authorities()}
        if SITE_KEY not in rows or CA not in rows:
            return None
        site_key = serialization.load_pem_private_key(rows[SITE_KEY]["private_pem"].encode(), None)
        ca_key = serialization.load_pem_private_key(rows[CA]["private_pem"].encode(), None)
        ca = x509.load_pem_x509_certificate(rows[CA]["certificate_pem"].encode())
        return Keys(cast(Ed25519PrivateKey, site_key), cast(ec.EllipticCurvePrivateKey, ca_key), ca)

    # ------------------------------------------------------------ what the site says
    def sign_document(self, document: dict[str, Any]) -> str:
        """Signature (base64url) over the canonical form (RFC 8785) of a document without fractions."""
        return shared.encode(self.keys.site_key.sign(canonical(document).encode()))

    @property
    def site_key(self) -> str:
        """The public half of the key that signs documents, base64url."""
        public = self.keys.site_key.public_key()
        return shared.encode(public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))

    @property
    def ca_pem(self) -> str:
        return self.keys.ca.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def ca_der(self) -> bytes:
        return self.keys.ca.public_bytes(serialization.Encoding.DER)

    @property
    def ca_words(self) -> list[str]:
        """Four words of the certificate's SHA-256, as a device shows them."""
        return list(shared.words(hashlib.sha256(self.ca_der).digest()))

    # ------------------------------------------------------------ the server's own certificate
    def leaf(self, folder: Path, names: list[str]) -> tuple[str, str]:
        """Files with a certificate for these names and addresses and its key; kept as long as they fit."""
        certificate, key = folder / "server.crt", folder / "server.key"
        now = datetime.fromtimestamp(self._store.clock.wall_ms() / 1000, UTC)
        if not self._fits(certificate, key, names, now):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            made, secret = self._leaf(names, now)
            _put(key, secret)
            _put(certificate, made)
        return str(certificate), str(key)

    def _fits(self, certificate: Path, key: Path, names: list[str], now: datetime) -> bool:
        try:
            found = x509.load_pem_x509_certificate(certificate.read_bytes())
            private = serialization.load_pem_private_key(key.read_bytes(), None)
            found.verify_directly_issued_by(self.keys.ca)
            known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
            return False
        except Exception:  # noqa: BLE001 - a signature of another authority raises its own kind: the file is another site's
            return False
        same = private.public_key() == found.public_key()
        return same and set(known) >= set(_general(names)) and found.not_valid_after_utc > now + timedelta(days=RENEW_DAYS)

    def _leaf(self, names: list[str], now: datetime) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        keys = self.keys
        ends = max(now, BEGINS) + timedelta(days=LEAF_DAYS)
        # Begins when it is made, not before: the longest life that browsers accept counts from there.
        builder = _builder(names[0], keys.ca.subject, key.public_key(), max(now - timedelta(days=1), BEGINS), ends)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        made = (
            builder.add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys.ca_key.public_key()), critical=False)
            .sign(keys.ca_key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM), _pem(key).encode()


def _made(now_ms: int) -> list[dict[str, Any]]:
    site_key, ca_key = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    point = ca_key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    mark = hashlib.sha256(point).hexdigest()[:8]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tới Lượt CA {mark}")])
    builder = _builder("", subject, ca_key.public_key(), BEGINS, BEGINS + timedelta(days=CA_DAYS), subject=subject)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    ca = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return [
        {"id": SITE_KEY, "private_pem": _pem(site_key), "certificate_pem": None, "made_at": now_ms},
        {"id": CA, "private_pem": _pem(ca_key), "certificate_pem": ca.public_bytes(serialization.Encoding.PEM).decode(), "made_at": now_ms},
    ]


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime, *, subject: x509.Name | None = None
) -> x509.CertificateBuilder:
    own = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = x509.CertificateBuilder().subject_name(own).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)


def _general(names: list[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _put(path: Path, content: bytes) -> None:
    """The file appears whole, flushed and for its owner alone, or not at all."""
    part = path.with_name(f"{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    handle = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
