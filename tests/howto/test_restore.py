"""docs/howto/restore-a-server.md on a machine whose server died: with the old disk still readable, and with a new one."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.howto.machine import Machine
from tests.howto.page import text_of
from tests.howto.site import Site


class Disaster:
    """What happens to the machine, and what is looked at in the console."""

    def __init__(self, machine: Machine, *, readable: bool) -> None:
        self.machine, self.readable, self.site = machine, readable, Site(machine)
        self.known = [self.site.number()["label"] for _ in range(3)]
        self.site.as_("technician")
        self.lost: list[Any] = []

    def copy_disk(self) -> None:
        assert self.machine.path("/mnt/usb").is_dir()

    def people_come(self) -> None:
        self.lost = [self.site.number() for _ in range(2)]

    def dies(self) -> None:
        self.machine.run("systemctl stop toiluot-server\n")
        if not self.readable:
            shutil.rmtree(self.machine.path("/var/lib/toiluot/server"))
            self.machine.path("/var/lib/toiluot/server").mkdir()
            self.machine.path("/etc/toiluot/server.env").unlink()

    def take_a_number(self, _: str) -> None:
        made = self.site.number()
        beyond = max(each["number"] for each in self.lost) if self.readable else len(self.known)
        assert made["number"] > beyond + 100, made

    def see_elsewhere(self) -> None:
        page = self.site.as_("technician").page("/technician")
        assert all((str(each["label"]) in page) == self.readable for each in self.lost)


@pytest.mark.full
@pytest.mark.slow(reason="some fifteen starts of a program, twice")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("readable", [True, False], ids=["old disk", "new disk"])
def test_a_server_is_restored_as_the_page_says(machine: Machine, readable: bool) -> None:
    day = Disaster(machine, readable=readable)
    machine.follow(
        text_of("restore-a-server.md"),
        {"SERVER": day.site.base},
        {
            "plug-in-disk": day.copy_disk,
            "people-come-after-the-copy": day.people_come,
            "disk-dies": day.dies,
            "take-a-number": day.take_a_number,
            "see-what-happened-elsewhere": day.see_elsewhere,
        },
    )
