"""The words both ends of the wire agree on: states, commands, outcomes, scopes, limits.

Holds closed lists only. What a word does to a ticket is the domain's affair; how it is refused is the parser's.
"""

from __future__ import annotations

from enum import StrEnum

API = "/api/v1"
MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 20
MAX_EVENTS = 1000


class Source(StrEnum):
    KIOSK = "kiosk"
    DESK = "desk"
    MOBILE = "mobile"
    APPOINTMENT = "appointment"
    API = "api"


class Channel(StrEnum):
    IN_PERSON = "in_person"
    ONLINE_HELP = "online_help"
    POST = "post"


class Previous(StrEnum):
    """What `next` does with the person still at the counter."""

    COMPLETED = "completed"
    NO_SHOW = "no_show"
    REQUEUE = "requeue"


class Ticked(StrEnum):
    """What a clerk ticks off who called by voice."""

    CALLED = "called"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class PaperOutcome(StrEnum):
    """How it stands with a slip of the paper book when it is entered."""

    WAITING = "waiting"
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Outcome(StrEnum):
    DONE = "done"
    INCOMPLETE = "incomplete"
    REFERRED = "referred"
    LEFT = "left"
    REFUSED_SERVICE = "refused_service"
    NOT_NEEDED = "not_needed"


class PrintOutcome(StrEnum):
    """What became of a slip; `pending` and `none` are states of a ticket, never reported by a device."""

    PRINTED = "printed"
    SENT_UNCONFIRMED = "sent_unconfirmed"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


class Decision(StrEnum):
    """About a priority, by somebody who saw the papers."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"


class TicketState(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MOVED = "moved"


class CounterState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PAUSED = "paused"
    WRAPPING_UP = "wrapping_up"


class DeviceRole(StrEnum):
    KIOSK = "kiosk"
    BOARD = "board"
    KEYPAD = "keypad"
    DOSSIER = "dossier"
    SERVER = "server"


class Scope(StrEnum):
    """What a key may be created for; the same words are the permissions of the route table."""

    ISSUE = "issue"
    CALL = "call"
    READ = "read"
    FEED = "feed"
    ADMIN = "admin"


# Commands as they stand in the paths.
TICKET_COMMANDS = ("recall", "serve", "hold", "resume", "release", "transfer", "complete", "no-show", "reclassify", "procedures")
COUNTER_COMMANDS = ("open", "close", "pause", "resume", "wrap-up", "alarm")
AT_COUNTER_COMMANDS = ("recall", "serve", "hold", "no-show", "complete")
