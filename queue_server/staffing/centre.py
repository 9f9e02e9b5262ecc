"""A simulated centre: one day of people, clerks and counters played event by event under the house's own order of calling.

`play` is fast because who comes and how long they take was drawn before, and because what can be known without an event
(that somebody has left) is looked at only when they would be called. An observer may watch through hooks that show what a
person in the hall could see and nothing of the parameters behind it. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from queue_server.staffing.draw import Day, draw
from queue_server.staffing.look import Look
from queue_server.staffing.model import Centre, Roster, Span, all_day

Hook = Callable[[Look], None]
Queued = tuple[int, int, int, int, int]  # effective_at_ms, order of issue, visitor, step, available_from_ms: sorts as routing.key does
PAUSE, LUNCH, GAP = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Called:
    """One call of one step. `joined_ms`: when the number was taken (or the step begun); the wait runs from the later of that and
    `available_from_ms`."""

    visitor: int
    step: int
    service: int
    joined_ms: int
    available_from_ms: int
    called_ms: int
    post: int

    @property
    def wait_ms(self) -> int:
        return max(0, self.called_ms - self.available_from_ms)


@dataclass(slots=True)
class Played:
    """What happened on a day: the calls in order, who left first, who was still there when nobody was left to call them, when the
    last visit ended, and how long counters stood open."""

    day: Day
    calls: list[Called] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    unserved: list[tuple[int, int]] = field(default_factory=list)  # visitor, available_from_ms
    ended_ms: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """The middle of a day: from when on it is played, and which posts are occupied until when. Who waits already stands in the
    day as a visitor who came before."""

    now_ms: int
    busy: dict[int, int] = field(default_factory=dict)


class Hall:
    """The state of one day while it is played. Use `play`."""

    def __init__(self, centre: Centre, day: Day, roster: Roster, start: Start, hooks: tuple[Hook | None, Hook | None, Hook | None]) -> None:
        self.centre, self.day, self.now_ms = centre, day, start.now_ms
        self.on_issue, self.on_call, self.on_end = hooks
        self.played = Played(day)
        self.posts = sorted(range(len(centre.posts)), key=lambda n: len(centre.posts[n].skills))  # idle: fewest skills first
        self.skills = [centre.posts[n].skills for n in self.posts]
        self.factors = [centre.posts[n].factor for n in self.posts]
        self.able = [sum(1 << rank for rank, own in enumerate(self.skills) if k in own) for k in range(len(centre.services))]
        self.lines: list[list[Queued]] = [[] for _ in centre.services]
        self.away = [_away(roster[n], day.pauses[n], day.lunches[n], centre) if day.present[n] else None for n in self.posts]
        self.next_away = [0] * len(self.posts)
        self.idle = 0
        self.order = 0
        self.at: list[tuple[str, int, Queued | None]] = [("closed", 0, None)] * len(self.posts)  # state, since, whom
        self.started: list[int] = [0] * len(self.posts)
        self.frees: list[tuple[int, int]] = []  # instant, rank
        self._enter(start)

    def _enter(self, start: Start) -> None:
        for rank, n in enumerate(self.posts):
            if self.away[rank] is not None:
                self.at[rank] = ("idle", start.now_ms, None)
                self.frees.append((max(start.now_ms, start.busy.get(n, 0)), rank))
        heapify(self.frees)

    # ------------------------------------------------------------ the clock
    def run(self) -> Played:
        """Everything that happens, in order: ends and returns before arrivals of the same instant."""
        due = sorted((at, rank) for rank, spans in enumerate(self.away) for at, *_ in spans or () if at > self.now_ms)
        visitors, frees = self.day.visitors, self.frees
        v = d = 0
        while True:
            free_ms = frees[0][0] if frees else _NEVER
            came_ms = visitors[v].at_ms if v < len(visitors) else _NEVER
            due_ms = due[d][0] if d < len(due) else _NEVER
            if free_ms <= came_ms and free_ms <= due_ms:
                if free_ms == _NEVER:
                    break
                self.now_ms, rank = heappop(frees)
                self._freed(rank)
            elif due_ms <= came_ms:
                self.now_ms, rank = due[d]
                d += 1
                if self.idle >> rank & 1:
                    self.idle &= ~(1 << rank)
                    self._seek(rank)
            else:
                if came_ms > self.now_ms:
                    self.now_ms = came_ms
                self._came(v)
                v += 1
        return self._close()

    def _close(self) -> Played:
        for line in self.lines:
            for item in line:
                if self._gone(item, self.now_ms):
                    self.played.left.append(item[2])
                else:
                    self.played.unserved.append((item[2], item[4]))
        return self.played

    # ------------------------------------------------------------ what happens
    def _came(self, v: int) -> None:
        person = self.day.visitors[v]
        self._join((person.effective_at_ms, self.order, v, 1, person.available_from_ms), person.service)

    def _join(self, item: Queued, service: int) -> None:
        self.order += 1
        if self.on_issue is not None:
            self.on_issue(Look(self, item))
        able = self.able[service] & self.idle
        heappush(self.lines[service], item)
        if able:  # an idle counter has nobody it could serve, so whoever joins is its next
            first = able & -able
            self.idle ^= first
            self._seek(first.bit_length() - 1)

    def _freed(self, rank: int) -> None:
        state, _, whom = self.at[rank]
        if state == "busy" and whom is not None:
            self.played.ended_ms = self.now_ms
            if self.on_end is not None:
                self.on_end(Look(self, whom, rank))
            person = self.day.visitors[whom[2]]
            if whom[3] == 1 and person.second is not None and not self._absent(whom, self.at[rank][1]):
                self.at[rank] = ("idle", self.now_ms, None)
                moved = person.effective_at_ms - 1000 * self.centre.credits.transfer_s
                self._join((moved, self.order, whom[2], 2, self.now_ms), person.second[0])
        self._seek(rank)

    def _seek(self, rank: int) -> None:
        """A counter looks for work: away if something is due, else the oldest effective time over all it serves, else idle."""
        if self._leaves(rank):
            return
        now_ms, lines = self.now_ms, self.lines
        while True:
            best, service = None, -1
            for k in self.skills[rank]:
                line = lines[k]
                if line and (best is None or line[0] < best):
                    best, service = line[0], k
            if best is None:
                self.at[rank] = ("idle", now_ms, None)
                self.idle |= 1 << rank
                return
            heappop(lines[service])
            if not self._gone(best, now_ms):
                self._call(rank, best, service)
                return
            self.played.left.append(best[2])

    def _call(self, rank: int, item: Queued, service: int) -> None:
        now_ms, habits = self.now_ms, self.centre.habits
        joined_ms = self.day.visitors[item[2]].at_ms if item[3] == 1 else item[4]
        self.played.calls.append(Called(item[2], item[3], service, joined_ms, item[4], now_ms, self.posts[rank]))
        self.at[rank] = ("busy", now_ms, item)
        if self.on_call is not None:
            self.on_call(Look(self, item, rank))
        if self._absent(item, now_ms):
            heappush(self.frees, (now_ms + int(habits.no_show_s * 1000), rank))
            return
        person = self.day.visitors[item[2]]
        takes = person.service_ms if item[3] == 1 or person.second is None else person.second[1]
        self.started[rank] = now_ms + int(habits.walk_s * 1000)
        heappush(self.frees, (self.started[rank] + int(takes * self.factors[rank]), rank))

    def _leaves(self, rank: int) -> bool:
        """Whether the clerk goes away now. A pause or a lunch that had to wait is as long as ever; a shift ends when it ends."""
        spans = self.away[rank] or []
        while self.next_away[rank] < len(spans) and spans[self.next_away[rank]][0] <= self.now_ms:
            begin, length, kind = spans[self.next_away[rank]]
            self.next_away[rank] += 1
            back_ms = begin + length if kind == GAP else self.now_ms + length
            if back_ms > self.now_ms:
                self.at[rank] = ("closed" if kind == GAP else "paused", self.now_ms, None)
                if back_ms < _NEVER:
                    heappush(self.frees, (back_ms, rank))
                return True
        return False

    # ------------------------------------------------------------ people
    def _gone(self, item: Queued, now_ms: int) -> bool:
        """Left and said so: nobody calls them."""
        person = self.day.visitors[item[2]]
        return item[3] == 1 and person.tells and now_ms - person.at_ms > person.leaves_ms

    def _absent(self, item: Queued, now_ms: int) -> bool:
        """Does not come when called."""
        person = self.day.visitors[item[2]]
        return item[3] == 1 and (person.absent or now_ms - person.at_ms > person.leaves_ms)


_NEVER = 1 << 60


def _away(spans: tuple[Span, ...], pauses: tuple[Span, ...], lunch: Span | None, centre: Centre) -> list[tuple[int, int, int]] | None:
    """When a counter is not staffed, sorted: (begin, length, kind). After closing time a counter of the last shift stays for those
    who still wait. None: it is not opened at all."""
    if not spans:
        return None
    edges = [0, *(at for span in spans for at in span), _NEVER]
    found = [(a, b - a, GAP) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b and not (b == _NEVER and a >= centre.close_ms)]
    inside = [span for span in pauses if any(a <= span[0] < b for a, b in spans)]
    found += [(a, length, PAUSE) for a, length in inside]
    if lunch is not None and any(a <= lunch[0] < b for a, b in spans):
        found.append((*lunch, LUNCH))
    return sorted(found)


def play(
    centre: Centre, day: Day | int, *, roster: Roster | None = None, start: Start | None = None,
    on_issue: Hook | None = None, on_call: Hook | None = None, on_end: Hook | None = None,
) -> Played:  # fmt: skip
    """One day, by its seed or as drawn. Hooks are called when somebody takes a number (before a free counter calls them), at
    every call, and when somebody leaves a counter or did not come."""
    drawn = draw(centre, day) if isinstance(day, int) else day
    return Hall(centre, drawn, roster or all_day(centre), start or Start(0), (on_issue, on_call, on_end)).run()
