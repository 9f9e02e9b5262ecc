"""THE table of the manager's page below its first part: what comes by itself after the page is there, each at its own pace.

A part is a fragment with an address of its own, so that a slow or broken one neither delays nor hides another: the browser keeps
what it had. Whoever adds a part adds a row here, a template `manager_NAME.html` and a function that gives its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import render_template

from queue_server.web.pages import manager_accuracy, manager_feed, manager_forecast, manager_staffing, manager_today, outages
from queue_server.web.pages.visit import Answer, Visit


@dataclass(frozen=True, slots=True)
class Part:
    """`view` gives the template's values; `every_s` is how often it is asked for again; a `wide` one takes the whole row."""

    name: str
    title: str
    view: Callable[[Visit], dict[str, Any]]
    every_s: int = 60
    wide: bool = False

    def answer(self, visit: Visit) -> Answer:
        return render_template(f"manager_{self.name}.html", **self.view(visit))


PARTS = (
    Part("forecast", "Hai giờ tới", manager_forecast.view, wide=True),
    Part("staffing", "Cần bao nhiêu quầy", manager_staffing.view, 900, wide=True),
    Part("today", "Hôm nay theo giờ", manager_today.view, 300, wide=True),
    Part("accuracy", "Thời gian chờ đã báo có đúng không", manager_accuracy.view, wide=True),
    Part("outages", "Hệ thống bên ngoài", outages.month, wide=True),
    Part("feed", "Gửi sang hệ thống hồ sơ", manager_feed.view, 15, wide=True),
)
