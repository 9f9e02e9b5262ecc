"""The rating tablet at a counter: four faces for the visit that has just ended there, thanks, and rest in between.

Holds the page and its words. Whose visit is asked about stands in the services; the page's script only asks again.
"""

from __future__ import annotations

import secrets

from flask import Response, make_response, render_template

from queue_server.services import rating
from queue_server.web.auth import Gate
from queue_server.web.house import House
from queue_server.web.pages.citizen import FACES

EVERY_MS = 2000
THANKS_MS = 5000
NAMES = ("Chưa hài lòng", "Tạm được", "Hài lòng", "Rất hài lòng")


def page(house: House, gate: Gate, site: str, counter: str, token: str) -> Response:
    """The page of one counter's tablet; the address is its secret."""
    with house.store.read() as reader:
        rating.check(reader, site, counter, token)
        told = rating.asked(reader, site, counter, now=house.clock.wall_ms())
    answer = make_response(
        render_template(
            "rate.html", told=told, faces=FACES, names=NAMES, every_ms=EVERY_MS, thanks_ms=THANKS_MS, request_id=secrets.token_hex(16)
        )
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
