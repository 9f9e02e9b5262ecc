"""The ten published states, and what a site has its people do in each: words, services, counters, and documents that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from queue_server.domain import dossier_state as states
from queue_server.domain.config import parse
from queue_server.domain.errors import Refusal

SITE: dict[str, Any] = {
    "name": "N",
    "services": [{"code": "tra", "name": "Nhận kết quả", "series": "N"}],
    "counters": [{"code": "1", "name": "Quầy 1", "services": ["tra"]}, {"code": "2", "name": "Quầy 2"}],
}


def test_there_are_ten_and_each_says_what_to_do() -> None:
    assert list(states.STATES) == list(range(1, 11))
    for one in states.STATES.values():
        assert set(one.names) == set(one.then) == {"vi", "en"}
        assert all(len(text) <= 40 for text in (*one.names.values(), *one.then.values()))


def test_words_are_put_together_from_the_sites_own_names() -> None:
    assert states.then(9, states.Step(), None) == {"vi": "Nhận kết quả", "en": "Collect the result"}
    assert states.then(9, states.Step(), "Quầy 1")["vi"] == "Nhận kết quả – Quầy 1"
    named = states.Step(names={"vi": "Bổ sung giấy tờ", "fr": "Complétez"})
    assert states.then(5, named, "Quầy 2") == {
        "vi": "Bổ sung giấy tờ – Quầy 2", "en": "Bring the missing papers to a counter – Quầy 2", "fr": "Complétez – Quầy 2",
    }  # fmt: skip


def test_a_document_with_steps() -> None:
    config = parse({**SITE, "dossier_steps": {"9": {"service": "tra", "counter": "1"}, "5": {"names": {"vi": "Mang giấy tờ"}}}})
    assert config.dossier_steps == {9: states.Step("tra", "1"), 5: states.Step(names={"vi": "Mang giấy tờ"})}
    assert parse(SITE).dossier_steps == {}


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ([], "/dossier_steps"),
        ({"0": {}}, "/dossier_steps"),
        ({"09": {}}, "/dossier_steps"),
        ({"9": []}, "/dossier_steps/9"),
        ({"9": {"desk": "1"}}, "/dossier_steps/9/desk"),
        ({"9": {"service": 1}}, "/dossier_steps/9/service"),
        ({"9": {"names": {"vi": "d" * 81}}}, "/dossier_steps/9/names"),
    ],
)
def test_a_document_that_names_nothing_is_refused_where_it_does(steps: Any, pointer: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse({**SITE, "dossier_steps": steps})
    assert refusal.value.detail["errors"][0]["pointer"] == pointer
