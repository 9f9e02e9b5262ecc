"""Two kiosk processes and a real server: one card is one person at both, and what tells so is on no disk and in no log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_server.services import access, configuring
from queue_server.storage.store import Store, migrate, open_store
from tests.kiosk.conftest import KioskProcess
from tests.kiosk.far_end import until
from tests.web.helpers import Process, Site

CODE = "H05-01"
CARD = "001085004321"


class Centre:
    """A server with two kiosks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder}/server/site.db"
        (folder / "server").mkdir()
        migrate(self.url)
        self.store: Store = open_store(self.url)
        configuring.init_site(self.store, site=CODE, kind="training")
        self.server = Process(self.url, folder / "server.log")
        self.kiosks = [self._kiosk(name) for name in ("one", "two")]

    def key(self, *scopes: str) -> str:
        return self.store.write("", lambda rows: access.create_key(rows, name="test", scopes=scopes, sites=[CODE]))

    def _kiosk(self, name: str) -> KioskProcess:
        (self.folder / name).mkdir()
        one = KioskProcess(self.folder / name)
        one.servers = self.server.base
        (one.folder / "key").write_text(self.key("issue", "read"))
        return one

    def close(self) -> None:
        for one in self.kiosks:
            one.close()
        self.server.close()
        self.store.close()


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.close()


@pytest.mark.full
@pytest.mark.slow(reason="a server, two kiosks and the server once more, each a process")
@pytest.mark.timeout(240)
def test_two_kiosks_know_one_card_and_the_key_leaves_no_trace(centre: Centre) -> None:
    site = Site(CODE, centre.server.base, centre.store)
    key = site.client("issue").day_key("asked")["key"]
    for kiosk in centre.kiosks:
        kiosk.start()
        kiosk.on("home")
        until(kiosk.drivers.listening.is_set, 20)
    one, two = centre.kiosks

    def holders() -> set[str]:
        with centre.store.read() as reader:
            return set(reader.holders(CODE).values())

    def shared(kiosk: KioskProcess, number: str) -> bool:
        """Whether this kiosk has the centre's key by now: a number taken with another card says so."""
        before = holders()
        kiosk.drivers.lay_card(number)
        kiosk.on("choosing")
        kiosk.choose()
        kiosk.on("number", paper="printed")
        (found,) = holders() - before
        kiosk.home()
        return not found.startswith("own.")

    cards = iter(range(1000))
    for kiosk in centre.kiosks:
        until(lambda kiosk=kiosk: shared(kiosk, f"0010850{next(cards):05d}"), 60)  # type: ignore[misc]
    one.drivers.lay_card(CARD)
    one.on("choosing")
    one.choose()
    label = one.on("number", paper="printed")["ticket"]["label"]
    two.drivers.lay_card(CARD)
    two.on("choosing")
    two.choose()
    assert two.on("number")["ticket"]["label"] == label

    for kiosk in centre.kiosks:
        kiosk.kill()
    for close in site.closing:
        close()
    written = [path for path in centre.folder.rglob("*") if path.is_file()]
    assert len(written) > 5
    for path in written:
        data = path.read_bytes()
        assert key.encode() not in data, path
        assert bytes.fromhex(key) not in data, path
        assert CARD.encode() not in data, path
