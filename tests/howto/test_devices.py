"""docs/howto/provision-a-kiosk.md, replace-a-kiosk.md and rotate-keys.md, one machine being server, card and kiosk."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from tests.howto.kiosk import IDENTITY, WITHIN_S, Kiosk
from tests.howto.machine import Machine
from tests.howto.page import text_of
from tests.howto.site import Site
from tests.web.helpers import until

NAME = "kiosk-07"


class Technician:
    """What is done and seen in the console."""

    def __init__(self, site: Site, kiosk: Kiosk) -> None:
        self.site, self.kiosk, self.console = site, kiosk, site.as_("technician")
        self.words_before = ""
        self.kept = Path()

    def add(self, name: str) -> None:
        files = self.console.post("/devices/cards", role="kiosk", name=name, servers=[self.site.base])["files"]
        assert {"user-data", "network-config", "meta-data"} <= set(files)
        assert name in files["user-data"]

    def accept(self, name: str) -> None:
        self.console.post(f"/enrolments/{self.kiosk.waiting()['id']}/accept", name=name, words_match=True)

    def replace(self, name: str) -> None:
        self.console.post(f"/devices/{name}/replace", enrolment=self.kiosk.waiting()["id"], words_match=True)

    def lost(self, name: str) -> None:
        self.console.post(f"/devices/{name}/lost", reason="không thấy ở sảnh")

    def listed(self, name: str) -> None:
        def seen() -> bool:
            return any(one["device"] == name and (one["age_s"] or 0) < 240 for one in self.console.get("/devices")["devices"])

        until(seen, WITHIN_S)

    def keep_the_old_one(self) -> None:
        """A copy of the dead machine's key, which somebody may have."""
        self.kept = self.kiosk.machine.root / "old"
        shutil.copytree(self.kiosk.machine.path(IDENTITY), self.kept)

    def old_one_is_refused(self, name: str) -> None:
        from queue_server.client import Client, Problem
        from queue_server.device.identity import load
        from queue_server.device.signing import signer

        identity = load(self.kept)
        with Client(self.site.base, auth=signer(identity, self.kept)) as old, pytest.raises(Problem) as no:
            old.kiosk_home()
        assert no.value.status in (401, 403)
        assert [one["device"] for one in self.console.get("/devices")["devices"]].count(name) == 1

    def new_words(self, name: str) -> None:
        words = self.kiosk.words()
        assert words != self.words_before
        told = str(self.console.get(f"/devices/{name}/identity"))
        assert all(word in told for word in words.split()), (words, told)
        self.listed(name)


class House:
    def __init__(self, machine: Machine) -> None:
        self.site = Site(machine)
        self.kiosk = Kiosk(machine, self.site)
        self.technician = Technician(self.site, self.kiosk)

    def kiosk_is_there(self) -> None:
        """As the page before left it."""
        run = self.kiosk.machine.run
        run(f"toiluot provision card --server {self.site.base} --name {NAME} --out card\ncp card/* /media/bootfs/\n")
        self.kiosk.first_boot()
        self.technician.accept(NAME)
        self.kiosk.first_page()


@pytest.fixture
def house(machine: Machine) -> House:
    return House(machine)


@pytest.mark.full
@pytest.mark.slow(reason="a server and a kiosk, and a dozen commands, each a process")
@pytest.mark.timeout(1200)
def test_a_blank_card_becomes_a_kiosk_as_the_page_says(house: House) -> None:
    house.kiosk.machine.follow(
        text_of("provision-a-kiosk.md"),
        {"SERVER": house.site.base},
        {
            "write-the-image": lambda: None,  # the card's partition is a folder here
            "add-kiosk": house.technician.add,
            "first-boot": house.kiosk.first_boot,
            "accept-what-shows-the-same-words": house.technician.accept,
            "wait-for-the-first-page": house.kiosk.first_page,
            "it-is-listed": house.technician.listed,
            "take-a-number": house.kiosk.take_a_number,
        },
    )


@pytest.mark.full
@pytest.mark.slow(reason="a server and two kiosks one after the other, each a process")
@pytest.mark.timeout(1200)
def test_a_dead_kiosk_is_replaced_as_the_page_says(house: House) -> None:
    house.kiosk_is_there()
    house.technician.keep_the_old_one()
    house.kiosk.machine.follow(
        text_of("replace-a-kiosk.md"),
        {"SERVER": house.site.base},
        {
            "report-lost": house.technician.lost,
            "first-boot-of-a-new-machine": house.kiosk.new_machine,
            "replace": house.technician.replace,
            "wait-for-the-first-page": house.kiosk.first_page,
            "the-old-one-is-refused": house.technician.old_one_is_refused,
            "take-a-number": house.kiosk.take_a_number,
        },
    )


@pytest.mark.full
@pytest.mark.slow(reason="a server and a kiosk twice, each a process")
@pytest.mark.timeout(1200)
def test_keys_are_rotated_as_the_page_says(house: House) -> None:
    house.kiosk_is_there()
    house.technician.words_before = house.kiosk.words()
    old = house.site.key("dossier", "feed,read")

    def refused() -> bool:
        answer = httpx.get(f"{house.site.base}/api/v1/events", headers={"Authorization": f"Bearer {old}"}, timeout=20, trust_env=False)
        return answer.status_code == 401

    assert not refused()
    house.kiosk.machine.follow(
        text_of("rotate-keys.md"),
        {},
        {"seen-with-new-words": house.technician.new_words, "the-old-key-is-refused": lambda: until(refused, WITHIN_S)},
    )
