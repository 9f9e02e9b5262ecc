"""What the kiosk learns from the server, as plain values: services, classes, settings, a ticket.

Pure. Reads wire JSON and forgives what it does not know; holds no words for people, no screen and no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict

RUSH_IDLE_MS = 30_000


@dataclass(frozen=True)
class Service:
    code: str
    names: Mapping[str, str]
    series: str = ""
    zone: str = ""
    open: bool = True
    next_open_at: str = ""
    waiting: int = 0
    why: str = ""  # why it is closed, or served only from `next_open_at` on
    warning: bool = False  # who takes a number now may not be served before closing
    low_s: int | None = None
    high_s: int | None = None
    called_from: str = ""  # the wait as a time of day, where a break lies before its end
    called_to: str = ""

    def name(self, lang: str) -> str:
        return self.names.get(lang) or self.names.get("vi") or self.code


@dataclass(frozen=True)
class PriorityClass:
    code: str
    names: Mapping[str, str]
    from_age: int | None = None

    def name(self, lang: str) -> str:
        return self.names.get(lang) or self.names.get("vi") or self.code


@dataclass(frozen=True)
class Settings:
    """Times a centre may set. Those of the session are milliseconds so that the table needs no arithmetic of units."""

    no_paper: str = "show"
    slip: str = "auto"
    number_shown_ms: int = 10_000
    no_paper_shown_ms: int = 60_000
    idle_ms: int = 60_000
    card_idle_ms: int = 30_000
    ask_ms: int = 20_000
    ask_large_ms: int = 30_000
    same_card_ms: int = 60_000
    lease_count: int = 20  # numbers of each series kept for a cut line; 0 = none
    rush: bool = False  # rush hour: the short slip, fewer questions
    slow_ms: int = 1_000
    give_up_ms: int = 8_000
    error_shown_ms: int = 20_000
    print_wait_ms: int = 12_000
    # By ear everything takes longer: a screen is heard word by word, and heard again.
    audio_idle_ms: int = 180_000
    audio_ask_ms: int = 60_000
    audio_shown_ms: int = 120_000
    carry: bool = False  # who is not served today comes first on the next day, with the same number
    look_up: bool = False  # whether this centre looks dossiers up
    look_ms: int = 2_000  # and how long a person waits for it at most
    dim_ms: int = 0  # 0 = the first screen is always bright


@dataclass(frozen=True)
class Home:
    """What the first screen shows."""

    site: str = ""
    site_name: str = ""
    public_url: str = ""
    services: tuple[Service, ...] = ()
    help_service: str = ""
    languages: tuple[str, ...] = ("vi", "en")
    priority_classes: tuple[PriorityClass, ...] = ()
    settings: Settings = field(default_factory=Settings)
    outages: tuple[str, ...] = ()  # names of outside systems that do not work now

    def service(self, code: str) -> Service | None:
        return next((one for one in self.services if one.code == code), None)

    def chosen_class(self, code: str | None) -> PriorityClass | None:
        return next((one for one in self.priority_classes if one.code == code), None)


@dataclass(frozen=True)
class Ticket:
    """The ticket as the citizen needs it. `url` is kept only when a telephone outside could open it; `alone`: from a lease."""

    id: str
    label: str
    service: str
    zone: str = ""
    ahead: int | None = None
    low_s: int | None = None
    high_s: int | None = None
    issued_at: str = ""
    url: str = ""
    priority_class: str = ""
    alone: bool = False
    called_from: str = ""
    called_to: str = ""


@dataclass(frozen=True)
class Found:
    """How it stands with a number somebody holds the slip of. Nothing here says who."""

    label: str
    state: str
    names: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""
    counter: str = ""
    ahead: int | None = None
    low_s: int | None = None
    high_s: int | None = None
    token: str = field(default="", repr=False)  # of the slip, for what its holder may ask next
    offers: tuple[str, ...] = ()
    called_from: str = ""
    called_to: str = ""

    @property
    def alive(self) -> bool:
        return self.state in ("waiting", "called", "serving", "held")

    def service_name(self, lang: str) -> str:
        return self.names.get(lang) or self.names.get("vi") or ""


def _names(item: Mapping[str, Any]) -> dict[str, str]:
    names = {str(lang): str(text) for lang, text in (item.get("names") or {}).items() if text}
    if not names.get("vi") and item.get("name"):
        names["vi"] = str(item["name"])
    return names


class _Expected(TypedDict):
    """What `Service`, `Ticket` and `Found` say of a wait."""

    low_s: int | None
    high_s: int | None
    called_from: str
    called_to: str


def _estimate(item: Mapping[str, Any]) -> _Expected:
    estimate = item.get("estimate") or {}
    low, high = estimate.get("low_s"), estimate.get("high_s")
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return {"low_s": None, "high_s": None, "called_from": "", "called_to": ""}
    begin, end = str(estimate.get("from_at") or ""), str(estimate.get("to_at") or "")
    return {"low_s": int(low), "high_s": int(high), "called_from": begin, "called_to": end}


def service_from(item: Mapping[str, Any]) -> Service:
    return Service(
        code=str(item["code"]),
        names=_names(item),
        series=str(item.get("series") or ""),
        zone=str(item.get("zone") or ""),
        open=bool(item.get("open", True)),
        next_open_at=str(item.get("next_open_at") or ""),
        waiting=int(item.get("waiting") or 0),
        why=str(item.get("closed_reason") or ""),
        warning=item.get("warning") == "may_not_be_served",
        **_estimate(item),
    )


def settings_from(item: Mapping[str, Any]) -> Settings:
    known = Settings()

    def ms(key: str, usual: int, least_s: int) -> int:
        value = item.get(key)
        return max(least_s, int(value)) * 1000 if isinstance(value, (int, float)) and not isinstance(value, bool) else usual

    return Settings(
        no_paper="refuse" if item.get("no_paper") == "refuse" else "show",
        slip=str(item["slip"]) if item.get("slip") in ("full", "short") else "auto",
        # A number must stay readable and the question must leave time to answer, whatever a centre has set.
        number_shown_ms=ms("number_shown_s", known.number_shown_ms, 10),
        no_paper_shown_ms=ms("number_shown_no_paper_s", known.no_paper_shown_ms, 30),
        idle_ms=ms("idle_s", known.idle_ms, 20),
        card_idle_ms=ms("card_idle_s", known.card_idle_ms, 15),
        ask_ms=ms("ask_s", known.ask_ms, 20),
        ask_large_ms=ms("ask_large_s", known.ask_large_ms, 20),
        same_card_ms=ms("same_card_s", known.same_card_ms, 0),
        audio_idle_ms=ms("audio_idle_s", known.audio_idle_ms, 60),
        audio_ask_ms=ms("audio_ask_s", known.audio_ask_ms, 30),
        audio_shown_ms=ms("audio_shown_s", known.audio_shown_ms, 60),
        carry=item.get("leftovers") == "carry",
        dim_ms=ms("dim_after_s", 0, 60) if item.get("dim_after_s") else 0,
        lease_count=min(50, ms("lease_count", 1000 * known.lease_count, 0) // 1000),
    )


def _classes(items: Sequence[Mapping[str, Any]]) -> tuple[PriorityClass, ...]:
    made = []
    for item in items:
        age = item.get("from_age")
        made.append(PriorityClass(str(item["code"]), _names(item), int(age) if isinstance(age, int) else None))
    return tuple(made)


def home_from(item: Mapping[str, Any]) -> Home:
    site = item.get("site") or {}
    return Home(
        site=str(site.get("code") or ""),
        site_name=str(site.get("name") or ""),
        public_url=str(site.get("public_url") or ""),
        services=tuple(service_from(one) for one in item.get("services") or ()),
        help_service=str(item.get("help_service") or ""),
        languages=tuple(str(one) for one in item.get("languages") or ("vi", "en")),
        priority_classes=_classes(item.get("priority_classes") or ()),
        settings=_settings(item),
        outages=tuple(str(one.get("name") or "") for one in item.get("outages") or () if isinstance(one, dict)),
    )


def _settings(item: Mapping[str, Any]) -> Settings:
    """The centre's settings; in rush hour the short slip, and a screen that nobody touches is free sooner."""
    settings = replace(settings_from(item.get("settings") or {}), look_up=item.get("dossiers") is True)
    return replace(settings, rush=True, slip="short", idle_ms=min(settings.idle_ms, RUSH_IDLE_MS)) if item.get("rush") is True else settings


