"""Settings of devices: what they may be, how two documents become one, what changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import panels
from queue_server.domain import device_config as d
from queue_server.domain.errors import Refusal

GOOD: dict[str, Any] = {
    "zone": "A", "panel": "15in-1920x1080", "printer": {"profile": "80mm-203", "port": "usblp:/dev/toiluot/printer", "paper_m": 80},
    "servers": ["https://10.0.0.2:8443"], "ring": "early",
    "reader": {"port": "serial:/dev/toiluot/scanner?baud=115200"},
}  # fmt: skip
SETTINGS = {
    "zone": st.sampled_from("ABC"),
    "printer.paper_m": st.integers(5, 300),
    "printer.profile": st.sampled_from(d.PRINTERS),
    "ring": st.just("rest"),
}
DOCUMENTS = st.fixed_dictionaries({}, optional=SETTINGS).map(d.deep)


def test_every_setting_may_be_set_and_the_panels_are_the_kiosks() -> None:
    assert d.check(GOOD) == GOOD
    assert set(d.flat(GOOD)) == set(d.SETTINGS)
    assert d.PANELS == panels.NAMES


@pytest.mark.parametrize(
    ("document", "pointer", "code"),
    [
        ({"panel": "huge"}, "/document/panel", "unknown_value"),
        ({"colour": "red"}, "/document/colour", "unknown_field"),
        ({"printer": {"ink": 3}}, "/document/printer/ink", "unknown_field"),
        ({"printer": {}}, "/document/printer", "unknown_field"),
        ({"printer": {"paper_m": 4}}, "/document/printer/paper_m", "out_of_range"),
        ({"printer": {"paper_m": True}}, "/document/printer/paper_m", "wrong_type"),
        ({"servers": []}, "/document/servers", "out_of_range"),
        ({"servers": ["http://a/b?c"]}, "/document/servers", "bad_format"),
        ({"servers": "http://a"}, "/document/servers", "wrong_type"),
        ({"zone": "a\nb"}, "/document/zone", "bad_format"),
        ({"printer": {"port": "usblp:/dev/x\n[slot.y]"}}, "/document/printer/port", "bad_format"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(document: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(Refusal) as no:
        d.check(document)
    assert [(each["pointer"], each["code"]) for each in no.value.detail["errors"]] == [(pointer, code)]


@given(DOCUMENTS, DOCUMENTS)
def test_ones_own_goes_before_all_and_changes_lead_from_one_to_the_other(every: dict[str, Any], own: dict[str, Any]) -> None:
    both = d.flat(d.merged(every, own))
    assert both == d.flat(every) | d.flat(own)
    told = {each["key"]: each["to"] for each in d.changes(every, own)}
    assert {key: value for key, value in (d.flat(every) | told).items() if value is not None} == d.flat(own)
    assert d.changes(own, own) == []


def test_role_and_name_are_the_servers_word() -> None:
    assert d.wanted({"zone": "A"}, {"zone": "B"}, role="kiosk", name="kiosk-07") == {"zone": "B", "role": "kiosk", "name": "kiosk-07"}
    assert d.version_of(3, 5) == d.version_of(5, 3) == 5
