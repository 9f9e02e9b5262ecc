"""The route of dossiers. Holds rows of the route table alone; `routes` puts them into the one table."""

from __future__ import annotations

from queue_server.web import dossiers
from queue_server.web.call import Route

DOSSIERS = (
    Route(
        name="dossier",
        method="GET",
        path="/dossiers/{code}",
        needs=("read",),
        handler=dossiers.look_up,
        refusals=("invalid", "dossier_off", "dossier_unknown", "dossier_silent"),
        answer="Dossier",
        summary="A dossier's state by its code, and what to do; answered within two seconds or not at all",
    ),
)