def ticket_from(item: Mapping[str, Any]) -> Ticket:
    ahead = item.get("ahead")
    url = str(item.get("url") or "")
    return Ticket(
        id=str(item["id"]),
        label=str(item["label"]),
        service=str(item.get("service") or ""),
        zone=str(item.get("zone") or ""),
        ahead=int(ahead) if isinstance(ahead, int) else None,
        **_estimate(item),
        issued_at=str(item.get("issued_at") or ""),
        url=url if url.startswith(("https://", "http://")) else "",
        priority_class=str(item.get("priority_class") or ""),
    )


def found_from(item: Mapping[str, Any], token: str = "") -> Found:
    ahead = item.get("ahead")
    return Found(
        label=str(item["label"]),
        state=str(item.get("state") or ""),
        names=_names({"name": item.get("service_name"), "names": item.get("service_names")}),
        zone=str(item.get("zone") or ""),
        token=token,
        offers=tuple(what for what, may in (("let_pass", "may_let_pass"), ("cancel", "may_cancel")) if token and item.get(may) is True),
        counter=str(item.get("counter_name") or item.get("counter") or ""),
        ahead=int(ahead) if isinstance(ahead, int) else None,
        **_estimate(item),
    )


def proposed_class(home: Home, birth_year: int | None, year: int) -> str | None:
    """The class an age speaks for. Only the year is known, so a birthday still to come this year does not count yet.

    A class may state its age (`from_age`); "elderly" without one is 60 (Law on the Elderly, art. 2).
    """
    if birth_year is None:
        return None
    full_years = year - birth_year - 1
    best: PriorityClass | None = None
    for one in home.priority_classes:
        age = one.from_age if one.from_age is not None else (60 if one.code == "elderly" else None)
        if age is not None and full_years >= age and (best is None or (one.from_age or 60) > (best.from_age or 60)):
            best = one
    return best.code if best else None


def clock_text(instant: str) -> str:
    """`2026-11-21T07:42:10+07:00` -> `07:42`, in the site's own offset; nothing for what is not an instant."""
    try:
        return datetime.fromisoformat(instant).strftime("%H:%M")
    except ValueError:
        return ""


def date_text(instant: str) -> str:
    try:
        return datetime.fromisoformat(instant).strftime("%d/%m/%Y")
    except ValueError:
        return ""
