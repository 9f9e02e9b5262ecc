"""Whether this process may take commands: it serves, it stands by (another server does), or it is fenced (another took over).

Holds the one question every command is asked at the door, and the hearing of newer epochs from clients. Fencing is
durable: a row in the table of epochs. How an epoch begins is `services.epochs`'.
"""

from __future__ import annotations

from typing import Any

from queue_server.domain.errors import Refusal
from toiluot_edge import Clock

HEADER = "Toiluot-Epoch"  # the highest epoch of this site that a client has seen
KEPT_S = 1.0  # how long an answer of the database is believed: another process may have fenced or promoted


class Standing:
    """The standing of one process. `following` until it is promoted."""

    def __init__(self, *, following: bool = False) -> None:
        self.following = following
        self.heard_at = 0  # the last instant (Unix ms) at which a standby was told all that there was
        self._known: dict[str, tuple[float, int, bool]] = {}

    def enter(self, store: Any, clock: Clock) -> None:
        """The house it stands in."""
        self._store, self._clock = store, clock

    def check(self, site: str, said: str | None = None) -> None:
        """`Refusal` where a command has no business here. `said` is what a client with a credential sent of epochs."""
        if self.following:
            raise Refusal("standby")
        epoch, fenced = self._look(site)
        if said and not fenced and (heard := _heard(said)) > epoch:
            self._fence(site, heard)
            fenced = True
        if fenced:
            raise Refusal("fenced")

    def hear(self, site: str, said: str | None) -> None:
        """A client with a credential asks how this server stands, and says which epoch it has seen."""
        if self.following or not said:
            return
        epoch, fenced = self._look(site)
        if not fenced and (heard := _heard(said)) > epoch:
            self._fence(site, heard)

    def clear(self, site: str, said: str | None) -> bool:
        """Whether a command needs no second look."""
        epoch, fenced = self._look(site)
        return not (self.following or fenced or (said and _heard(said) > epoch))

    def epoch(self, site: str) -> int:
        """The epoch this server works in. Every answer to a command tells it, so that whoever has worked with the new server
        brings the news to the old one with their next command."""
        return self._look(site)[0]

    def word(self, site: str) -> str:
        """serving, standby or fenced."""
        return "standby" if self.following else "fenced" if self._look(site)[1] else "serving"

    def promoted(self) -> None:
        """The standby has taken over: commands are taken from now on."""
        self.following = False
        self.forget()

    def forget(self) -> None:
        """Ask the database anew."""
        self._known.clear()

    def _look(self, site: str) -> tuple[int, bool]:
        now = self._clock.monotonic()
        kept = self._known.get(site)
        if kept is None or now - kept[0] > KEPT_S:
            with self._store.read() as reader:
                row, epochs = reader.site(site), reader.epochs(site)
            own = int(row["epoch"]) if row else 0
            kept = self._known[site] = (now, own, any(each["epoch"] > own for each in epochs))
        return kept[1], kept[2]

    def _fence(self, site: str, epoch: int) -> None:
        def keep(repository: Any) -> None:
            row = repository.lock_site(site)
            repository.note_epoch(
                {"site": site, "epoch": epoch, "continues_after": row["seq"], "started_at": repository.now_ms, "reason": "elsewhere"}
            )

        self._store.write(site, keep)
        self.forget()


def _heard(said: str) -> int:
    """The epoch a client has seen; 0 where it is none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
