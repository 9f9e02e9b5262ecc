"""What a route is and what its handler gets: the declarations behind the one route table.

Holds `Route`, `Param` and `Call`. Which routes exist stands in `routes.py`, how they are served in `dispatch.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from queue_server.contract.strict import Text
from queue_server.domain.principal import Principal
from queue_server.domain.replay import Window
from queue_server.web.house import House
from queue_server.web.signatures import Proof

UseCase = Callable[[Any], dict[str, Any]]
Kind = Literal["command", "beat", "query", "stream", "file", "upload", "download", "published"]

# What any call may be refused for, by its kind; a route names what comes on top.
ALWAYS = ("unauthenticated", "forbidden", "site_required", "not_found", "rate_limited", "internal", "damaged")
ON_BODY = ("malformed", "too_slow", "too_large", "unsupported_type", "invalid")


@dataclass(frozen=True)
class Param:
    """A query parameter, read by the same kinds as fields of a message."""

    name: str
    kind: Any = field(default_factory=Text)
    required: bool = False
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One call. `needs` lists permissions of which one suffices; empty means that nobody is asked who he is.

    A `command` handler returns the use-case to run inside the unit of work, a `beat` handler one that leaves no stored
    answer, a `query` handler the answer itself, a `file` handler the path of a file that is sent and then deleted. An `upload`
    handler gets (type, bytes) of one of the types it `takes`, a `download` handler returns (bytes, type, name), a `published` one
    (bytes, type) that anybody and any page may read. `etag`
    is a cheap function of the call or says that the content is hashed; `form` also takes an HTML form, after which
    `leads_to` says where the browser goes (the token's own page without one), or `again` where it was refused; `counted`
    is for what anybody may do, a few times; `sited` is off where no one site is meant; `status` of an answer where it is not
    always `success`; `secret` names fields that are told once and not kept for a repeat;
    the handler of a `careful` one counts tries, so it is run once, the long way."""

    name: str
    method: str
    path: str
    needs: tuple[str, ...]
    handler: Callable[[Call], Any]
    summary: str
    kind: Kind = "query"
    message: type[Any] | None = None
    query: tuple[Param, ...] = ()
    success: int = 200
    status: Callable[[dict[str, Any]], int] | None = None
    secret: tuple[str, ...] = ()
    careful: bool = False
    refusals: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    answer: str = "Object"
    etag: Callable[[Call], str] | Literal["content"] | None = None
    root: bool = False
    form: bool = False
    sited: bool = True
    counted: bool = False
    leads_to: Callable[[Call, dict[str, Any]], str] | None = None
    again: Callable[[Call, str], str] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Every refusal this call may meet."""
        open_to_all = ("not_found", "rate_limited", "internal", "damaged") if "{token}" in self.path else ("internal", "damaged")
        who = ALWAYS if self.needs else open_to_all
        body = ON_BODY if self.message is not None else ()
        again = ("request_id_reused", "busy") if self.kind == "command" else ()
        wrong = ("invalid",) if self.query and not body else ()
        return (*who, *body, *again, *wrong, *self.refusals)


@dataclass(frozen=True)
class Addressed:
    """A use-case whose site and actor follow from a token in the path instead of a credential."""

    who: Principal
    site: str
    use_case: UseCase


@dataclass(frozen=True)
class Call:
    """One request on its way to a handler: who, where, what."""

    house: House
    who: Principal
    site: str
    args: Mapping[str, str]
    query: Mapping[str, Any]
    message: Any
    now_ms: int
    zone: str | None = None
    proof: Proof | None = None  # of a request that a device signed
    window: Window = Window()  # noqa: RUF009 - a frozen value

    @contextmanager
    def reader(self) -> Iterator[Any]:
        with self.house.store.read() as reader:
            yield reader
