"""The worker: reads the site's events from its own place, sends the records that are due, moves on when answered.

In order, and for ever: where the partner gives no answer it waits and sends the same again. A record the partner will
not take is set aside with the partner's words and the queue goes on. It remembers each ticket by a fold over the
events; after a restart it takes the last checkpoint and folds the events since, without sending them again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import position, times
from toiluot_edge import Clock, mask

from .files import Damaged, Place, State
from .partner import Partner, Refusal, Result, Wait
from .payload import KEEP_DAYS, Feed, Names, Record, idempotency_key

BATCH, SMALLEST_BATCH = 500, 20
PAGE = 500
CHECKPOINT_EVENTS = 2000
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


@dataclass
class Health:
    """What the heartbeat says of the worker."""

    state: str = "opening"
    code: str = "ok"
    detail: str = ""
    waiting: int = 0
    sent: int = 0
    refused: int = 0
    position: str = "0"
    answered_at_ms: int | None = None


@dataclass
class Page:
    """Events that were read and the records they made due, fewer with every answer."""

    site: str
    end: str
    events: int
    due: list[Record]


class Worker:
    """One site's feed to one partner."""

    def __init__(
        self, client: Client, partner: Partner, state: State, clock: Clock, log: Any, *, names: Names, poll_s: float = 1.0
    ) -> None:
        self._client, self._partner, self._state, self._clock, self._log = client, partner, state, clock, log
        self._names, self._poll_s = names, poll_s
        self._place = state.place()
        self._feed: Feed | None = None
        self._page: Page | None = None
        self._since_checkpoint = 0
        self._tries = 0
        self._batch = BATCH
        self.moved_at = clock.monotonic()  # when the loop last showed a sign of life: for the watchdog
        self.health = Health(position=self._place.position, refused=state.refused_count())

    def run(self, stop: Event) -> None:
        """Until `stop` is set. Every trouble outside this process is waited out."""
        while not stop.is_set():
            self.moved_at = self._clock.monotonic()
            try:
                idle = self.step()
            except (Unreachable, Problem, Wait) as trouble:
                if isinstance(trouble, Problem) and trouble.code == "epoch_changed":
                    self._follow_epoch(trouble.body)
                else:
                    self._pause(stop, trouble)
                continue
            self._tries = 0
            self._well()
            if idle:
                stop.wait(self._poll_s)

    # ------------------------------------------------------------ one page
    def step(self) -> bool:
        """Send what one page of events makes due. True where there was nothing new. A page that could not be sent whole
        is kept and gone on with at the next call: its events were let into the memory once and must not be again."""
        if self._feed is None:
            self._feed = self._recall()
        if self._page is None:
            self._page = self._again(self._feed) if self._place.again else self._read(self._feed)
        if self._page is None:
            return True
        page = self._page
        while page.due:
            self.health.waiting = len(page.due)
            size = self._batch
            self._deliver(page.due[:size])
            del page.due[:size]
        self.health.waiting = 0
        self._advance(self._feed, page)
        self._page = None
        return False

    def _read(self, feed: Feed) -> Page | None:
        answer = self._client.events(self._place.position, PAGE)
        self._same_site(str(answer["site"]))
        events = answer["events"]
        if not events:
            return None
        last, forgotten = events[-1], feed.forgotten
        due = [record for event in events for record in feed.take(event)]
        if feed.forgotten > forgotten:
            self._log.warning("events on tickets not remembered: no record", count=feed.forgotten - forgotten, keep_days=KEEP_DAYS)
        return Page(str(answer["site"]), position.encode(last["epoch"], last["seq"]), len(events), due)

    def _again(self, feed: Feed) -> Page:
        """What counts of all that we remember: of the rows that are lost nobody knows any more what they touched."""
        at, site = position.decode(self._place.position), str(self._place.site)
        return Page(site, self._place.position, 0, feed.again(site, at.epoch or 1, at.seq))

    def _same_site(self, site: str) -> None:
        if self._place.site not in (None, site):
            raise Damaged(f"this state folder belongs to site {self._place.site}, the key to {site}: use another --state")

    def _advance(self, feed: Feed, page: Page) -> None:
        self._since_checkpoint += page.events
        moved = replace(self._place, position=page.end, site=page.site, again=False)
        if self._since_checkpoint >= CHECKPOINT_EVENTS or self._place.again:  # what was told again is in no event: kept at once
            moved = replace(moved, checkpoint=self._state.remember(page.end, feed.as_data()), checkpoint_position=page.end)
            self._since_checkpoint = 0
        self._state.move(moved)
        self._state.tidy(moved.checkpoint)
        self._place = moved
        self.health.position = page.end

    # ------------------------------------------------------------ sending
    def _deliver(self, records: Sequence[Record]) -> None:
        """Send these; a batch that is refused as a whole is halved until the one record that is at fault stands alone."""
        self.moved_at = self._clock.monotonic()
        try:
            results = self._partner.send(records)
        except Refusal as refusal:
            if len(records) == 1:
                self._set_aside(records[0], refusal.status, refusal.code, refusal.detail)
                return
            half = len(records) // 2
            self._deliver(records[:half])
            self._deliver(records[half:])
            return
        self.health.answered_at_ms = self._clock.wall_ms()
        for record, result in zip(records, results, strict=True):
            self._settle(record, result)

    def _settle(self, record: Record, result: Result) -> None:
        if result.status == "refused":
            self._set_aside(record, 200, result.code, result.detail)
        else:
            self.health.sent += 1

    def _set_aside(self, record: Record, status: int, code: str, detail: str) -> None:
        key = idempotency_key(record)
        words = mask(detail)
        self._state.set_aside(key, record, status, code, words, times.encode(self._clock.wall_ms()))
        self.health.refused = self._state.refused_count()
        self._log.warning("record set aside", record=key, status=status, code=code, partner_says=words)

    # ------------------------------------------------------------ memory
    def _recall(self) -> Feed:
        """The tickets as they stood at our place: the checkpoint, then the events since, sending nothing."""
        self._names.trial = self._is_trial()
        feed = Feed(self._names)
        if self._place.checkpoint is not None:
            feed = Feed.from_data(self._state.remembered(self._place.checkpoint), self._names)
        target, at, count = position.decode(self._place.position).seq, self._place.checkpoint_position, 0
        while position.decode(at).seq < target:
            events = [event for event in self._client.events(at, PAGE)["events"] if event["seq"] <= target]
            if not events:
                break
            for event in events:
                feed.take(event)
            count += len(events)
            at = position.encode(events[-1]["epoch"], events[-1]["seq"])
        self._since_checkpoint = count
        self._log.info("remembered", position=self._place.position, tickets=len(feed.visits))
        return feed

    def _is_trial(self) -> bool:
        """Asked of the server before anything is sent: a demonstration must never be counted as people."""
        home, _ = self._client.kiosk_home()
        return (home or {})["site"]["kind"] in ("training", "demo")

    def _follow_epoch(self, body: dict[str, Any]) -> None:
        """The log was restored to an earlier state: what we remember of its lost end never happened. Begin the memory
        again, tell what counts instead of what we told of that end, and go on behind the last event that counts; versions of the
        new epoch stand above the old ones."""
        behind = position.encode(int(body["epoch"]), int(body["continues_after"]))
        self._log.warning("the log continues under a new epoch", ours=self._place.position, now=behind)
        ours, epoch = position.decode(self._place.position), int(body["epoch"])
        newest = max(self._place.newest, ours.epoch or 1)
        lost = self._place.again or self._page is not None or ours.seq > int(body["continues_after"])
        # A server that was replaced may lead us back for a while: what it says stands below what was told already.
        self._place = Place(position=behind, site=self._place.site, again=lost and epoch > newest, newest=max(newest, epoch))
        self._state.move(self._place)
        self._state.tidy(None)
        self._feed = self._page = None

    # ------------------------------------------------------------ trouble
    def _pause(self, stop: Event, trouble: Exception) -> None:
        """Wait longer each time, with a little chance so that many sites do not come back in step."""
        after_s = getattr(trouble, "after_s", None)
        base = BACK_OFF_S[min(self._tries, len(BACK_OFF_S) - 1)]
        wait_s = after_s if after_s is not None else base * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, no secret
        self._tries += 1
        # A partner that is slow rather than away gets less at a time, or it would never finish one batch.
        self._batch = max(SMALLEST_BATCH, self._batch // 2)
        self.health.state, self.health.code, self.health.detail = "backoff", "timeout", str(trouble)[:200]
        self._log.warning("waiting", reason=str(trouble), tries=self._tries, wait_s=round(wait_s, 1))
        self._wait(stop, wait_s)

    def _wait(self, stop: Event, seconds: float) -> None:
        left = seconds
        while left > 0 and not stop.wait(min(left, 5.0)):
            self.moved_at = self._clock.monotonic()
            left -= 5.0

    def _well(self) -> None:
        self._batch = min(BATCH, 2 * self._batch)
        h = self.health
        h.state, h.code, h.detail = ("degraded", "refused", f"{h.refused} records set aside") if h.refused else ("ready", "ok", "")
