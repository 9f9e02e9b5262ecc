"""Group commit: units of work queue up by key, one thread at a time runs those of a key, and many share one commit.

Holds the queues, the threads, and the one way a group is run on a driver's connection. Each unit has a SAVEPOINT of its
own, so that one failure does not undo its neighbours; answers go out after the commit that makes them all durable.
What a key is (the whole file, or one site) and where connections come from is the database's affair.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from queue_server.storage.repository import Repository
from queue_server.storage.sql import Connection

GROUP = 64  # units of work in one commit: enough to carry a slow card, few enough to answer soon


@dataclass(slots=True)
class Job:
    """One unit of work and whoever waits for it."""

    work: Callable[[Repository], Any]
    done: Future[Any] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a group begins and ends in one database, and what that database raises. `exact` says whether an error of the
    database comes out of the very statement that caused it; else it is the group's, whose job it was nobody knows."""

    begin: str
    error: type[Exception]
    before_commit: str | None = None
    exact: bool = True


@dataclass(slots=True)
class Group:
    """What became of a group: its jobs, the answers that are on disk, or what broke it as a whole."""

    taken: list[Job] = field(default_factory=list)
    answers: list[tuple[Job, Any]] = field(default_factory=list)
    broken: Exception | None = None

    def tell(self) -> None:
        """Give every job that was not told yet its answer, or what broke them all."""
        if self.broken is None:
            for job, answer in self.answers:
                job.done.set_result(answer)
            return
        for job in self.taken:
            if not job.done.done():
                job.done.set_exception(self.broken)


class Groups:
    """Queues by key. `carry(key, jobs)` runs on one of the threads, never twice at once for one key; the jobs it is handed
    grow while it runs."""

    def __init__(self, threads: int, carry: Callable[[str, Iterator[Job]], None]) -> None:
        self._carry = carry
        self._waiting: dict[str, deque[Job]] = {}  # the keys that a thread has or will have
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self.ended = False
        self._threads = [threading.Thread(target=self._work, name=f"writer-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, key: str, work: Callable[[Repository], Any]) -> Future[Any] | None:
        """Queue one unit of work; its future is done once it is on disk. None after `close`: nobody would answer it."""
        job = Job(work)
        with self._lock:
            if self.ended:
                return None
            waiting = self._waiting.get(key)
            if waiting is not None:
                waiting.append(job)
            else:
                self._waiting[key] = deque((job,))
                self._ready.put(key)
        return job.done

    def close(self) -> None:
        """Finish what was accepted."""
        with self._lock:
            self.ended = True
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (key := self._ready.get()) is not None:
            again = True
            while again:
                self._carry(key, self._jobs(key))
                again = self._more(key)

    def _more(self, key: str) -> bool:
        """Whether this thread goes on with the key: behind the other keys' turn, unless nobody would look again."""
        with self._lock:
            if not self._waiting[key]:
                del self._waiting[key]
                return False
            if not self.ended:
                self._ready.put(key)
            return self.ended

    def _jobs(self, key: str) -> Iterator[Job]:
        waiting = self._waiting[key]
        for _ in range(GROUP):
            if not waiting:
                return
            yield waiting.popleft()


def run_group(connection: Connection, repository: Repository, jobs: Iterator[Job], ways: Ways, now_ms: Callable[[], int]) -> Group:
    """Run the jobs, commit once. Failures have been told when this returns; the answers are the caller's to give."""
    group = Group()
    try:
        connection.execute(ways.begin)
        for job in jobs:
            group.taken.append(job)
            repository.now_ms = now_ms()
            outcome = _one(connection, repository, job, ways)
            if outcome is not _FAILED:
                group.answers.append((job, outcome))
        repository.flush()
        if group.answers and ways.before_commit:
            connection.execute(ways.before_commit)
        connection.execute("COMMIT")
    except (ways.error, MemoryError) as broken:  # without memory too somebody waits for an answer, and the thread must go on
        group.broken = broken
        if not group.taken:
            group.taken.extend(jobs)  # it did not even begin: whoever waits is told, instead of being tried for ever
        repository.memo.clear()  # it may remember what was never committed
        with contextlib.suppress(ways.error, MemoryError):
            connection.execute("ROLLBACK")
    finally:
        repository.forget()
    return group


def _one(connection: Connection, repository: Repository, job: Job, ways: Ways) -> Any:
    connection.execute("SAVEPOINT unit")
    mark = repository.mark()
    try:
        answer = job.work(repository)
    except BaseException as failed:
        if isinstance(failed, ways.error) and not ways.exact:
            raise
        job.done.set_exception(failed)
        repository.back_to(mark)
        try:
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
        except ways.error as broken:  # a full disk ends the whole transaction: the neighbours must hear of it too
            raise (failed if isinstance(failed, ways.error) else broken) from None
        return _FAILED
    connection.execute("RELEASE unit")
    return answer


_FAILED = object()
