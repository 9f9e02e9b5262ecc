"""What the web layer is given by the composition root: the store, the clock and a few facts about this process.

Holds one value and the ports it consists of. It builds nothing: `queue_server.bootstrap` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from queue_server.services.day_keys import DayKeys
from queue_server.web.dossier_line import DossierLine
from queue_server.web.followers import Followers
from queue_server.web.patience import Asking
from queue_server.web.standing import Standing
from toiluot_edge import Clock


@dataclass(frozen=True)
class House:
    """One running server process. `store` is the storage port as the services use it (`write`, `read`, `position`,
    `on_commit`, `sites`); the web layer only passes it on."""

    store: Any
    clock: Clock
    log: Any
    version: str
    tls: bool = False
    local: bool = False  # the database is a file of this machine, and not a server to be waited for
    streams_limit: int = 2000
    # A second. A key's bound lies above what the server can do: it is for those who give each device a key of its own.
    per_key: float = 5000.0
    per_address: float = 200.0  # requests without a credential; a hall's guests may share one address
    guesses_per_address: float = 5.0  # of keys, board tokens and ticket tokens, each of at least 128 random bits
    login_per_address: float = 0.5  # failed log-ins a second; 30 at once, for a house behind one router
    bookings_per_address: float = 0.1  # on the public page; 60 at once, because telephones of one network may share an address
    login_per_account: float = 1 / 30  # and 10 at once
    # What the database raises when it cannot write now (locked, disk full, no memory): told as 503 with the same request id to repeat.
    unavailable: tuple[type[Exception], ...] = ()
    damaged: Callable[[BaseException], bool] = lambda _: False  # whether an error says that the database's file is broken
    standing: Standing = field(default_factory=Standing)
    followers: Followers = field(default_factory=Followers)
    day_keys: DayKeys = field(default_factory=DayKeys)
    authority: Any = None  # the site's own keys (`queue_server.authority`): signs what devices are told, stands behind HTTPS
    sso: Any = None  # the settings of the organisation's own log-in, where there is one
    dossiers: DossierLine | None = None  # where dossiers are looked up, where that was set up
    adviser: Any = None  # how many counters: its thread and its process, where numpy is
    copy_to: Callable[[Path], None] | None = None  # one moment of the database into a file

    asking: Asking = field(init=False)  # how often devices and technicians asked about admissions

    def __post_init__(self) -> None:
        object.__setattr__(self, "asking", Asking(self.clock))
        self.standing.enter(self.store, self.clock)
        self.followers.enter(self.store, self.clock)

    def report(self, what: str, broken: BaseException, **about: Any) -> None:
        """An unexpected error into the log, with its traceback and masked numbers; never to whoever asked."""
        self.log.error(what, exc_info=broken, **about)
