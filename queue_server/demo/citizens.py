"""Simulated citizens: they go to the kiosk, lay a card or touch a service, wait for the slip and step aside.

They use the kiosk as a person does: the page's own requests, and the simulated scanner's glass. They wait while a real
person has the screen.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from .cards import payload
from .pace import Pace, Stopped

LOOK_S = 0.1
PATIENCE_S = 30.0
EARLY = 7  # people at the door when it opens: nobody should have to watch an empty hall
FREE = ("home",)
ASIDE = ("number", "error")  # somebody's last screen: whoever stands next in line may touch it away


class NoNumber(Exception):
    """The kiosk gave no number; the text is the screen it showed."""


class KioskHand:
    """One pair of hands at the kiosk and the scanner's glass."""

    def __init__(self, kiosk: str, scanner: str, pace: Pace) -> None:
        self._http = httpx.Client(timeout=10.0, trust_env=False)
        self._kiosk, self._scanner, self._pace = kiosk.rstrip("/"), scanner.rstrip("/"), pace

    def look(self) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"{self._kiosk}/api/state").raise_for_status().json()
        return found

    def touch(self, act: str, **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._http.post(f"{self._kiosk}/api/{act}", json=body).raise_for_status().json()
        return found

    def take_number(self, service: str, card: str | None = None, *, hurry: bool = False) -> dict[str, Any]:
        """The ticket as the kiosk shows it, once its slip is out; NoNumber where there is none."""
        before = self._free_screen(hurry)
        if card is not None:
            self._http.post(f"{self._scanner}/scan", json={"payload": payload(card)}).raise_for_status()
            seen = self._wait(("choosing", "issuing", "number", "error"))
            if seen["screen"] == "choosing":
                self.touch("choose", service=service, visit=seen["visit"])
        else:
            self.touch("choose", service=service, visit=before["visit"])
        shown = self._wait(("number", "error"), printed=True)
        if shown["ticket"] is None:
            raise NoNumber(shown["screen"])
        return dict(shown["ticket"])

    def step_aside(self) -> None:
        seen = self.look()
        if seen["screen"] in ASIDE:
            self.touch("home", visit=seen["visit"])

    def _free_screen(self, hurry: bool) -> dict[str, Any]:
        """The first screen, free for the next person. In a hurry a finished screen is touched away."""
        deadline = self._pace.now() + PATIENCE_S
        while self._pace.now() < deadline:
            seen = self.look()
            if seen["screen"] in FREE:
                return seen
            if hurry and seen["screen"] in ASIDE:
                self.touch("home", visit=seen["visit"])
                continue
            self._pace.real_pause(LOOK_S)
        raise NoNumber(seen["screen"])

    def _wait(self, screens: Sequence[str], *, printed: bool = False) -> dict[str, Any]:
        deadline = self._pace.now() + PATIENCE_S
        seen = self.look()
        while self._pace.now() < deadline:
            ticket = seen["ticket"]
            if seen["screen"] in screens and not (printed and ticket is not None and ticket["paper"] == "printing"):
                return seen
            self._pace.real_pause(LOOK_S)
            seen = self.look()
        raise NoNumber(seen["screen"])


class Stream:
    """People who keep coming, one about every `gap_s` simulated seconds."""

    def __init__(self, hand: KioskHand, weights: Mapping[str, int], pace: Pace, seed: int, gap_s: float, log: Any) -> None:
        self._hand, self._weights, self._pace, self._gap_s, self._log = hand, weights, pace, gap_s, log
        self._dice = random.Random(f"{seed}:citizens")  # noqa: S311 - a reproducible crowd, no secret
        self._cards = self._dice.randrange(1_000_000)

    def thread(self) -> threading.Thread:
        return threading.Thread(target=self.run, name="citizens", daemon=True)

    def run(self) -> None:
        early = EARLY
        try:
            while True:
                self._visit()
                early -= 1
                self._pace.pause(self._dice.expovariate(1 / self._gap_s) / (20 if early > 0 else 1))
        except Stopped:
            return

    def _visit(self) -> None:
        service = self._dice.choices(list(self._weights), list(self._weights.values()))[0]
        card = None
        if self._dice.random() < 0.4:
            self._cards += 1
            card = f"fake:{self._cards}"
        try:
            self._hand.take_number(service, card)
            self._pace.real_pause(self._dice.uniform(1.5, 3.0))
            self._hand.step_aside()
        except (httpx.HTTPError, NoNumber) as none:
            self._log.warning("a citizen got no number", why=str(none))
