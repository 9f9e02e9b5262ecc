"""JSON Schemas of what the server answers. Readers ignore fields they do not know, so every object may hold more.

Holds shapes only: they document, and the tests hold the running server to them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from .answers_figures import FIGURES, FIGURES_OF_RANGE
from .answers_staffing import STAFFING
from .vocabulary import Channel, CounterState, Source, TicketState

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
ANY: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(shape: Schema) -> Schema:
    return {"anyOf": [shape, {"type": "null"}]}


def listing(shape: Schema) -> Schema:
    return {"type": "array", "items": shape}


def word(words: type[StrEnum]) -> Schema:
    return {"type": "string", "enum": [entry.value for entry in words]}


def obj(must: dict[str, Schema], may: dict[str, Schema] | None = None) -> Schema:
    return {"type": "object", "properties": {**must, **(may or {})}, "required": list(must)}


PRINT: Schema = {"type": "string", "enum": ["pending", "printed", "sent_unconfirmed", "not_sent", "unknown", "none"]}
DOSSIER = obj(
    {
        "code": TEXT,
        "state": obj({"number": WHOLE, "vi": TEXT, "en": TEXT}),
        "what_to_do": obj({"vi": TEXT, "en": TEXT, "service": maybe(TEXT), "counter": maybe(TEXT)}),
        "due_on": maybe({"type": "string", "format": "date"}),
        "asked_at": TIME,
    }
)
VERDICTS = ("right", "not_yet_called", "other_counter", "other_service", "superseded", "ended", "other_day", "unknown")
NAMES: Schema = {"type": "object", "additionalProperties": TEXT}
ESTIMATE = obj(
    {"low_s": WHOLE, "high_s": WHOLE, "basis": TEXT}, {"mid_s": WHOLE, "model": TEXT, "from_at": TIME, "to_at": TIME}
)  # the two instants: the same range as a time of day, where a break lies before its end
STEP = obj(
    {
        "n": WHOLE,
        "service": TEXT,
        "counter": maybe(TEXT),
        "available_from": TIME,
        "first_called_at": maybe(TIME),
        "last_called_at": maybe(TIME),
        "started_at": maybe(TIME),
        "start_inferred": FLAG,
        "ended_at": maybe(TIME),
        "recalls": WHOLE,
        "outcome": maybe(TEXT),
        "procedures": listing(obj({}, {"code": TEXT, "dossier_code": maybe(TEXT), "quantity": WHOLE})),
    }
)
TICKET = obj(
    {
        "id": TEXT,
        "site": TEXT,
        "number": WHOLE,
        "label": TEXT,
        "series": TEXT,
        "service": TEXT,
        "state": word(TicketState),
        "priority_class": maybe(TEXT),
        "source": word(Source),
        "channel": word(Channel),
        "business_day": {"type": "string", "format": "date"},
        "zone": maybe(TEXT),
        "lang": TEXT,
        "needs": listing(TEXT),
        "quantity": WHOLE,
        "issued_at": TIME,
        "available_from": TIME,
        "called_at": maybe(TIME),
        "serving_at": maybe(TIME),
        "ended_at": maybe(TIME),
        "counter": maybe(TEXT),
        "recalls": WHOLE,
        "ahead": maybe(WHOLE),
        "estimate": maybe(ref("Estimate")),
        "print": PRINT,
        "doubt": maybe(PRINT),
        "url": maybe(TEXT),
        "steps": listing(ref("Step")),
    }
)
COUNTER = obj(
    {
        "code": TEXT,
        "state": word(CounterState),
        "clerk": maybe(TEXT),
        "current": maybe(ref("Ticket")),
        "undo": maybe(obj({"cmd": TEXT, "until": TIME})),
        "lawful": listing(TEXT),
        "waiting": WHOLE,
        "longest_s": maybe(WHOLE),
        "services": listing(TEXT),
    },
    {
        "active": FLAG,
        "idle_since": maybe(TIME),
        "dossiers": WHOLE,
        "held": listing(ref("Ticket")),
        "reminders": listing(obj({"id": TEXT, "label": TEXT, "until": TIME, "due": FLAG})),
        "absent": listing(
            obj(
                {
                    "id": TEXT,
                    "label": TEXT,
                    "service": TEXT,
                    "ended_at": TIME,
                    "cmd": maybe(TEXT),
                    "undo_until": TIME,
                    "readmit_until": TIME,
                }
            )
        ),
        "settings": ANY,
    },
)
EVENT = obj(
    {
        "epoch": WHOLE,
        "seq": WHOLE,
        "site": TEXT,
        "at": TIME,
        "type": TEXT,
        "subject": TEXT,
        "business_day": {"type": "string", "format": "date"},
        "cmd": TEXT,
        "actor": TEXT,
        "config_version": WHOLE,
        "data": ANY,
        "hash": TEXT,
    },
    {"ticket": maybe(TEXT), "label": maybe(TEXT), "service": maybe(TEXT), "counter": maybe(TEXT)},
)
CALL = obj(
    {"label": TEXT, "counter": TEXT, "called_at": TIME, "last_called_at": TIME, "recalls": WHOLE, "state": TEXT},
    {"zone": maybe(TEXT), "counter_name": maybe(TEXT)},
)
SERVICE = obj(
    {"code": TEXT, "name": TEXT, "series": TEXT, "open": FLAG, "waiting": WHOLE},
    {
        "closed_reason": maybe(TEXT),
        "next_open_at": maybe(TIME),
        "note": maybe(TEXT),
        "warning": maybe(TEXT),
        "temporary": FLAG,
        "estimate": maybe(ref("Estimate")),
    },
)
HELP_CALL = obj(
    {"id": TEXT, "kind": TEXT, "place": TEXT, "place_name": TEXT, "state": TEXT, "called_at": TIME, "age_s": WHOLE},
    {"counter": maybe(TEXT), "need": maybe(TEXT), "answered_at": maybe(TIME), "answered_by": maybe(TEXT), "done_at": maybe(TIME)},
)
RUSH = obj({"on": FLAG}, {"since": maybe(TIME), "by": maybe(TEXT)})
OUTAGE = obj(
    {
        "id": TEXT, "system": TEXT, "name": TEXT, "running": FLAG, "started_at": TIME, "ended_at": maybe(TIME), "marked_at": TIME,
        "lasted_s": WHOLE, "started_by": TEXT, "ended_by": maybe(TEXT), "ended_how": maybe(TEXT), "note": maybe(TEXT),
        "services": listing(TEXT), "corrected_at": maybe(TIME), "corrected_by": maybe(TEXT), "withdrawn": FLAG,
    }
)  # fmt: skip
PROBLEM = obj(
    {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "code": TEXT, "request_id": TEXT},
    {"errors": listing(obj({"pointer": TEXT, "code": TEXT, "detail": TEXT}))},
)

APPOINTMENT: dict[str, Schema] = {
    "id": TEXT,
    "site": TEXT,
    "service": TEXT,
    "service_names": NAMES,
    "state": {"type": "string", "enum": ["booked", "checked_in", "missed", "cancelled"]},
    "day": {"type": "string", "format": "date"},
    "slot": maybe(TIME),
    "slot_to": maybe(TIME),
    "check_in_from": maybe(TIME),
    "check_in_until": maybe(TIME),
    "ticket": maybe(ref("Ticket")),
}

ORDER = obj(
    {
        "id": TEXT, "device": TEXT, "kind": TEXT, "args": ANY, "wave": maybe(TEXT), "state": TEXT, "ordered_at": TIME, "ordered_by": TEXT,
        "until": TIME, "ended_at": maybe(TIME), "code": maybe(TEXT), "detail": maybe(TEXT),
        "file": maybe(obj({"type": TEXT, "bytes": WHOLE})),
    }
)  # fmt: skip
FEED = obj(
    {
        "device": TEXT, "partner": TEXT, "age_s": WHOLE, "silent": FLAG, "position": TEXT, "behind": WHOLE, "lag_s": WHOLE, "late": FLAG,
        "waiting": WHOLE, "days": WHOLE, "refused": WHOLE, "newest_refused": listing(obj({"key": TEXT, "at": TIME})),
        "trouble": maybe(TEXT), "answered_at": maybe(TIME), "orders": listing(ref("Order")),
    }
)  # fmt: skip
WAVE = obj(
    {
        "id": TEXT, "kind": TEXT, "args": ANY, "size": WHOLE, "stop_after": WHOLE, "state": TEXT, "reason": maybe(TEXT), "started_at": TIME,
        "started_by": TEXT, "ended_at": maybe(TIME), "devices": listing(obj({"device": TEXT, "state": TEXT})),
    }
)  # fmt: skip
SETTING_CHANGE = obj({"key": TEXT, "from": {}, "to": {}})
SCHEMAS: dict[str, Schema] = {
    "Estimate": ESTIMATE,
    "Step": STEP,
    "Ticket": TICKET,
    "Tickets": obj({"tickets": listing(ref("Ticket"))}),
    "MaybeTicket": obj({"ticket": maybe(ref("Ticket"))}),
    "Counter": COUNTER,
    "Counters": obj({"counters": listing(ref("Counter"))}),
    "Checked": obj(
        {"verdict": {"type": "string", "enum": list(VERDICTS)}, "say": NAMES}, {"ticket": maybe(ref("Ticket")), "counter": maybe(TEXT)}
    ),
    "Found": obj({"q": TEXT, "tickets": listing(ref("Ticket"))}),
    "Rules": obj({"rules": listing(obj({"code": TEXT, "value": WHOLE, "text": NAMES}))}),
    "Undone": obj({"undone": TEXT, "tickets": listing(ref("Ticket"))}),
    "Event": EVENT,
    "Events": obj({"events": listing(ref("Event")), "position": TEXT, "site": TEXT}),
    "Board": obj(
        {"site": TEXT, "position": TEXT, "waiting": WHOLE, "calls": listing(CALL)},
        {"name": TEXT, "zone": maybe(TEXT), "wait": maybe(ref("Estimate"))},
    ),
    "Queue": obj({"tickets": listing(ANY)}),
    "Services": obj({"services": listing(SERVICE)}),
    "KioskHome": obj({"site": ANY, "services": listing(ANY), "languages": listing(TEXT), "settings": ANY}, {"dossiers": FLAG}),
    "Dossier": DOSSIER,
    "LeasedNumbers": obj({"entries": listing(obj({"number": WHOLE, "label": TEXT, "ticket_id": TEXT, "token": TEXT}))}),
    "Settled": obj({"tickets": listing(ANY)}),
    "Figures": FIGURES,
    "FiguresOfRange": FIGURES_OF_RANGE,
    "HelpCall": HELP_CALL,
    "HelpCalls": obj({"calls": listing(ref("HelpCall"))}),
    "Hall": obj({"site": TEXT, "rush": RUSH, "calls": listing(ref("HelpCall")), "lights": listing(ANY)}),
    "Rush": obj({"site": TEXT, "rush": RUSH}),
    "Outage": OUTAGE,
    "Outages": obj(
        {
            "site": TEXT,
            "systems": listing(obj({"code": TEXT, "name": TEXT, "running": maybe(ref("Outage"))})),
            "outages": listing(ref("Outage")),
        }
    ),
    "Errands": obj({"prints": listing(obj({"job": TEXT, "reprint": FLAG, "ticket": ref("Ticket")})), "help": maybe(ref("HelpCall"))}),
    "DayKey": obj({"site": TEXT, "business_day": TEXT, "scope": TEXT, "key": TEXT}),
    "Seals": obj({"seals": listing(ANY)}),
    "Devices": obj({"devices": listing(ANY)}),
    "Enrolment": obj(
        {"state": TEXT},
        {
            "enrolment": TEXT,
            "user_code": TEXT,
            "words": listing(TEXT),
            "interval_s": WHOLE,
            "expires_in_s": WHOLE,
            "join_key": TEXT,
            "device": TEXT,
            "name": TEXT,
            "site": TEXT,
            "role": TEXT,
            "profile": ANY,
            "config": ANY,
            "servers": listing(TEXT),
            "ca_pem": TEXT,
            "site_key": TEXT,
            "server_words": listing(TEXT),
        },
    ),
    "Enrolments": obj({"enrolments": listing(ANY), "server_words": listing(TEXT)}),
    "Admitted": obj({"state": TEXT, "device": TEXT, "name": TEXT, "site": TEXT, "role": TEXT, "profile": ANY}),
    "JoinKeys": obj({"join_keys": listing(ANY)}),
    "JoinKey": obj({"id": TEXT, "role": TEXT, "expires_at": TIME}, {"join_key": TEXT, "state": TEXT}),
    "Identity": obj({"device": TEXT, "role": TEXT, "state": TEXT, "hardware": ANY, "profile": ANY}, {"keys": listing(ANY)}),
    "Rotated": obj({"device": TEXT, "keyid": TEXT, "words": listing(TEXT), "old_until": TIME}),
    "Alerts": obj(
        {
            "alerts": listing(
                obj(
                    {
                        "id": TEXT,
                        "rule": TEXT,
                        "subject": TEXT,
                        "severity": {"type": "string", "enum": ["urgent", "look"]},
                        "detail": ANY,
                        "since": TIME,
                        "raised_at": TIME,
                        "cleared_at": maybe(TIME),
                        "age_s": WHOLE,
                    }
                )
            )
        }
    ),
    "Availability": obj({"days": listing(ANY), "total": ANY, "kiosks": WHOLE, "boards": WHOLE}),
    "Beat": obj(
        {"ok": FLAG, "now": TIME, "orders": listing(obj({"id": TEXT, "kind": TEXT, "args": ANY})), "config_version": WHOLE, "beat_s": WHOLE}
    ),
    "Order": ORDER,
    "Orders": obj({"orders": listing(ref("Order"))}),
    "DossierFeeds": obj({"site": TEXT, "position": TEXT, "feeds": listing(FEED)}),
    "DossierResend": obj({"orders": listing(ref("Order"))}),
    "OrderFile": obj({"order": TEXT, "type": TEXT, "bytes": WHOLE}),
    "Wave": WAVE,
    "Waves": obj({"waves": listing(ref("Wave"))}),
    "DeviceSettingsShown": obj(
        {
            "device": TEXT,
            "version": WHOLE,
            "document": ANY,
            "every": ANY,
            "versions": listing(
                obj({"version": WHOLE, "was": maybe(WHOLE), "changed_at": TIME, "changed_by": TEXT, "changes": listing(SETTING_CHANGE)})
            ),
        }
    ),
    "DeviceSettingsPreview": obj(
        {
            "version": WHOLE,
            "changes": listing(SETTING_CHANGE),
            "devices": listing(obj({"device": TEXT, "changes": listing(SETTING_CHANGE)})),
        }
    ),
    "DeviceSettingsChanged": obj({"version": WHOLE, "changes": listing(SETTING_CHANGE)}),
    "DeviceWanted": obj({"version": WHOLE, "document": ANY}, {"signature": maybe(TEXT)}),
    "Card": obj({"files": NAMES}),
    "CitizenTicket": obj({"label": TEXT, "state": TEXT}),
    "Session": obj({"role": TEXT, "name": TEXT, "csrf": TEXT, "sites": listing(TEXT), "permissions": listing(TEXT)}),
    "Config": obj({"version": WHOLE, "document": ANY, "defaults": ANY}),
    "ConfigChanges": obj({"version": WHOLE, "changes": listing(ANY)}),
    "Staffing": STAFFING,
    "Surge": obj({"version": WHOLE, "services": listing(TEXT)}),
    "Health": obj({"status": TEXT}),
    "Appointment": obj(APPOINTMENT),
    "Booked": obj({**APPOINTMENT, "code": TEXT, "url": TEXT}),
    "Bookable": obj(
        {
            "site": TEXT,
            "contact": TEXT,
            "services": listing(obj({"code": TEXT, "names": NAMES, "slots": FLAG, "remote": FLAG, "days_ahead": WHOLE})),
        }
    ),
    "Slots": obj(
        {
            "service": TEXT,
            "date": {"type": "string", "format": "date"},
            "days": listing({"type": "string", "format": "date"}),
            "slot_min": WHOLE,
            "slots": listing(obj({"slot": TIME, "slot_to": TIME, "free": WHOLE})),
        }
    ),
    "Faces": obj(
        {"counter": TEXT, "counter_name": TEXT, "state": {"type": "string", "enum": ["idle", "asking", "thanks"]}},
        {"ticket": TEXT, "label": TEXT, "until": TIME},
    ),
    "Tablets": obj({"tablets": listing(obj({"counter": TEXT, "name": TEXT, "url": TEXT}))}),
    "Outliers": obj(
        {
            "date": {"type": "string", "format": "date"},
            "outliers": listing(obj({"kind": TEXT, "who": TEXT, "count": WHOLE, "text": NAMES, "labels": listing(TEXT)})),
            "moves": listing(
                obj(
                    {"at": TIME, "kind": TEXT, "label": TEXT, "actor": TEXT, "count": WHOLE},
                    {"counter": maybe(TEXT), "reason": maybe(TEXT)},
                )
            ),
        }
    ),
    "AccountsResting": obj({"accounts": listing(obj({"login": TEXT, "role": TEXT, "failures": WHOLE, "rests_s": WHOLE}))}),
    "AccountUnlocked": obj({"login": TEXT, "failures": WHOLE}),
    "Object": ANY,
    "Problem": PROBLEM,
}
