"""Every command of the contract as a frozen dataclass: the one declaration of what a request may say.

Holds field names, kinds and limits, and the few rules across fields. Whether a named service or counter exists is
judged by the services; how a refusal looks by `web.errors`.
"""

# ruff: noqa: RUF009 - required() and optional() only wrap dataclasses.field, which ruff knows by name alone
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .messages_health import TEMPERATURE, UNITS, AppliedConfig, DeviceClock, DeviceNet, FeedReport, PageLife, Storage, Undervoltage, Units
from .problem import FieldFault
from .strict import Choice, Flag, Listing, Nested, Text, When, Whole, optional, required
from .vocabulary import Channel, DeviceRole, Outcome, PaperOutcome, Previous, PrintOutcome, Source, Ticked

REQUEST_ID = Text(64, pattern=r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
CODE = Text(64)
TICKET_ID = Text(64, pattern=r"[0-9A-Za-z_-]+")
TOKEN = Text(128, shortest=16, pattern=r"[0-9A-Za-z_-]+")
REASON = Text(500, lines=True)
LANG = Text(12, pattern=r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
NEEDS = Listing(Text(16, pattern=r"[a-z_]+"), 8)
DOSSIER_CODE = Text(64)


@dataclass(frozen=True, kw_only=True)
class Command:
    """What every command carries: the id under which its answer is stored."""

    request_id: str = required(REQUEST_ID)


# ---------------------------------------------------------------- tickets
@dataclass(frozen=True, kw_only=True)
class Issue(Command):
    service: str | None = optional(CODE)
    tasks: tuple[str, ...] = optional(Listing(CODE, 10, 1), ())
    priority_class: str | None = optional(CODE)
    source: str = optional(Choice(Source), "api")
    channel: str = optional(Choice(Channel), "in_person")
    holder_key: str | None = optional(Text(128, pattern=r"[0-9A-Za-z_+/=:.-]+"))
    dossier_code: str | None = optional(DOSSIER_CODE)
    appointment: str | None = optional(Text(64))
    quantity: int = optional(Whole(1, 500), 1)
    party: int = optional(Whole(1, 100), 1)
    on_behalf: bool = optional(Flag(), False)
    lang: str = optional(LANG, "vi")
    needs: tuple[str, ...] = optional(NEEDS, ())
    zone: str | None = optional(CODE)
    ticket_id: str | None = optional(TICKET_ID)
    token_hash: str | None = optional(Text(64, 64, pattern=r"[0-9a-f]{64}"))
    device: str | None = optional(Text(64))

    def check(self) -> FieldFault | None:
        if (self.service is None) == (not self.tasks):
            return FieldFault("/service", "one_of", "give either service or tasks")
        return None


@dataclass(frozen=True, kw_only=True)
class Amend(Command):
    service: str | None = optional(CODE)
    counter: str | None = optional(CODE)
    zone: str | None = optional(CODE)
    priority_class: str | None = optional(CODE)
    lang: str | None = optional(LANG)
    needs: tuple[str, ...] | None = optional(NEEDS)
    quantity: int | None = optional(Whole(1, 500))
    reason: str | None = optional(REASON)

    def check(self) -> FieldFault | None:
        changes = (self.service, self.counter, self.zone, self.priority_class, self.lang, self.needs, self.quantity)
        return FieldFault("", "nothing_to_change", "name at least one field to change") if all(c is None for c in changes) else None


@dataclass(frozen=True, kw_only=True)
class WithReason(Command):
    """cancel, readmit, reprint."""

    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class PrintReport(Command):
    outcome: str = required(Choice(PrintOutcome))
    detail: str | None = optional(Text(200))
    device: str | None = optional(Text(64))
    job: str | None = optional(Text(64))


@dataclass(frozen=True, kw_only=True)
class Rate(Command):
    stars: int = required(Whole(1, 5))


@dataclass(frozen=True, kw_only=True)
class Annotate(Command):
    text: str = required(REASON)


# ---------------------------------------------------------------- a ticket, by a counter
@dataclass(frozen=True, kw_only=True)
class OnTicket(Command):
    """recall, serve, resume, release, no-show."""

    counter: str = required(CODE)


@dataclass(frozen=True, kw_only=True)
class Hold(OnTicket):
    reason: str | None = optional(REASON)
    until: int | None = optional(When())


@dataclass(frozen=True, kw_only=True)
class Target:
    service: str | None = optional(CODE)
    counter: str | None = optional(CODE)
    site: str | None = optional(CODE)

    def check(self) -> FieldFault | None:
        named = [name for name in (self.service, self.counter, self.site) if name is not None]
        return None if named else FieldFault("", "required", "name a service, a counter or a site")


@dataclass(frozen=True, kw_only=True)
class Transfer(OnTicket):
    to: Target = required(Nested(Target))
    return_to_me: bool = optional(Flag(), False)
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class Complete(OnTicket):
    """`more`: dossiers that the person still has with them; they wait again with the same slip."""

    outcome: str = optional(Choice(Outcome), "done")
    dossier_code: str | None = optional(DOSSIER_CODE)
    more: int | None = optional(Whole(1, 500))


@dataclass(frozen=True, kw_only=True)
class Reclassify(OnTicket):
    """The person came for something else: same step, other service."""

    service: str = required(CODE)
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class ProcedureEntry:
    """A procedure, a dossier or both: whoever scans a dossier need not know the code of its procedure."""

    code: str | None = optional(CODE)
    dossier_code: str | None = optional(DOSSIER_CODE)
    quantity: int | None = optional(Whole(1, 99))

    def check(self) -> FieldFault | None:
        return FieldFault("/code", "required", "name a procedure or a dossier") if self.code is None and self.dossier_code is None else None


@dataclass(frozen=True, kw_only=True)
class Procedures(OnTicket):
    procedures: tuple[ProcedureEntry, ...] = required(Listing(Nested(ProcedureEntry), 20))


# ---------------------------------------------------------------- a counter
@dataclass(frozen=True, kw_only=True)
class CounterOpen(Command):
    services: tuple[str, ...] | None = optional(Listing(CODE, 100))
    take_over: bool = optional(Flag(), False)


@dataclass(frozen=True, kw_only=True)
class CounterReason(Command):
    """close, pause, resume, wrap-up, alarm."""

    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class Next(Command):
    """`if_ticket`: only where this person (or `nobody`) is at the counter, for a keypad that sees no screen."""

    previous: str | None = optional(Choice(Previous))
    if_ticket: str | None = optional(TICKET_ID)


@dataclass(frozen=True, kw_only=True)
class CallChosen(Command):
    ticket: str = required(TICKET_ID)
    reason: str = required(REASON)


@dataclass(frozen=True, kw_only=True)
class AtCounter(Command):
    """recall, serve, hold, no-show, complete for whoever stands there; `if_ticket` guards against a stale screen."""

    if_ticket: str | None = optional(TICKET_ID)


@dataclass(frozen=True, kw_only=True)
class Tick(Command):
    """Something that happened at the counter without the server: called, completed or no_show at `stated_at`."""

    ticket: str = required(TICKET_ID)
    stated_at: int = required(When())
    what: str = required(Choice(Ticked))


@dataclass(frozen=True, kw_only=True)
class PaperSlip(Command):
    """One slip of the paper book; unless the person still waits, how it ended and when."""

    series: str = required(Text(8))
    number: int = required(Whole(1, 999))
    service: str = required(CODE)
    issued_at: int = required(When())
    outcome: str = optional(Choice(PaperOutcome), "waiting")
    ended_at: int | None = optional(When())
    counter: str | None = optional(CODE)
    priority_class: str | None = optional(CODE)


@dataclass(frozen=True, kw_only=True)
class Undo(Command):
    cmd: str | None = optional(REQUEST_ID)
    reason: str | None = optional(REASON)


@dataclass(frozen=True, kw_only=True)
class Bare(Command):
    """A command that says nothing more than its address does."""


# ---------------------------------------------------------------- leases
@dataclass(frozen=True, kw_only=True)
class Lease(Command):
    series: str = required(Text(8))
    count: int = required(Whole(1, 100))


@dataclass(frozen=True, kw_only=True)
class SettledTicket:
    """A number a kiosk printed alone, with the kiosk's own times."""

    ticket_id: str = required(TICKET_ID)
    number: int = required(Whole(1, 999_999))
    issued_at: int = required(When())
    service: str | None = optional(CODE)
    priority_class: str | None = optional(CODE)
    lang: str = optional(LANG, "vi")
    holder_key: str | None = optional(Text(128, pattern=r"[0-9A-Za-z_+/=:.-]+"))
    print: str | None = optional(Choice(PrintOutcome))
    token: str | None = optional(Text(64, pattern=r"[0-9A-Za-z_-]+"))
    request_id: str | None = optional(REQUEST_ID)
    device_seq: int | None = optional(Whole())
    boot_id: str | None = optional(Text(64, shortest=0))
    clock_synced: bool | None = optional(Flag())


@dataclass(frozen=True, kw_only=True)
class Settle(Command):
    tickets: tuple[SettledTicket, ...] = required(Listing(Nested(SettledTicket), 100))


@dataclass(frozen=True, kw_only=True)
class RestatedTicket:
    """A ticket that another server acknowledged, as it stands on paper. `token` is that of its page, where there is one."""

    ticket_id: str = required(TICKET_ID)
    number: int = required(Whole(1, 999_999))
    service: str = required(CODE)
    issued_at: int = required(When())
    token: str | None = optional(Text(64, pattern=r"[0-9A-Za-z_-]+"))
    priority_class: str | None = optional(CODE)
    lang: str = optional(LANG, "vi")
    holder_key: str | None = optional(Text(128, pattern=r"[0-9A-Za-z_+/=:.-]+"))
    print: str | None = optional(Choice(PrintOutcome))


@dataclass(frozen=True, kw_only=True)
class Restate(Command):
    tickets: tuple[RestatedTicket, ...] = required(Listing(Nested(RestatedTicket), 100))


# ---------------------------------------------------------------- devices
@dataclass(frozen=True, kw_only=True)
class Hint:
    vi: str = required(Text(300))
    en: str | None = optional(Text(300))


@dataclass(frozen=True, kw_only=True)
class SlotHealth:
    role: str = required(Text(32))
    state: str = required(Text(16))
    code: str = required(Text(32))
    detail: str | None = optional(Text(300, shortest=0))
    hint: Hint | None = optional(Nested(Hint))
    device: str | None = optional(Text(120, shortest=0))
    paper_left: int | None = optional(Whole(0, 100_000))


@dataclass(frozen=True, kw_only=True)
class DeviceError:
    code: str = required(Text(64))
    count: int = required(Whole())
    last_at: int | None = optional(When())


@dataclass(frozen=True, kw_only=True)
class Spool:
    """`lag_s`: the age of the oldest thing that waits."""

    waiting: int = required(Whole())
    lag_s: int | None = optional(Whole())


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Not a command: a beat is not stored, so it needs no request id."""

    device: str = required(Text(64, pattern=r"[0-9A-Za-z_.-]+"))
    role: str = required(Choice(DeviceRole))
    request_id: str | None = optional(REQUEST_ID)
    version: str | None = optional(Text(64, shortest=0))
    boot_id: str | None = optional(Text(64, shortest=0))
    uptime_s: int | None = optional(Whole())
    clock: DeviceClock | None = optional(Nested(DeviceClock))
    slots: tuple[SlotHealth, ...] = optional(Listing(Nested(SlotHealth), 32), ())
    errors: tuple[DeviceError, ...] = optional(Listing(Nested(DeviceError), 50), ())
    spool: Spool | None = optional(Nested(Spool))
    feed: FeedReport | None = optional(Nested(FeedReport))
    temperature_c: int | None = optional(TEMPERATURE)
    undervoltage: Undervoltage | None = optional(Nested(Undervoltage))
    storage: Storage | None = optional(Nested(Storage))
    page: PageLife | None = optional(Nested(PageLife))
    units: Units | None = optional(UNITS)
    config: AppliedConfig | None = optional(Nested(AppliedConfig))
    net: DeviceNet | None = optional(Nested(DeviceNet))


def body_of(message: Any) -> dict[str, Any]:
    """Fields of a message without its request id, for calling a use-case by name."""
    return {name: value for name, value in vars(message).items() if name != "request_id"}
