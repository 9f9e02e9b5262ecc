"""Certificates and signatures as travel documents use them: RSA (with either padding) and ECDSA, also with the curve written out.

Holds loading a trust list and checking one signature. Whether a document is genuine is `passive`. Dates are not looked at: a kiosk's
clock may be wrong, and a signer's certificate ends years before the cards it signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import pem, x509
from asn1crypto.keys import PublicKeyInfo
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.codecs.mrtd.errors import Garbled, guarded

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
CURVES: tuple[ec.EllipticCurve, ...] = (
    ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.BrainpoolP512R1(),
)  # fmt: skip
MAX_CERTIFICATE_BYTES = 16_384


@dataclass(frozen=True)
class Anchor:
    """One country signer (CSCA) that this machine trusts."""

    certificate: x509.Certificate = field(repr=False)

    def issued(self, other: x509.Certificate) -> bool:
        if other.issuer != self.certificate.subject or other.ca:
            return False
        tbs: bytes = other["tbs_certificate"].dump()
        return valid(self.certificate.public_key, other["signature_algorithm"], other["signature_value"].native, tbs)


def load(data: bytes) -> Anchor:
    """A certificate in PEM or DER. `Garbled` where it is none, or no authority's."""
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise Garbled("too long for a certificate")
    found = guarded("not a certificate", lambda: _parsed(data))
    if not found.ca:
        raise Garbled("the certificate is not an authority's")
    return Anchor(found)


def _parsed(data: bytes) -> x509.Certificate:
    if pem.detect(data):
        _, _, data = pem.unarmor(data)
    found = x509.Certificate.load(data, strict=True)
    found.native  # noqa: B018 - the library reads lazily: what is wrong in it shall show here
    return found


def load_all(files: Iterable[bytes]) -> tuple[Anchor, ...]:
    return tuple(load(data) for data in files)


def valid(key: PublicKeyInfo, algorithm: Any, signature: bytes, data: bytes, digest: str = "") -> bool:
    """Whether `signature` is this key's over `data`. `digest` is for algorithms that do not name theirs. `Garbled`: cannot be judged."""
    scheme = algorithm.signature_algo
    name = digest if scheme == "rsassa_pkcs1v15" and algorithm["algorithm"].native == "rsassa_pkcs1v15" else algorithm.hash_algo
    if name not in HASHES:
        raise Garbled(f"the digest {name} is not trusted")
    try:
        return _checked(_usable(key), scheme, HASHES[name](), algorithm, signature, data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Garbled(f"a key or signature of no known form ({type(error).__name__})") from error


def _checked(key: Any, scheme: str, digest: hashes.HashAlgorithm, algorithm: Any, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pkcs1v15":
            key.verify(signature, data, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pss":
            options = algorithm["parameters"].native
            inner = HASHES[options["mask_gen_algorithm"]["parameters"]["algorithm"]]()
            key.verify(signature, data, padding.PSS(padding.MGF1(inner), options["salt_length"]), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            raise Garbled(f"{scheme} with another kind of key")
    except InvalidSignature:
        return False
    return True


def _usable(key: PublicKeyInfo) -> Any:
    """The key for `cryptography`, which takes curves by name only: a curve that is written out is looked up by its field and generator."""
    if key.algorithm != "ec" or key["algorithm"]["parameters"].name != "specified":
        return load_der_public_key(key.dump())
    written = key["algorithm"]["parameters"].chosen
    prime, base = written["field_id"]["parameters"].native, written["base"].native
    for curve in CURVES:
        generator = ec.derive_private_key(1, curve).public_key().public_numbers()
        size = (curve.key_size + 7) // 8
        if base[1 : 1 + size] == generator.x.to_bytes(size, "big") and prime.bit_length() == curve.key_size:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, key["public_key"].native)
    raise Garbled("a curve that nobody uses")
