"""Text that leaves a device without a person or a secret in it: long numbers masked, addresses of slips and keys cut out."""

from __future__ import annotations

import re

from toiluot_edge import mask

_KEYS = re.compile(r"\b(tlj?|tlb)_[0-9A-Za-z_-]{6,}")
_BEARER = re.compile(
    r"(?i)\b(bearer|authorization|cookie|signature|password|secret|token|holder_key|client_secret)(\"?\s*[:=]\s*\"?|\s+)[^\s\",;]+"
)
_SLIPS = re.compile(r"(/(?:t|a|b|rate)/)[0-9A-Za-z_-]{8,}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_PHONE = re.compile(r"(?<!\d)(?:\+84|0)(?:[ .-]?\d){9}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_NAMES = re.compile(r"(\"?(?:name|full_name|ho_ten|citizen|holder)\"?\s*[:=]\s*)\"[^\"]*\"")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def scrub(text: str) -> str:
    """What may be sent on. Losing a figure too many is better than one person too few."""
    clean = _PEM.sub("<key>", _CONTROL.sub(" ", text))
    clean = _SLIPS.sub(r"\1<slip>", _KEYS.sub("<key>", clean))
    clean = _BEARER.sub(r"\1\2<secret>", clean)
    clean = _MAIL.sub("<mail>", _NAMES.sub(r'\1"<name>"', clean))
    return _PHONE.sub("<phone>", mask(clean))
