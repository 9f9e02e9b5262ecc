"""Whom a device believes before it was told: nobody, but it asks all the same and shows a person whom it met.

Holds the words of an authority and the one line that checks nobody, which carries the first request alone: it has no secret
in it, and what comes back counts only when the same authority has proved itself on the next line.
"""

from __future__ import annotations

import hashlib
import ssl

from queue_server.contract import device as shared


def authority_words(ca_pem: str) -> tuple[str, ...]:
    """Four words of a certificate, equal to those the console shows; none where it cannot be read."""
    try:
        der = ssl.PEM_cert_to_DER_cert(ca_pem.strip())
    except ValueError:
        return ()
    return shared.words(hashlib.sha256(der).digest())


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
