"""What a visit to the kiosk is made of: its states, what may happen to it, what it may ask for.

Pure values only. What follows from what is `session`'s table; what an effect does is the agent's affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.dossier import Dossier
from kiosk.values import Found, Ticket


class State(StrEnum):
    PAUSED = "paused"  # the server cannot be reached
    HOME = "home"
    SCAN_HELP = "scan_help"  # how to lay the card
    CHOOSING = "choosing"  # services, after a card or after "without a card"
    PRIORITY = "priority"  # which class, if any
    MAY_NOT = "may_not"  # a number may not be served before closing: still take it?
    ISSUING = "issuing"
    NUMBER = "number"
    FOUND = "found"  # how it stands with the number of a slip that was laid on the reader
    TYPING = "typing"  # the code of a dossier, key by key
    LOOKING = "looking"  # the server is asked about it
    DOSSIER = "dossier"  # how it stands, or that nobody can say
    ERROR = "error"
    ASKING = "asking"  # "are you still there?"


class Paper(StrEnum):
    PRINTING = "printing"
    PRINTED = "printed"
    UNCONFIRMED = "unconfirmed"  # sent, and nobody can say whether it came out
    MISSING = "missing"  # no slip: the number is on the screen only


class Printer(StrEnum):
    READY = "ready"
    LOW = "low"
    OUT = "out"
    FAULT = "fault"


class Help(StrEnum):
    """How it stands with this machine's call for a person: whoever pressed may have gone, the call has not."""

    NONE = ""
    CALLING = "calling"
    CALLED = "called"
    COMING = "coming"
    FAILED = "failed"


@dataclass(frozen=True)
class Card:
    """What may be kept of a card: a keyed hash or a dossier's code, never the number, the name or the birth year."""

    kind: str
    holder_key: str | None = None
    dossier_code: str | None = None


@dataclass(frozen=True)
class Recent:
    key: str
    ticket: Ticket
    at_ms: int
    paper: Paper


@dataclass(frozen=True)
class Session:
    state: State = State.PAUSED
    visit_no: int = 1
    since_ms: int = 0
    touched_ms: int = 0
    home_lang: str = "vi"
    lang: str = "vi"
    large: bool = False
    card: Card | None = None
    priority: str | None = None
    service: str | None = None
    slow: bool = False
    ticket: Ticket | None = None
    paper: Paper = Paper.PRINTING
    repeat: bool = False
    found: Found | None = None
    typed: str = field(default="", repr=False)  # of a dossier's code
    dossier: Dossier | None = None
    considering: str = ""  # what is asked before it is done: let_pass, cancel; sent: the server is asked
    problem: str = ""
    from_time: str = ""  # with a problem: from when it is none
    under: State | None = None
    link: bool = False  # numbers can be given: by the server, or
    alone: bool = False  # from leases, while the server does not answer
    printer: Printer = Printer.READY
    recent: tuple[Recent, ...] = ()
    # A visit by keys and headphones: which button is in hand ("" = the screen as a whole), how often it was asked for.
    audio: bool = False
    cursor: str = ""
    asked: int = 0
    volume: int = 3
    help: Help = Help.NONE
    dim: bool = False  # nobody for long: the screen rests, and the first touch only wakes it


# ---------------------------------------------------------------- events
@dataclass(frozen=True)
class Choose:
    """`warn`: the server says that who comes now may not be served before closing; asked once, before anything is printed."""

    visit_no: int
    service: str
    warn: bool = False


@dataclass(frozen=True)
class TakeAnyway:
    """ "Take the number anyway", after the warning."""

    visit_no: int


@dataclass(frozen=True)
class Browse:
    """ "Take a number without a card", and "choose something else" after a refusal."""


@dataclass(frozen=True)
class ScanHelp:
    pass


@dataclass(frozen=True)
class CardRead:
    card: Card
    proposed: str | None = None
    only_service: str | None = None  # the one thing possible: no question is asked then


@dataclass(frozen=True)
class CardUnreadable:
    """`card_other`: read well, and nothing this machine can use (a health-insurance card, a shop's code)."""

    problem: str = "card_unreadable"


@dataclass(frozen=True)
class SlipRead:
    """One of our own slips. Who holds it may see its number; the token goes no further than the question to the server."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class SlipFound:
    """The server's answer: how it stands with that number, or why nobody can say."""

    visit_no: int
    found: Found | None
    problem: str = ""


@dataclass(frozen=True)
class AppointmentRead:
    """The code of an appointment. It is no person's; whoever holds it is here."""

    code: str = field(repr=False)


@dataclass(frozen=True)
class DossierRead:
    """The code of a dossier, from its receipt. It is no person's; whoever holds it may see its state."""

    code: str = field(repr=False)


