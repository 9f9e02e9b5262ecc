"""The site's own keys and the server's certificate: made once, kept, made anew where they no longer fit."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from queue_server.authority import LEAF_DAYS, Authority
from queue_server.contract import device as shared
from queue_server.domain.event import canonical
from tests.hall import Hall

NAMES = ["may-chu", "may-chu.local", "10.0.0.5"]


def test_it_is_made_once_and_two_that_begin_at_once_agree(hall: Hall) -> None:
    first, second = Authority(hall.store), Authority(hall.store)
    assert not first.known
    first.ensure()
    second.ensure()
    assert first.ca_pem == second.ca_pem
    assert first.site_key == second.site_key
    assert len(first.ca_words) == 4


def test_a_document_is_signed_in_its_canonical_form(file_hall: Hall) -> None:
    authority = Authority(file_hall.store)
    signature = authority.sign_document({"b": "ờ", "a": [1, True, None]})
    key = Ed25519PublicKey.from_public_bytes(shared.decode(authority.site_key))
    key.verify(shared.decode(signature), '{"a":[1,true,null],"b":"ờ"}'.encode())
    with pytest.raises(InvalidSignature):
        key.verify(shared.decode(signature), canonical({"a": [1, True, None], "b": "o"}).encode())


def test_the_servers_certificate_is_kept_as_long_as_it_fits(file_hall: Hall, tmp_path: Path) -> None:
    authority = Authority(file_hall.store)
    certificate, key = map(Path, authority.leaf(tmp_path / "tls", NAMES))
    made = certificate.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    authority.leaf(tmp_path / "tls", NAMES[:2])
    assert certificate.read_bytes() == made
    authority.leaf(tmp_path / "tls", [*NAMES, "10.0.0.6"])  # another address
    renamed = certificate.read_bytes()
    assert renamed != made
    file_hall.clock.forward((LEAF_DAYS - 100) * 86_400)  # soon over
    authority.leaf(tmp_path / "tls", NAMES)
    renewed = certificate.read_bytes()
    assert renewed != renamed
    key.write_bytes(b"")  # a card that lost it
    authority.leaf(tmp_path / "tls", NAMES)
    assert certificate.read_bytes() != renewed


def test_browsers_and_devices_accept_it(file_hall: Hall, tmp_path: Path) -> None:
    authority = Authority(file_hall.store)
    certificate, key = authority.leaf(tmp_path / "tls", NAMES)
    leaf = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    ca = x509.load_pem_x509_certificate(authority.ca_pem.encode())
    leaf.verify_directly_issued_by(ca)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 825
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in found} == set(NAMES)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    ssl.create_default_context(cadata=authority.ca_pem)
