"""Passive authentication (Doc 9303-11, 5.1): is what was read what the issuer signed, and do we know the issuer?

Holds the check of EF.SOD. It proves where the data comes from; that the chip is not a copy it cannot prove.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from asn1crypto import cms, core
from asn1crypto.algos import DigestAlgorithm
from cryptography.hazmat.primitives import hashes

from drivers.codecs.mrtd import tlv
from drivers.codecs.mrtd.certificates import HASHES, Anchor, valid
from drivers.codecs.mrtd.errors import Garbled, NotGenuine, guarded

SECURITY_OBJECT = "2.23.136.1.1.1"
SOD_TAG = 0x77


class Trust(StrEnum):
    """`NO_ANCHOR`: signed and whole, by somebody whom this machine's trust list does not know."""

    VERIFIED = "verified"
    NO_ANCHOR = "no_anchor"


class GroupHash(core.Sequence):  # type: ignore[misc]
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012 - the library's own form


class GroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = GroupHash


class VersionInfo(core.Sequence):  # type: ignore[misc]
    _fields = [("lds", core.PrintableString), ("unicode", core.PrintableString)]  # noqa: RUF012 - as above


class SecurityObject(core.Sequence):  # type: ignore[misc]
    """What is signed: the hash of every data group."""

    _fields = [  # noqa: RUF012 - as above
        ("version", core.Integer),
        ("hash", DigestAlgorithm),
        ("groups", GroupHashes),
        ("info", VersionInfo, {"optional": True}),
    ]


def verify(sod: bytes, groups: Mapping[int, bytes | bytearray], anchors: tuple[Anchor, ...]) -> Trust:
    """`groups`: number -> the whole file. `NotGenuine` where a hash or a signature does not fit, `Garbled` where nothing can be judged."""
    return guarded("EF.SOD", lambda: _verify(tlv.only(sod, SOD_TAG), groups, anchors))


def _verify(data: bytes, groups: Mapping[int, bytes | bytearray], anchors: tuple[Anchor, ...]) -> Trust:
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise Garbled("EF.SOD is not signed data")
    signed = info["content"]
    inner = signed["encap_content_info"]
    if inner["content_type"].dotted != SECURITY_OBJECT or len(signed["signer_infos"]) != 1:
        raise Garbled("EF.SOD signs something else")
    payload: bytes = inner["content"].native
    _compare(SecurityObject.load(payload, strict=True), groups)
    signer = signed["signer_infos"][0]
    certificate = _signer(signed, signer)
    _signature(signer, certificate, payload)
    return Trust.VERIFIED if any(anchor.issued(certificate) for anchor in anchors) else Trust.NO_ANCHOR


def _digest(name: str, data: bytes) -> bytes:
    if name not in HASHES:
        raise Garbled(f"the digest {name} is not trusted")
    digest = hashes.Hash(HASHES[name]())
    digest.update(data)
    return digest.finalize()


def _compare(signed: SecurityObject, groups: Mapping[int, bytes | bytearray]) -> None:
    promised = {group["number"].native: group["value"].native for group in signed["groups"]}
    for number, data in groups.items():
        if number not in promised or not hmac.compare_digest(promised[number], _digest(signed["hash"]["algorithm"].native, bytes(data))):
            raise NotGenuine(f"data group {number} is not the one that was signed")


def _signer(signed: Any, signer: Any) -> Any:
    """The document signer's certificate, which the chip carries along."""
    wanted = signer["sid"].chosen
    for choice in signed["certificates"]:
        found = choice.chosen
        if signer["sid"].name == "subject_key_identifier":
            if found.key_identifier == wanted.native:
                return found
        elif found.serial_number == wanted["serial_number"].native and found.issuer == wanted["issuer"]:
            return found
    raise Garbled("EF.SOD carries no certificate of its signer")


def _signature(signer: Any, certificate: Any, payload: bytes) -> None:
    digest = signer["digest_algorithm"]["algorithm"].native
    attributes = signer["signed_attrs"]
    message = payload
    if len(attributes):
        values = {attribute["type"].native: attribute["values"][0].native for attribute in attributes}
        if values.get("content_type") != SECURITY_OBJECT or not hmac.compare_digest(values["message_digest"], _digest(digest, payload)):
            raise NotGenuine("the signed attributes do not fit the content")
        message = attributes.untag().dump()
    if not valid(certificate.public_key, signer["signature_algorithm"], signer["signature"].native, message, digest):
        raise NotGenuine("the signature does not fit")