@dataclass(frozen=True)
class OpenTyping:
    """ "Look up a dossier": its code is typed on the screen."""


@dataclass(frozen=True)
class TypeKey:
    """One sign of a dossier's code; erase; or look: what stands there is the code."""

    key: str = field(repr=False)


@dataclass(frozen=True)
class DossierTold:
    """The server's answer about a dossier, or why there is none."""

    visit_no: int
    code: str = field(repr=False)
    dossier: Dossier | None = None
    problem: str = ""


@dataclass(frozen=True)
class Consider:
    """The question before something is done with one's own number: let_pass, cancel; "" = back."""

    what: str


@dataclass(frozen=True)
class OwnSlip:
    """The answer: let so many others pass, or cancel."""

    what: str
    count: int = 1


@dataclass(frozen=True)
class OpenPriority:
    pass


@dataclass(frozen=True)
class SetPriority:
    code: str | None


@dataclass(frozen=True)
class Issued:
    visit_no: int
    ticket: Ticket
    repeat: bool = False  # the server knew this holder already


@dataclass(frozen=True)
class Refused:
    visit_no: int
    code: str
    from_time: str = ""


@dataclass(frozen=True)
class PrintDone:
    ticket_id: str
    paper: Paper


@dataclass(frozen=True)
class AskReprint:
    pass


@dataclass(frozen=True)
class AskHelp:
    """ "Call for help": a person of the house is wanted here."""


@dataclass(frozen=True)
class HelpSays:
    help: Help


@dataclass(frozen=True)
class GoHome:
    pass


@dataclass(frozen=True)
class Stay:
    """ "I need more time", or any touch that only turns a page."""


@dataclass(frozen=True)
class Language:
    lang: str


@dataclass(frozen=True)
class TextSize:
    large: bool


@dataclass(frozen=True)
class Link:
    """Whether numbers can be given; `alone`: from leases only."""

    up: bool
    alone: bool = False


@dataclass(frozen=True)
class PrinterSays:
    printer: Printer


@dataclass(frozen=True)
class Headphones:
    """Plugged in, or the first key of the tactile keypad: somebody wants to hear. Unplugged: nobody does."""

    plugged: bool


@dataclass(frozen=True)
class Focus:
    """By keys to another button of this screen; "" = the screen as a whole."""

    id: str


@dataclass(frozen=True)
class Again:
    """Say it once more, louder (+1) or softer (-1) where asked."""

    louder: int = 0


@dataclass(frozen=True)
class Wake:
    """A finger somewhere on the panel: the page says so, or the touch screen's driver."""


@dataclass(frozen=True)
class Tick:
    pass


Event = (
    Choose | TakeAnyway | Browse | ScanHelp | CardRead | CardUnreadable | SlipRead | AppointmentRead | Consider | OwnSlip | SlipFound
    | OpenPriority | SetPriority | DossierRead | OpenTyping | TypeKey | DossierTold
    | Issued | Refused | PrintDone | AskReprint | AskHelp | HelpSays | GoHome | Stay | Language | TextSize | Link | PrinterSays
    | Headphones | Focus | Again | Wake | Tick
)  # fmt: skip


# ---------------------------------------------------------------- effects
@dataclass(frozen=True)
class Issue:
    visit_no: int
    service: str
    card: Card | None
    priority: str | None
    lang: str


@dataclass(frozen=True)
class Print:
    ticket: Ticket
    lang: str
    reprint: bool = False


@dataclass(frozen=True)
class ReportUnprinted:
    """Tell the server that no paper went out: `shown` = the person saw the number, `late` = nobody did."""

    ticket_id: str
    detail: str


@dataclass(frozen=True)
class CheckIn:
    """Ask for the ticket of an appointment whose person is here."""

    visit_no: int
    code: str = field(repr=False)
    lang: str = "vi"


@dataclass(frozen=True)
class ActOnSlip:
    """Ask the server to let others pass, or to cancel, for the slip on the screen."""

    visit_no: int
    token: str = field(repr=False)
    what: str = "cancel"
    count: int = 1


@dataclass(frozen=True)
class LookUp:
    """Ask how it stands with a slip's number."""

    visit_no: int
    token: str = field(repr=False)


@dataclass(frozen=True)
class LookUpDossier:
    """Ask how it stands with a dossier."""

    visit_no: int
    code: str = field(repr=False)


@dataclass(frozen=True)
class CallHelp:
    """Tell the people of the house."""


Effect = Issue | CheckIn | Print | ReportUnprinted | LookUp | ActOnSlip | LookUpDossier | CallHelp
