"""Whether a card is what its issuer signed: a foreign data set, and security objects and certificates made and judged by openssl."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import pem

from drivers.codecs.mrtd import lds, tlv
from drivers.codecs.mrtd.certificates import Anchor, load, load_all
from drivers.codecs.mrtd.errors import Garbled, MrtdError, NotGenuine
from drivers.codecs.mrtd.passive import SECURITY_OBJECT, SOD_TAG, Trust, verify
from drivers.sim.mrtd_person import Authority, Person, dg1, make_authority, sod
from tests.drivers.chip import golden as g

GROUP = dg1(Person())
KEYS = {
    "ecdsa": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], [], []),
    "ecdsa-384": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-sha384"], [], ["-md", "sha384"]),
    "curve-written-out": (
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1", "-pkeyopt", "ec_param_enc:explicit"],
        [],
        [],
    ),
    "rsa": (["-newkey", "rsa:2048"], [], []),
    "rsa-pss": (
        ["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
        ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
        ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"],
    ),
    "by-key-identifier": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], [], ["-keyid"]),
}


def openssl(folder: Path, *words: str) -> bytes:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass
class House:
    """An issuer whose keys, certificates and signatures are all openssl's."""

    folder: Path
    kind: str

    def make(self) -> None:
        key, extra, _ = KEYS[self.kind]
        ca = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        openssl(self.folder, "req", "-x509", *key, "-noenc", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/C=VN/CN=CSCA", *ca)
        wish = [word for word in key if word != "-sha384"]
        openssl(self.folder, "req", *wish, "-noenc", "-keyout", "ds.key", "-out", "ds.csr", "-subj", "/C=VN/CN=DS")
        (self.folder / "ext").write_text("keyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n")
        sign = ["x509", "-req", "-in", "ds.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "ds.pem", "-extfile", "ext", "-sha256"]
        openssl(self.folder, *sign, *extra)

    def sign(self, group: bytes) -> bytes:
        (self.folder / "lds").write_bytes(security_object(group))
        words = ["cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-econtent_type", SECURITY_OBJECT, "-md", "sha256"]
        words += ["-in", "lds", "-signer", "ds.pem", "-inkey", "ds.key", "-outform", "DER", *KEYS[self.kind][2]]
        return tlv.encode(SOD_TAG, openssl(self.folder, *words))

    @property
    def anchor(self) -> Anchor:
        return load((self.folder / "ca.pem").read_bytes())


def security_object(group: bytes) -> bytes:
    """Written by hand, byte by byte, so that the parser does not read its own writing."""
    sha256 = bytes.fromhex("300d06096086480165030402010500")
    digest = tlv.encode(0x30, b"\x02\x01\x01" + tlv.encode(0x04, hashlib.sha256(group).digest()))
    return tlv.encode(0x30, b"\x02\x01\x00" + sha256 + tlv.encode(0x30, digest))


@pytest.fixture(params=sorted(KEYS))
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    made = House(tmp_path, request.param)
    made.make()
    return made


def test_what_openssl_signed_is_verified(house: House) -> None:
    signed = house.sign(GROUP)
    assert verify(signed, {1: GROUP}, (house.anchor,)) is Trust.VERIFIED
    assert verify(signed, {1: GROUP}, ()) is Trust.NO_ANCHOR
    with pytest.raises(NotGenuine, match="data group 1"):
        verify(signed, {1: dg1(Person("001090654321"))}, (house.anchor,))
    with pytest.raises(NotGenuine, match="data group 2"):
        verify(signed, {1: GROUP, 2: b""}, (house.anchor,))


def test_the_bsis_reference_data_set() -> None:
    assert verify(g.BSI_SOD, {1: g.BSI_DG1}, ()) is Trust.NO_ANCHOR
    assert verify(g.BSI_SOD, {1: g.BSI_DG1}, (load(make_authority().anchor),)) is Trust.NO_ANCHOR
    with pytest.raises(NotGenuine):
        verify(g.BSI_SOD, {1: g.BSI_DG1.replace(b"ERIKA", b"ERICA")}, ())


def test_no_changed_byte_of_what_is_signed_passes() -> None:
    """From the hashes (first the whole list of groups) to the end of the signature; the certificate's own text is its issuer's affair."""
    listed, last = g.BSI_SOD.index(b"\x02\x01\x01\x04\x20"), len(g.BSI_SOD) - 1
    attributes = g.BSI_SOD.index(bytes.fromhex("A048301506"))
    for at in [*range(listed, listed + 200, 7), *range(attributes, last, 11), last]:
        wrong = bytearray(g.BSI_SOD)
        wrong[at] ^= 0x10
        with pytest.raises(MrtdError):
            verify(bytes(wrong), {1: g.BSI_DG1}, ())


def test_openssl_believes_our_simulated_card(tmp_path: Path) -> None:
    issuer = make_authority()
    signed = sod(issuer, {1: GROUP})
    (tmp_path / "sod").write_bytes(tlv.only(signed, SOD_TAG))
    (tmp_path / "ca.pem").write_bytes(issuer.anchor)
    shown = openssl(
        tmp_path, "cms", "-verify", "-inform", "DER", "-in", "sod", "-CAfile", "ca.pem", "-purpose", "any", "-no_check_time", "-binary"
    )
    assert hashlib.sha256(GROUP).digest() in shown
    assert verify(signed, {1: GROUP}, (load(issuer.anchor),)) is Trust.VERIFIED


def test_a_namesake_of_the_issuer_is_not_the_issuer() -> None:
    issuer, namesake = make_authority(), make_authority()
    assert verify(sod(issuer, {1: GROUP}), {1: GROUP}, load_all([namesake.anchor])) is Trust.NO_ANCHOR
    assert verify(sod(issuer, {1: GROUP}), {1: GROUP}, load_all([namesake.anchor, issuer.anchor])) is Trust.VERIFIED


def test_another_signer_under_the_certificate_of_the_right_one() -> None:
    issuer, thief = make_authority(), make_authority()
    with pytest.raises(NotGenuine, match="signature"):
        verify(sod(Authority(issuer.root, issuer.signer, thief.key), {1: GROUP}), {1: GROUP}, (load(issuer.anchor),))


def test_a_signature_over_something_else_is_none() -> None:
    with pytest.raises(Garbled):
        verify(g.BSI_SOD.replace(bytes.fromhex("0606678108010101"), bytes.fromhex("0606678108010102")), {1: g.BSI_DG1}, ())
    for nonsense in (b"", b"\x77\x00", tlv.encode(SOD_TAG, b"\x30\x00"), g.BSI_SOD[:-1], g.BSI_SOD + b"\x00", lds.APPLICATION):
        with pytest.raises(Garbled):
            verify(nonsense, {1: g.BSI_DG1}, ())


def test_only_an_authoritys_certificate_is_an_anchor(tmp_path: Path) -> None:
    house = House(tmp_path, "ecdsa")
    house.make()
    written = (house.folder / "ca.pem").read_bytes()
    assert load(pem.unarmor(written)[2]).certificate.dump() == load(written).certificate.dump()
    for wrong in (b"", b"nothing", (house.folder / "ds.pem").read_bytes(), written[:200], bytes(20_000)):
        with pytest.raises(Garbled):
            load(wrong)
