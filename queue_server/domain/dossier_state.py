"""The ten published states of a dossier in words, and what its holder does next: by default, or as a site has configured it.

Pure. The states and their numbers are those that integrations with the National Public Service Portal show. A site names, per
state, the service to take a number for and the counter where it is done; the words are then put together from its own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from queue_server.domain.errors import invalid

DONE = 9  # "Đã xử lý xong": the result can be collected


@dataclass(frozen=True, slots=True)
class Published:
    """One state: what it is called, and what its holder does where the site says nothing more."""

    names: Mapping[str, str]
    then: Mapping[str, str]


def _said(vi: str, en: str, then_vi: str, then_en: str) -> Published:
    return Published({"vi": vi, "en": en}, {"vi": then_vi, "en": then_en})


_WAIT = ("Xin đợi đến ngày hẹn trả", "Please wait for the promised day")
_ASK = ("Hỏi bàn hướng dẫn", "Please ask at the help desk")
STATES: dict[int, Published] = {
    1: _said("Mới đăng ký", "Newly registered", "Đang chờ tiếp nhận, chưa cần lấy số", "Not taken in yet: no number is needed"),
    2: _said("Được tiếp nhận", "Taken in", *_WAIT),
    3: _said("Không được tiếp nhận", "Not taken in", *_ASK),
    4: _said("Đang xử lý", "Being processed", *_WAIT),
    5: _said("Yêu cầu bổ sung giấy tờ", "More papers are needed", "Mang giấy tờ bổ sung đến quầy", "Bring the missing papers to a counter"),
    6: _said("Yêu cầu thực hiện nghĩa vụ tài chính", "A payment is due", "Nộp phí, thuế theo thông báo", "Pay as the notice says"),
    7: _said("Công dân yêu cầu rút hồ sơ", "Withdrawn on request", *_ASK),
    8: _said("Dừng xử lý", "Processing has stopped", *_ASK),
    DONE: _said("Đã xử lý xong", "Finished", "Nhận kết quả", "Collect the result"),
    10: _said("Đã trả kết quả", "Result handed over", "Không cần lấy số", "No number is needed"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """What a site has its people do in one state: `service` to take a number for, `counter` where, `names` the words."""

    service: str | None = None
    counter: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def steps(document: Any) -> dict[int, Step]:
    """`dossier_steps` of a site's document: `{"9": {"service": …, "counter": …, "names": {"vi": …}}}`, every part optional."""
    if not isinstance(document, Mapping):
        raise invalid("/dossier_steps", "wrong_type", "an object by state, 1 to 10")
    return {_number(key): _step(row, f"/dossier_steps/{key}") for key, row in document.items()}


def _number(key: Any) -> int:
    if not isinstance(key, str) or not key.isascii() or not key.isdecimal() or int(key) not in STATES or key != str(int(key)):
        raise invalid("/dossier_steps", "unknown_state", "the published states are 1 to 10")
    return int(key)


def _step(row: Any, pointer: str) -> Step:
    if not isinstance(row, Mapping):
        raise invalid(pointer, "wrong_type", "an object is expected")
    for name in row:
        if name not in ("service", "counter", "names"):
            raise invalid(f"{pointer}/{name}", "unknown_field", "service, counter or names")
    for name in ("service", "counter"):
        if row.get(name) is not None and not isinstance(row[name], str):
            raise invalid(f"{pointer}/{name}", "wrong_type", "a code is expected")
    names = row.get("names", {})
    if not isinstance(names, Mapping) or not all(isinstance(text, str) and len(text) <= 80 for text in names.values()):
        raise invalid(f"{pointer}/names", "wrong_type", "texts by language, at most 80 characters each")
    return Step(row.get("service"), row.get("counter"), dict(names))


def then(number: int, step: Step, counter_name: str | None) -> dict[str, str]:
    """What to do, in words: "Nhận kết quả – Quầy 1"."""
    said = {lang: step.names.get(lang) or text for lang, text in STATES[number].then.items()} | {
        lang: text for lang, text in step.names.items() if text
    }
    return {lang: f"{text} – {counter_name}" if counter_name else text for lang, text in said.items()}
