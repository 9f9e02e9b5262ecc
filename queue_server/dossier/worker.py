"""The worker: reads the site's events from its own place, sends the records that are due, moves on when answered.

In order, and for ever: where the partner gives no answer it waits and sends the same again. A record the partner will
not take is set aside with the partner's words and the queue goes on. It remembers each ticket by a fold over the
events; after a restart it takes the last checkpoint and folds the events since, without sending them again.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

from queue_server.client import Client, Problem, Unreachable
from queue_server.contract import position, times
from toiluot_edge import Clock

from .adapters import Adapter, Refusal, Result, Wait
from .aside import Aside
from .days_sending import DaySender
from .files import Damaged, Place, State
from .payload import KEEP_DAYS, Feed, Floors, Names, Record

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
    days: int = 0


@dataclass(frozen=True)
class Again:
    """An order to send refused records again: one by its key, or all."""

    order: str
    key: str | None


@dataclass
class Page:
    """Events that were read and the records they made due, fewer with every answer; `oldest` is the instant of the first event."""

    site: str
    end: str
    events: int
    due: list[Record]
    oldest: str = ""


class Worker:
    """One site's feed to one partner."""

    def __init__(
        self, client: Client, partner: Adapter, state: State, clock: Clock, log: Any, *, names: Names, poll_s: float = 1.0
    ) -> None:
        self._client, self._partner, self._state, self._clock, self._log = client, partner, state, clock, log
        self._names, self._poll_s = names, poll_s
        self._place = state.place()
        self.aside = Aside(state, clock, log)
        self._days = DaySender(client, partner, state, self.aside)
        self._orders: deque[Again] = deque()
        self.done: dict[str, tuple[bool, str]] = {}  # orders carried out, until the server knows it
        self._feed: Feed | None = None
        self._page: Page | None = None
        self._since_checkpoint = 0
        self._tries = self._days_tries = 0
        self._days_from = clock.monotonic()
        self._batch = BATCH
        self.moved_at = clock.monotonic()  # when the loop last showed a sign of life: for the watchdog
        self.health = Health(position=self._place.position, refused=state.refused_count())

    def run(self, stop: Event) -> None:
        """Until `stop` is set. Every trouble outside this process is waited out."""
        while not stop.is_set():
            self.moved_at = self._clock.monotonic()
            try:
                idle = self.turn()
            # A full disk too: the place has not moved, so all of it is done again.
            except (Unreachable, Problem, Wait, OSError) as trouble:
                if isinstance(trouble, Problem) and trouble.code == "epoch_changed":
                    self._follow_epoch(trouble.body)
                else:
                    self._pause(stop, trouble)
                continue
            self._tries = 0
            self._well()
            if idle:
                stop.wait(self._poll_s)

    def turn(self) -> bool:
        """One turn: what was asked for, a page of records, and a day where no record waits. True where there was nothing new."""
        self._go_back()
        idle = self.step() and not self._days_step()
        self._carry_out()
        return idle

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
        self._unbroken(events)
        last, forgotten = events[-1], feed.forgotten
        due: list[Record] = []
        for event in events:
            due += feed.take(event)
            visit = feed.visits.get(event.get("ticket") or "")
            self._days.touch(event, visit.business_day if visit else None)
        if feed.forgotten > forgotten:
            self._log.warning("events on tickets not remembered: no record", count=feed.forgotten - forgotten, keep_days=KEEP_DAYS)
        return Page(str(answer["site"]), position.encode(last["epoch"], last["seq"]), len(events), due, str(events[0]["at"]))

    def _unbroken(self, events: Sequence[dict[str, Any]]) -> None:
        """Rows come one by one, sequence number by sequence number: past a hole nobody would ever tell what was in it."""
        before = position.decode(self._place.position).seq
        for event in events:
            if before and event["seq"] != before + 1:
                raise Wait(f"the log has a hole: after {before} comes {event['seq']}")
            before = event["seq"]

    def _again(self, feed: Feed) -> Page:
        """What counts of all that we remember: of the rows that are lost nobody knows any more what they touched."""
        at, site = position.decode(self._place.position), str(self._place.site)
        return Page(site, self._place.position, 0, feed.again(site, at.epoch or 1, at.seq))

    def _same_site(self, site: str) -> None:
        if self._place.site not in (None, site):
            raise Damaged(f"this state folder belongs to site {self._place.site}, the key to {site}: use another --state")

    def _advance(self, feed: Feed, page: Page) -> None:
        self._since_checkpoint += page.events
        self._days.keep()
        moved = replace(self._place, position=page.end, site=page.site, again=False)
        if self._since_checkpoint >= CHECKPOINT_EVENTS or self._place.again:  # what was told again is in no event: kept at once
            moved = replace(moved, checkpoint=self._state.remember(page.end, feed.as_data()), checkpoint_position=page.end)
            self._since_checkpoint = 0
        self._move(moved)
        self.health.position = page.end

    # ------------------------------------------------------------ sending
    def _deliver(self, records: Sequence[Record]) -> None:
        """Send these; a batch that is refused as a whole is halved until the one record that is at fault stands alone."""
        self.moved_at = self._clock.monotonic()
        try:
            results = self._partner.deliver(records)
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
        self.aside.put_record(record, status, code, detail)
        self.health.refused = self.aside.count()

    def _days_step(self) -> bool:
        """Whether a day was told; after all records that are due. Trouble with one holds no record up: it is tried again later."""
        if self._place.site is None or self._clock.monotonic() < self._days_from:
            return False
        try:
            found = self._days.step(self._place.site, self._names)
            self._days_tries = 0
        except (Unreachable, Problem, Wait) as trouble:
            found = False
            self._days_from = self._clock.monotonic() + BACK_OFF_S[min(self._days_tries, len(BACK_OFF_S) - 1)]
            self._days_tries += 1
            self._log.warning("day not told yet", reason=str(trouble), tries=self._days_tries)
        self.health.days = self._days.waiting()
        return found

    # ------------------------------------------------------------ what a person asked for
    def order(self, order: str, key: str | None) -> None:
        """Refused records are to be sent again; asked for twice, once. From any thread."""
        if order not in self.done and all(each.order != order for each in tuple(self._orders)):
            self._orders.append(Again(order, key))

    def lag_s(self) -> int:
        """The age of the oldest event that is not answered for."""
        page = self._page
        return 0 if page is None or not page.oldest else max(0, (self._clock.wall_ms() - times.decode(page.oldest)) // 1000)

    def ordered(self) -> bool:
        """Whether something was asked for that is not carried out yet."""
        return bool(self._orders)

    def _carry_out(self) -> None:
        """Send again what was asked for. Only between pages: then the memory is that of our place and can be kept with it."""
        while self._orders and self._feed is not None and self._page is None:
            asked, feed = self._orders[0], self._feed
            rows = self.aside.wanted(asked.key)
            seq = position.decode(self._place.position).seq
            fresh = {row["key"]: feed.refreshed(row["record"], seq) for row in rows if "MaLuot" in row["record"]}
            # A version said in no event's name is kept before it is said: told once, it is never given to something else.
            self._keep_memory(feed)
            taken, refused = self.aside.send(rows, self._partner, lambda row: fresh[row["key"]] or dict(row["record"]))  # noqa: B023 - used at once
            self.health.refused = self.aside.count()
            self.health.sent += taken
            self._log.info("sent again on order", order=asked.order, taken=taken, refused=refused)
            self.done[asked.order] = (refused == 0, f"{taken} bản ghi đã được nhận, {refused} bị từ chối")
            self._orders.popleft()

    def _keep_memory(self, feed: Feed) -> None:
        at = self._place.position
        self._move(replace(self._place, checkpoint=self._state.remember(at, feed.as_data()), checkpoint_position=at))
        self._since_checkpoint = 0

    def _move(self, place: Place) -> None:
        self._state.move(place)
        self._state.tidy(place.checkpoint)
        self._place = place

    def _go_back(self) -> None:
        """`dossier replay` asked for an earlier place: begin the memory again and send what events after it make due. Versions said
        since stay above; nobody is led past a row that was not told yet."""
        asked = self._state.asked_back()
        if not asked:
            return
        after, ours = position.decode(str(asked["after"])), position.decode(self._place.position)
        if after.seq < ours.seq or (after.seq == ours.seq and asked.get("anew")):
            feed = self._feed or self._recall()
            known = feed.versions(str(self._place.site))
            self._state.keep_floors({"seq": after.seq if asked.get("anew") else ours.seq, "versions": {**feed.floors.versions, **known}})
            self._days.again(anew=bool(asked.get("anew")))
            self._log.warning("going back", ours=self._place.position, after=str(asked["after"]), anew=bool(asked.get("anew")))
            self._move(replace(self._place, position=str(asked["after"]), checkpoint=None, checkpoint_position="0", again=False))
            self._feed = self._page = None
            self.health.position = self._place.position
        elif after.seq > ours.seq:  # at the very place it was killed after going there
            self._log.error("not going back: that place lies ahead of ours", ours=self._place.position, after=str(asked["after"]))
        self._state.went_back()

    # ------------------------------------------------------------ memory
    def _recall(self) -> Feed:
        """The tickets as they stood at our place: the checkpoint, then the events since, sending nothing."""
        self._names.trial = self._is_trial()
        kept = self._state.floors()
        floors = Floors(int(kept["seq"]), kept["versions"]) if kept else Floors()
        feed = Feed(self._names, floors=floors)
        if self._place.checkpoint is not None:
            feed = Feed.from_data(self._state.remembered(self._place.checkpoint), self._names, floors)
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
        self._days.doubt()

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
        h.state, h.code, h.detail = ("degraded", "refused", f"{h.refused} bản ghi bị từ chối") if h.refused else ("ready", "ok", "")
