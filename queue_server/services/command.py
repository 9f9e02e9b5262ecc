"""How a command is run: once. The first accepted answer is stored with its request id in the same transaction; a repeat
gets that answer back and changes nothing; refusals are judged anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from queue_server.domain.errors import Refusal
from queue_server.domain.principal import Principal
from queue_server.services.closing import begin
from queue_server.services.unit import Unit

if TYPE_CHECKING:
    from queue_server.storage.repository import Repository
    from queue_server.storage.store import Store

UseCase = Callable[[Unit], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Command:
    """What is asked: `call` and `fingerprint` (of the canonical body and the ids in the path) tell a repeat from a reuse."""

    request_id: str
    site: str
    who: Principal
    call: str
    fingerprint: str
    secret: tuple[str, ...] = ()  # fields of the answer that are told once and never kept


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, as the JSON text that was stored. `replayed` is true of an answer given before."""

    status: int
    text: str
    replayed: bool

    @property
    def body(self) -> dict[str, Any]:
        """The answer as a value."""
        value: dict[str, Any] = orjson.loads(self.text)
        return value


def run(store: Store, command: Command, use_case: UseCase, status: int = 200) -> Answer:
    """Run a use-case in one unit of work, or return the answer it gave before."""
    return store.write(command.site, partial(_once, command, use_case, status))


def submit(store: Store, command: Command, use_case: UseCase, status: int = 200) -> Future[Answer]:
    """The same without waiting."""
    return store.submit(command.site, partial(_once, command, use_case, status))


def _once(command: Command, use_case: UseCase, status: int, repository: Repository) -> Answer:
    mark = f"{command.call} {command.fingerprint}"
    unit = begin(repository, command.site, command.request_id, command.who)
    stored = repository.request(command.site, command.request_id)
    if stored is not None:
        if stored["fingerprint"] != mark:
            raise Refusal("request_id_reused")
        return Answer(stored["status"], stored["body"], True)
    body = use_case(unit)
    text = kept = orjson.dumps(body).decode()
    if command.secret:
        kept = orjson.dumps({name: value for name, value in body.items() if name not in command.secret}).decode()
    unit.finish()
    row = {"site": command.site, "request_id": command.request_id, "fingerprint": mark, "status": status, "body": kept}
    repository.add_request(row | {"at": unit.now_ms})
    return Answer(status, text, False)


def beat(store: Store, site: str, who: Principal, use_case: UseCase) -> dict[str, Any]:
    """Run a use-case whose answer need not be stored: the next report replaces it."""

    def work(repository: Repository) -> dict[str, Any]:
        unit = begin(repository, site, f"beat:{who.id}", who)
        body = use_case(unit)
        unit.finish()
        return body

    return store.write(site, work)
