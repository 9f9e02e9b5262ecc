"""The page that explains the site's own certificate, and the file to install.

Open to anyone: a certificate is public, and whoever needs it cannot log in safely yet. What protects against a wrong one are the
four words, to be compared with those on the technician's console or on a device's screen.
"""

from __future__ import annotations

import hashlib

from flask import Response, make_response, render_template

from queue_server.web.auth import Gate
from queue_server.web.house import House

PEM, DER = "application/x-pem-file", "application/x-x509-ca-cert"


def page(house: House, gate: Gate) -> Response:
    """What it is, why a browser warns, and how it is installed."""
    digest = hashlib.sha256(house.authority.ca_der).hexdigest().upper()
    shown = " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
    answer = make_response(render_template("ca.html", words=house.authority.ca_words, fingerprint=shown, tls=house.tls))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def pem(house: House, gate: Gate) -> Response:
    return _file(house.authority.ca_pem.encode(), PEM, "toiluot-ca.pem")


def der(house: House, gate: Gate) -> Response:
    """As Windows and telephones want it."""
    return _file(house.authority.ca_der, DER, "toiluot-ca.crt")


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
