"""The day key: one per centre and business day, in memory alone, brought back by a kiosk to a server that forgot it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from contextlib import closing
from typing import Any

from queue_server.contract import strict
from queue_server.contract.messages_hall import AskDayKey
from queue_server.domain.principal import SYSTEM
from queue_server.services import command, configuring, day_keys
from queue_server.services.day_keys import DayKeys
from queue_server.storage.store import open_store
from tests.hall import SITE, Hall


def asked(hall: Hall, keys: DayKeys, site: str = SITE, offered: str | None = None) -> dict[str, Any]:
    with hall.store.read() as reader:
        return day_keys.hand_out(reader, keys, site, offered=offered, now=hall.clock.wall_ms())


def test_every_kiosk_of_a_day_gets_the_same_key_and_of_another_day_another(file_hall: Hall) -> None:
    keys = DayKeys(random.Random(1).randbytes)
    first = asked(file_hall, keys)
    assert asked(file_hall, keys, offered=secrets.token_hex(32)) == first
    assert len(bytes.fromhex(first["key"])) == 32
    file_hall.clock.forward(86_400)
    second = asked(file_hall, keys)
    assert second["business_day"] > first["business_day"]
    assert second["key"] != first["key"]


def test_the_key_is_overwritten_when_the_day_is_over(file_hall: Hall) -> None:
    keys = DayKeys()
    asked(file_hall, keys)
    (kept,) = keys._kept.values()
    keys.sweep(file_hall.clock.wall_ms())
    assert any(kept.key)
    keys.sweep(kept.ends_at_ms)
    assert not any(kept.key)
    assert not keys._kept
    asked(file_hall, keys)
    (kept,) = keys._kept.values()
    keys.close()
    assert not any(kept.key)


def test_a_server_that_was_started_anew_takes_the_key_back_from_the_first_kiosk(file_hall: Hall) -> None:
    before = asked(file_hall, DayKeys())
    anew = DayKeys()
    assert asked(file_hall, anew, offered=before["key"]) == before
    assert asked(file_hall, anew) == before


def test_sites_share_a_key_where_a_card_counts_over_the_centre(file_hall: Hall) -> None:
    configuring.init_site(file_hall.store, site="S2", kind="training")
    keys = DayKeys()
    assert asked(file_hall, keys)["key"] != asked(file_hall, keys, "S2")["key"]
    file_hall.configure(policy={"holder_scope": "centre"})
    document = configuring.current(file_hall.store, "S2")["document"]
    document["policy"]["holder_scope"] = "centre"
    command.beat(file_hall.store, "S2", SYSTEM, lambda unit: configuring.apply(unit, document=document))
    assert asked(file_hall, keys)["key"] == asked(file_hall, keys, "S2")["key"]
    assert asked(file_hall, keys)["scope"] == "centre"


def test_of_several_processes_one_draws_the_keys_until_it_ends(hall: Hall) -> None:
    first, second = DayKeys(), DayKeys()
    with closing(open_store(hall.store.url, hall.clock)) as other:
        assert first.mine(hall.store)
        assert second.mine(other) is hall.store.url.startswith("sqlite")
        first.close()
        assert second.mine(other)
        second.close()


def test_a_key_shows_in_no_text_of_a_program() -> None:
    keys, key = DayKeys(), secrets.token_hex(32)
    keys.of("site:X", "2026-11-23", 2, 1, bytes.fromhex(key))
    shown: list[Callable[[Any], str]] = [repr, str]
    asked_for = strict.read(AskDayKey, {"request_id": "r1", "offered": key})
    for show in shown:
        assert key not in show(keys) + show(keys._kept) + show(asked_for)
