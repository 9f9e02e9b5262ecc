"""What an observer of the simulated hall sees: who waits, what each counter does, and for a call how long it took to come.

Everything here could be seen by somebody standing in the hall with the list of numbers in hand. How long a service takes, how
many pauses there are and who will not come has to be learned from watching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from queue_server.staffing.centre import Hall, Queued


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in line."""

    ticket: str
    service: str
    effective_at_ms: int
    available_from_ms: int
    quantity: int
    privileged: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """A counter: `state` is idle, busy, paused or closed, `since_ms` since when; `service` and `quantity` of whom it called.
    `planned`: when it will not be staffed by plan, lunch included (begin and end); short pauses are in no plan."""

    code: str
    services: tuple[str, ...]
    state: str
    since_ms: int
    service: str | None
    quantity: int
    planned: tuple[tuple[int, int], ...]


class Look:
    """One moment of the hall, about one number. `post` is the counter it was called to; None while it is being issued. Valid
    only until the hook returns."""

    __slots__ = ("_hall", "_item", "_rank", "post", "step", "ticket", "visitor")

    def __init__(self, hall: Hall, item: Queued, rank: int | None = None) -> None:
        self._hall, self._item, self._rank = hall, item, rank
        self.visitor, self.step = item[2], item[3]
        self.ticket = f"{item[2]}.{item[3]}"
        self.post = None if rank is None else hall.centre.posts[hall.posts[rank]].code

    @property
    def now_ms(self) -> int:
        return self._hall.now_ms

    @property
    def service(self) -> str:
        return self._hall.centre.services[self._service(self._item)].code

    @property
    def quantity(self) -> int:
        return self._hall.day.visitors[self._item[2]].quantity if self.step == 1 else 1

    @property
    def privileged(self) -> bool:
        return self._hall.day.visitors[self._item[2]].privileged

    @property
    def effective_at_ms(self) -> int:
        return self._item[0]

    @property
    def available_from_ms(self) -> int:
        return self._item[4]

    @property
    def wait_ms(self) -> int:
        """At the call: how long they waited."""
        return max(0, self.now_ms - self.available_from_ms)

    @property
    def came(self) -> bool:
        """At the end: whether they came to the counter at all."""
        return self._rank is None or not self._hall._absent(self._item, self._hall.at[self._rank][1])

    @property
    def called_ms(self) -> int:
        """At the end: when they had been called."""
        return self._hall.at[self._rank][1] if self._rank is not None else self.now_ms

    @property
    def service_ms(self) -> int:
        """At the end, of somebody who came: from the start of service to its end."""
        return self.now_ms - self._hall.started[self._rank] if self._rank is not None else 0

    def free(self) -> bool:
        """Whether a counter that serves them stands free with nobody in line: they will not wait."""
        return bool(self._hall.able[self._service(self._item)] & self._hall.idle)

    def line(self) -> list[Waiting]:
        """Who waits, in calling order (without the one this look is about, unless already in line)."""
        hall = self._hall
        items = sorted((item, k) for k, line in enumerate(hall.lines) for item in line if not hall._gone(item, hall.now_ms))
        return [self._waiting(item, k) for item, k in items]

    def desks(self) -> list[Desk]:
        """Every counter."""
        return [self._desk(rank) for rank in range(len(self._hall.posts))]

    def _service(self, item: Queued) -> int:
        person = self._hall.day.visitors[item[2]]
        return person.service if item[3] == 1 or person.second is None else person.second[0]

    def _waiting(self, item: Queued, k: int) -> Waiting:
        person = self._hall.day.visitors[item[2]]
        quantity = person.quantity if item[3] == 1 else 1
        return Waiting(f"{item[2]}.{item[3]}", self._hall.centre.services[k].code, item[0], item[4], quantity, person.privileged)

    def _desk(self, rank: int) -> Desk:
        hall = self._hall
        post, (state, since_ms, whom) = hall.centre.posts[hall.posts[rank]], hall.at[rank]
        service, quantity = None, 1
        if state == "busy" and whom is not None:
            service = hall.centre.services[self._service(whom)].code
            quantity = hall.day.visitors[whom[2]].quantity if whom[3] == 1 else 1
        planned = tuple((begin, begin + length) for begin, length, kind in hall.away[rank] or () if kind)
        skills = tuple(hall.centre.services[k].code for k in post.skills)
        return Desk(post.code, skills, state, since_ms, service, quantity, planned)
