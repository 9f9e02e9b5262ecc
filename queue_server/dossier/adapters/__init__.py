"""The port to a dossier system: what the feed hands over and what it asks, whoever is at the far end.

One adapter speaks to one partner; which one, and under which names, is configuration (`config`). Every answer is turned into
one of a few things: `Result` per record, `Dossier` or None, `Wait` (no answer now: nothing is lost, ask again later), `Refusal`
(never, with the partner's words) or `NotOffered` (this partner has no such call). Nothing here says that a partner's product
is supported: each adapter was tried against a mock of our own alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# The ten states that the integrations of the National Portal show, in the words and numbers published there.
STATES: dict[int, str] = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}


class Wait(Exception):
    """Nothing can be sent now. `after_s` where the partner named a time."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Refusal(Exception):
    """The partner will not take this request, now or later."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


class NotOffered(Exception):
    """This partner has no such call, or none was configured: not a fault of anybody."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record: `accepted`, `stale` (the partner has this version or a later one) or `refused`."""

    record_id: str
    status: str
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What may be told of a dossier to whoever shows its code: never a name, never what it is about. `state` is one of
    `STATES`; `due` is the day of the result (YYYY-MM-DD), `collect_at` the place where it is handed out, as the partner has it."""

    code: str
    state: int
    procedure: str | None = None
    due: str | None = None
    collect_at: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The answer of the local look-up, members that are not known left out."""
        found = {"code": self.code, "state": self.state, "state_name": STATES[self.state], "procedure": self.procedure}
        return {name: value for name, value in (found | {"due": self.due, "collect_at": self.collect_at}).items() if value is not None}


class Adapter(Protocol):
    """One partner. Calls may come from several threads at once and are bounded in time."""

    @property
    def name(self) -> str:
        """What people call the far end, for the log and the technician's page."""

    def deliver(self, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        """One result per record, in the same order; raises `Wait`, `Refusal` or `NotOffered`."""

    def day(self, site: str, day: str, figures: Mapping[str, Any]) -> None:
        """Hand over the aggregate of a day in place of the one before; raises as `deliver` does."""

    def look_up(self, code: str) -> Dossier | None:
        """The dossier with this code, None where the partner knows none; raises as `deliver` does."""

    def close(self) -> None:
        """Let the connections go."""
