"""A partner in iGate's style: a Keycloak token, `GET /pa/dossier/search` with a Spring slice, states as internal integers.

Made from shapes seen in public code, tried against our own mock alone; no product is claimed. What the integers mean is not
published: their map to the ten states is configuration, and one without a meaning is told as such. No call for queue records
is known there, so records and days go nowhere unless a path of the province's own gateway is configured.
"""

from __future__ import annotations

from dataclasses import replace

from . import Dossier, NotOffered, Wait
from .login import OAuth
from .mapping import Shown
from .rest import Paths, Rest, Words, found_at
from .wire import Wire

SEARCH = "/pa/dossier/search"
PATHS = Paths(records="", days="", look_up=SEARCH)
DOSSIER = Shown(code="code", state="dossierStatus", procedure="procedure.code", due="appointmentDate", collect_at="agency.name", states={})
ROWS = 20  # of one slice: a search by code may find codes that only begin alike


class IGate(Rest):
    """Look-up by search; the rest as configured."""

    def __init__(self, name: str, base: str, wire: Wire, login: OAuth, paths: Paths = PATHS, words: Words | None = None) -> None:
        super().__init__(name, base, wire, login, paths, words or Words(dossier=DOSSIER))

    def look_up(self, code: str) -> Dossier | None:
        if not self._paths.look_up:
            raise NotOffered
        asked = {"page": "0", "size": str(ROWS), "spec": "slice", "code": code}
        slice_ = found_at(self._login, self._base + self._paths.look_up, self._wire.far_end, params=asked)
        rows = slice_.get("content") if slice_ is not None else []
        if not isinstance(rows, list):
            raise Wait(f"{self._wire.far_end} answered without a slice")
        found = (self._words.dossier.dossier(row, code) for row in rows if isinstance(row, dict))
        return next((each for each in found if each is not None), None)


def shown(states: dict[str, int]) -> Shown:
    """The usual members with this map of states."""
    return replace(DOSSIER, states=states)
