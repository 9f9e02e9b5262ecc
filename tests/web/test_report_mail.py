"""The day report by e-mail at the close of the day: through a mail server that really listens, and through one that is away."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from queue_server.services import configuring, days, queries
from queue_server.storage.store import Store, migrate, open_store
from queue_server.web.alert_settings import BadSettings, load
from queue_server.web.alert_watch import AlertWatch
from queue_server.web.house import House
from queue_server.web.report_post import AGAIN_S
from tests.hall import SITE, Hall, HandClock
from tests.web.sinks import MailSink
from toiluot_edge import setup_log

DAY = "2026-11-23"
MAIL = '[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nfrom = "toiluot@example.vn"\nto = ["kythuat@example.vn"]\n'
REPORT = '[report]\nto = ["giamdoc@example.vn", "pho@example.vn"]\nattach = ["html", "xlsx", "csv"]\n'


class Night:
    """A live centre whose Monday is over and closed, with its server's threads moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self.clock = folder, f"sqlite:///{folder}/site.db", HandClock()
        migrate(self.url)
        store = open_store(self.url, self.clock)
        configuring.init_site(store, site=SITE, name="Phường Ví Dụ", kind="live")
        hall = Hall(store, self.clock)
        hall.open()
        for _ in range(3):
            hall.issue()
            self.clock.forward(120)
            hall.next()
        self.clock.forward(24 * 3600)
        assert days.turn(store, SITE)
        store.close()
        self.store: Store | None = None

    def serve(self, port: int) -> AlertWatch:
        """As after a restart, with this mail server."""
        self.close()
        file = self.folder / "alerts.toml"
        file.write_text(MAIL.format(port=port) + REPORT, encoding="utf-8")
        self.store = open_store(self.url, self.clock)
        house = House(store=self.store, clock=self.clock, log=setup_log("server"), version="1")
        return AlertWatch(house, load(file, self.clock))

    def close(self) -> None:
        if self.store is not None:
            self.store.close()

    def rows(self) -> list[tuple[str, str]]:
        """What the log says of reports: the type of each row and how it went."""
        assert self.store is not None
        with self.store.read() as reader:
            return [(row.type, row.data.get("outcome", "")) for row in reader.events_of(SITE, f"report:{DAY}")]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    made = Night(tmp_path)
    yield made
    made.close()


def parts_of(letter: str) -> tuple[EmailMessage, dict[str, bytes]]:
    read = email.message_from_string(letter, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read, {str(part.get_filename()): part.get_payload(decode=True) for part in read.iter_attachments()}  # type: ignore[misc]


def test_the_closed_day_is_sent_once_with_the_figures_of_the_contract(night: Night) -> None:
    with MailSink() as sink:
        watch = night.serve(sink.port)
        watch.report()
        watch.report()
        ((sender, to, text),) = sink.letters
    letter, files = parts_of(text)
    assert night.store is not None
    with night.store.read() as reader:
        figures = queries.day_figures(reader, SITE, DAY, now=night.clock.at_ms)
    assert (sender, to) == ("toiluot@example.vn", ["giamdoc@example.vn", "pho@example.vn"])
    assert letter["Subject"] == "[Tới Lượt] Phường Ví Dụ: báo cáo ngày 23/11/2026"
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Lượt lấy số: 3; đã gọi 3" in body.get_content()
    assert figures["digest"] in body.get_content()
    assert figures["version"] == 1
    assert sorted(files) == [f"bao-cao-{SITE}-{DAY}.{ending}" for ending in ("csv", "html", "xlsx")]
    assert figures["digest"].encode() in files[f"bao-cao-{SITE}-{DAY}.html"]
    assert files[f"bao-cao-{SITE}-{DAY}.xlsx"].startswith(b"PK")
    assert night.rows() == [("report.wanted", ""), ("report.told", "sent")]


def test_a_mail_server_that_is_away_loses_nothing_over_a_restart(night: Night) -> None:
    with MailSink(refuse=1) as sink:
        night.serve(sink.port).report()
        assert sink.letters == []
    watch = night.serve(1)  # nobody listens there
    watch.report()
    assert night.rows() == [("report.wanted", "")]
    night.clock.forward(20 * 86_400)
    with MailSink() as sink:
        watch = night.serve(sink.port)
        watch.report()
        assert len(sink.letters) == 1
        assert night.rows() == [("report.wanted", ""), ("report.told", "sent")]


def test_a_server_that_refuses_is_asked_again_later_and_not_at_once(night: Night) -> None:
    with MailSink(refuse=1) as sink:
        watch = night.serve(sink.port)
        for _ in range(3):
            watch.report()
        assert sink.letters == []
        night.clock.forward(AGAIN_S[0] + 1)
        watch.report()
        assert len(sink.letters) == 1


def test_days_from_before_the_setting_are_not_sent(night: Night) -> None:
    night.clock.forward(5 * 86_400)
    with MailSink() as sink:
        night.serve(sink.port).report()
        assert (sink.letters, night.rows()) == ([], [])


def test_a_report_that_could_not_be_sent_for_a_month_is_given_up_in_the_log(night: Night) -> None:
    watch = night.serve(1)
    watch.report()
    night.clock.forward(30 * 86_400)
    watch.report()
    assert night.rows() == [("report.wanted", ""), ("report.told", "given_up")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (REPORT, "[mail] must say"),
        (MAIL.format(port=25) + "[report]\nto = []\n", "report.to"),
        (MAIL.format(port=25) + '[report]\nto = ["a@b.vn"]\nattach = ["pdf"]\n', "report.attach"),
        (MAIL.format(port=25) + '[report]\nto = ["a@b.vn\\nBcc: x@y"]\n', "report.to"),
        (MAIL.format(port=25) + '[report]\nto = ["a@b.vn"]\nat = "17:00"\n', "report.at"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=said.replace("[", r"\[")):
        load(file, HandClock())
