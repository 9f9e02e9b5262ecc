"""An invented person's card and the authority that issued it: machine-readable zone, files, certificates, signature.

Everything is made when the simulator starts: the authority's keys live as long as the process and are nobody's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from drivers.codecs.mrtd import lds, tlv
from drivers.codecs.mrtd.keys import check_digit
from drivers.codecs.mrtd.passive import SECURITY_OBJECT, SOD_TAG, GroupHashes, SecurityObject

BEGIN, END = datetime(2021, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Invented. `can` stands on the card's face; dates are YYMMDD."""

    number: str = "001090123456"  # invented
    birth: str = "900101"
    expiry: str = "300101"
    name: str = "NGUYEN<<VAN<AN"
    can: str = "123456"

    @property
    def document(self) -> str:
        return self.number[-9:]

    @property
    def zone(self) -> str:
        first = f"IDVNM{self.document}{check_digit(self.document)}{self.number}<<{check_digit(self.number)}"
        second = f"{self.birth}{check_digit(self.birth)}M{self.expiry}{check_digit(self.expiry)}VNM<<<<<<<<<<<"
        whole = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
        return first + second + whole + self.name.ljust(30, "<")


@dataclass(frozen=True)
class Authority:
    """A country signer and one document signer below it."""

    root: x509.Certificate
    signer: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def anchor(self) -> bytes:
        """What belongs into the trust list, as PEM."""
        return self.root.public_bytes(Encoding.PEM)


def make_authority(curve: ec.EllipticCurve | None = None) -> Authority:
    root_key, key = ec.generate_private_key(curve or ec.SECP256R1()), ec.generate_private_key(curve or ec.SECP256R1())
    root_name, name = _name("Country signer of nobody"), _name("Document signer of nobody")
    root = _certificate(root_name, root_name, root_key, root_key, authority=True)
    return Authority(root, _certificate(name, root_name, key, root_key, authority=False), key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, issuer_key: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    wanted = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    wanted = wanted.serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(END)
    usage = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
    wanted = wanted.add_extension(usage, critical=True).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    if authority:
        wanted = wanted.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return wanted.sign(issuer_key, hashes.SHA256())


def dg1(person: Person) -> bytes:
    return tlv.encode(lds.DG1_TAG, tlv.encode(0x5F1F, person.zone.encode("ascii")))


def com() -> bytes:
    return tlv.encode(0x60, tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000") + tlv.encode(0x5C, bytes([lds.DG1_TAG, 0x6D])))


def sod(authority: Authority, groups: dict[int, bytes]) -> bytes:
    """EF.SOD: the hashes of the groups, signed by the document signer, whose certificate is inside."""
    digests = [{"number": number, "value": hashlib.sha256(data).digest()} for number, data in sorted(groups.items())]
    content = SecurityObject({"version": 0, "hash": {"algorithm": "sha256"}, "groups": GroupHashes(digests)}).dump()
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [cms.ContentType(SECURITY_OBJECT)]},
            {"type": "message_digest", "values": [core.OctetString(hashlib.sha256(content).digest())]},
        ]
    )
    certificate = asn1_x509.Certificate.load(authority.signer.public_bytes(Encoding.DER))
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", {"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": authority.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": SECURITY_OBJECT, "content": core.ParsableOctetString(content)},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    return tlv.encode(SOD_TAG, cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump())
