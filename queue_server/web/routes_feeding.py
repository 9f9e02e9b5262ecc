"""Routes about the feed to the dossier system. Holds rows of the route table alone; `routes` puts them into the one table."""

from __future__ import annotations

from queue_server.contract import messages_feed as mf
from queue_server.web import feeding
from queue_server.web.call import Route

KEEPERS = ("manage", "fleet")

FEEDING = (
    Route(
        name="dossier-feed",
        method="GET",
        path="/dossier-feed",
        needs=KEEPERS,
        handler=feeding.feeds,
        answer="DossierFeeds",
        summary="How the feed to the dossier system stands: its place, its lag, what waits and what was refused",
    ),
    Route(
        name="dossier-feed-resend",
        method="POST",
        path="/dossier-feed/resend",
        needs=KEEPERS,
        kind="command",
        handler=feeding.resend,
        message=mf.Resend,
        refusals=("not_found", "conflict"),
        answer="DossierResend",
        summary="Send what the dossier system refused once more: one record, or all",
    ),
)
