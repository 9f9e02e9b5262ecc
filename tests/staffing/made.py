"""Days of a simulated centre told as a site would know them: tickets, facts for the estimate's learner, a configuration."""

from __future__ import annotations

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig, parse
from queue_server.domain.visit import Step, Ticket
from queue_server.estimating.facts import Absent, Fact, Paused, Served
from queue_server.estimating.learned import fold
from queue_server.estimating.scene import CLOSED, Desk, Scene, ServiceModel
from queue_server.services import advising
from queue_server.services.advising import DayFacts, Known
from queue_server.staffing.centre import Played, play
from queue_server.staffing.draw import draw
from queue_server.staffing.look import Look
from queue_server.staffing.model import Centre

OFFSET_MIN = 420
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
PLANNED = "2026-11-27"
CONFIGURED_S = 480


def config_of(centre: Centre) -> SiteConfig:
    """A site with this centre's services, counters and hours; it knows none of the service times."""
    windows = [[_clock(a), _clock(b)] for a, b in centre.opening]
    return parse(
        {
            "name": "Trung tâm",
            "calendars": {"office": {"weekly": {str(day): windows for day in range(1, 6)}}},
            "services": [
                {"code": work.code, "name": work.code, "series": "A", "calendar": "office", "prior_gap_s": CONFIGURED_S}
                for work in centre.services
            ],
            "counters": [
                {"code": post.code, "name": f"Quầy {post.code}", "services": [centre.services[k].code for k in post.skills]}
                for post in centre.posts
            ],
        }
    )


def _clock(at_ms: int) -> str:
    return f"{at_ms // 3_600_000:02d}:{at_ms // 60_000 % 60:02d}"


def tickets_of(centre: Centre, played: Played, day: str) -> list[Ticket]:
    """The day's tickets, in the order in which their numbers were taken."""
    start = calendar.midnight_ms(day, OFFSET_MIN)
    calls: dict[int, list[Step]] = {}
    for call in played.calls:
        code, post = centre.services[call.service].code, centre.posts[call.post].code
        calls.setdefault(call.visitor, []).append(
            Step(call.step, code, start + call.available_from_ms, counter=post, first_called_at=start + call.called_ms)
        )
    found = []
    for v, person in enumerate(played.day.visitors):
        at, code = start + person.at_ms, centre.services[person.service].code
        steps = tuple(calls.get(v, (Step(1, code, at),)))
        found.append(
            Ticket(
                f"{day}-{v}", "S", day, "A", v + 1, f"A{v + 1:03d}", code, "completed", at, v, at, at, start + person.effective_at_ms,
                steps,
                priority_class="elderly" if person.privileged else None, quantity=person.quantity,
            )
        )  # fmt: skip
    return found


def learned(centre: Centre, days: int, seed: int) -> Known:
    """What a site would know of this centre after so many days."""
    config, facts, whole = config_of(centre), [], []
    for n, day in enumerate(DAYS[:days]):
        watched: list[Fact] = []
        played = _watched(centre, seed + n, watched, calendar.midnight_ms(day, OFFSET_MIN))
        facts += watched
        whole.append(advising.facts_of(tickets_of(centre, played, day), day, OFFSET_MIN))
    return known_from(centre, config, facts, whole[::-1])


def known_from(centre: Centre, config: SiteConfig, facts: list[Fact], days: list[DayFacts], today: DayFacts | None = None) -> Known:
    now_ms = calendar.midnight_ms(PLANNED, OFFSET_MIN)
    desks = [Desk(code, CLOSED, config.served_by(code)) for code in config.counters]
    scene = Scene(now_ms, {code: ServiceModel(float(CONFIGURED_S)) for code in config.services}, desks, ())
    return advising.known(config, fold(facts).completed(scene), days, today, PLANNED, now_ms)


def _watched(centre: Centre, seed: int, facts: list[Fact], start: int) -> Played:
    """A day, with what its log would teach of visits and pauses."""

    def ended(look: Look) -> None:
        took_s = (look.now_ms - look.called_ms) / 1000
        at, waited_s = start + look.now_ms, max(0, look.called_ms - look.available_from_ms) / 1000
        if look.came:
            facts.append(Served(at, look.service, look.post or "", took_s, look.quantity))
        else:
            facts.append(Absent(at, look.service, look.post or "", waited_s, took_s))

    played = play(centre, draw(centre, seed), on_end=ended)
    for post, present, pauses in zip(centre.posts, played.day.present, played.day.pauses, strict=True):
        facts.extend(Paused(start + at + length, post.code, length / 1000) for at, length in pauses if present)
    return played
