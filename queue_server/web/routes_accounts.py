"""Routes about people's accounts: those that rest after wrong passwords, and the way back."""

from __future__ import annotations

from queue_server.contract import messages as m
from queue_server.web import accounts
from queue_server.web.call import Route

HELPERS = ("fleet", "manage")  # a technician or the head of the site

ACCOUNTS = (
    Route(
        name="accounts-resting",
        method="GET",
        path="/accounts/resting",
        needs=HELPERS,
        handler=accounts.resting,
        answer="AccountsResting",
        summary="Accounts at which wrong passwords were given, and how long each rests",
    ),
    Route(
        name="account-unlock",
        method="POST",
        path="/accounts/{login}/unlock",
        needs=HELPERS,
        handler=accounts.unlock,
        kind="command",
        message=m.Command,
        form=True,
        leads_to=accounts.page_of,
        answer="AccountUnlocked",
        summary="Let an account that rests try again at once",
    ),
)
