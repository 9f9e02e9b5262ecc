"""A printer nobody has heard of, added as docs/howto/add-a-printer.md says: text files and no code."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from drivers.config import load_config
from drivers.devices.journal import Journal
from drivers.devices.ticket_printer import TicketPrinter, build, facts
from drivers.health import Health
from drivers.model import Outcome, PrintJob
from drivers.ports.nodes import DeviceInfo
from drivers.ports.opening import open_port
from drivers.quirks import QuirkError, load_quirks
from drivers.registry import Parts
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import TcpWire

PAGE = (Path(__file__).parents[2] / "docs/howto/add-a-printer.md").read_text(encoding="utf-8")


def _block(holding: str) -> str:
    """The TOML example of the page that holds these words, without the list's indent."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return "\n".join(line.removeprefix("   ") for line in next(block for block in blocks if holding in block).splitlines())


def test_the_pages_own_examples_print_a_slip(tmp_path: Path) -> None:
    sim = PrinterSim(512)
    wire = TcpWire(sim, "127.0.0.1", 0)
    thread = threading.Thread(target=wire.run, daemon=True)
    thread.start()
    (tmp_path / "quirks.d").mkdir()
    (tmp_path / "quirks.d/90-local.toml").write_text(_block("[profile.our-printer]"), encoding="utf-8")
    slot = _block("[slot.printer]").replace("usblp:/dev/toiluot/printer", f"tcp://{wire.address}").replace("80mm-203", "our-printer")
    (tmp_path / "drivers.toml").write_text(f'quirks = "quirks.d"\n{slot}\n', encoding="utf-8")
    config = load_config(tmp_path / "drivers.toml")
    (wanted,) = config.slots
    assert facts(wanted)["width_dots"] == 512
    match, tie = config.quirks.advise(DeviceInfo("usbmisc", "/dev/usb/lp0", "0fe6", "811e", "", "", "whatever"))
    assert match is not None
    assert (match.profile, tie) == ("our-printer", False)
    journal = Journal(tmp_path / "jobs")
    printer = build(wanted, Parts(journal, lambda *_: None, lambda *_, **__: None, tmp_path, config.quirks))
    assert isinstance(printer, TicketPrinter)
    assert wanted.address is not None
    port = open_port(wanted.address)
    assert printer.greet(port) == Health()
    dots = bytes(0x55 for _ in range(64 * 200))
    assert printer.act(port, PrintJob("one", 512, 200, dots))[0].outcome is Outcome.PRINTED
    assert b"".join(sim.slips[0].rows) == dots
    port.close()
    wire.close()
    thread.join(5)
    journal.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("colour = true", "unknown key colour"),
        ("width_dots = 513", "multiple of 8"),
        ("band_rows = 1040", "1 to 1024"),
        ('clear = "hard"', "clear is none, enq, dc4"),
        ('cut = "scissors"', "cut is full, partial, none"),
        ("feed_lines = 99", "feed_lines 0 to 30"),
        ("roll_m = 0", "roll_m more than 0"),
        ('confirm = ["hope"]', "process_id and sensor"),
    ],
)
def test_a_mistake_in_a_profile_is_told_with_what_is_known(tmp_path: Path, line: str, said: str) -> None:
    given = {"width_dots": "width_dots = 512"} | {line.split(" ")[0]: line}
    (tmp_path / "90-local.toml").write_text("[profile.our-printer]\n" + "\n".join(given.values()), encoding="utf-8")
    with pytest.raises(QuirkError, match=said):
        load_quirks(tmp_path)
