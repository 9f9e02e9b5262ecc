"""The rules that others print, for the study of estimates: each says seconds for somebody who takes a number now."""

from __future__ import annotations

from dataclasses import dataclass, field

from queue_server.staffing.look import Look

USUAL_S = 720.0  # what one of them assumes where nothing is configured


@dataclass
class Rivals:
    """`configured_s`: the seconds that the office has configured per visit, by service. `last`: how long the last one called of a
    service and class had waited."""

    configured_s: dict[str, float]
    last: dict[tuple[str, bool], float] = field(default_factory=dict)

    def called(self, look: Look) -> None:
        self.last[look.service, look.privileged] = look.wait_ms / 1000

    def say(self, look: Look) -> dict[str, float]:
        line, desks = look.line(), look.desks()
        open_desks = [desk for desk in desks if desk.state in ("idle", "busy")]
        own = [desk for desk in open_desks if look.service in desk.services]
        ahead = sum(one.service == look.service for one in line)
        average = sum(self.configured_s.values()) / len(self.configured_s) if self.configured_s else USUAL_S
        return {
            "people ahead × configured minutes": (ahead + 1) * self.configured_s[look.service] / max(1, len(own)),
            "ZMS rule": (len(line) + 1) * average / max(1, len(open_desks)) // 60 * 60,
            "last to enter": self.last.get((look.service, look.privileged), 0.0),
        }
