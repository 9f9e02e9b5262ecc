"""How alerts leave the house: a webhook and a mail server that really listen, their refusals, and where a webhook may not go."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import ipaddress
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from queue_server.bootstrap import Server, build, prepare
from queue_server.domain.principal import SYSTEM
from queue_server.outward import may_reach
from queue_server.services import access, alerting, configuring, fleet
from queue_server.services.closing import begin
from queue_server.web import metrics_port
from queue_server.web.alert_settings import BadSettings, load
from queue_server.web.alert_watch import AGAIN_S
from queue_server.web.alert_ways import NotDelivered, resolve
from tests.hall import HandClock
from tests.web.helpers import PASSWORD
from tests.web.sinks import HttpSink, MailSink

SECRET = "0123456789abcdef0123456789abcdef"
SITE = "P1"


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of our own for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("mail")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=localhost"]
    subprocess.run([*make, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Centre:
    """A live centre with one kiosk, watched by hand."""

    def __init__(self, folder: Path, made: Path) -> None:
        self.folder, self.url = folder, f"sqlite:///{folder}/site.db"
        shutil.copy(made, folder / "site.db")
        (folder / "secret").write_text(SECRET + "\n")
        self.own: Server | None = None

    def settings(self, text: str) -> Path:
        file = self.folder / "alerts.toml"
        file.write_text(text, encoding="utf-8")
        return file

    def run(self, text: str) -> Server:
        self.own = build(self.url, alerts=self.settings(text))
        return self.own

    def beat_all(self) -> None:
        """A kiosk with everything that can be told of one."""
        self.beat(
            "paper_low", paper_left=12, version="1", uptime_s=5, spool={"waiting": 1}, temperature_c=61, units={"toiluot-kiosk": 2},
            undervoltage={"now": False, "since_boot": True}, page={"age_s": 2, "restarts": 0}, config={"version": 3, "drift": []},
            storage={"free_mb": 900, "errors": 4, "life_pct": 30, "read_only": False, "writable": True},
        )  # fmt: skip

    def beat(self, code: str, paper_left: int | None = None, **report: Any) -> None:
        assert self.own is not None
        slots = [{"role": "printer", "state": "ready", "code": code, "paper_left": paper_left}]

        def write(repository: Any) -> None:
            unit = begin(repository, SITE, "test", SYSTEM)
            fleet.heartbeat(unit, device="kiosk-01", role="kiosk", slots=slots, clock={"synced": True, "skew_ms": -20}, **report)
            unit.finish()

        self.own.store.write(SITE, write)

    def outcomes(self) -> list[tuple[str, str, str, int]]:
        assert self.own is not None
        with self.own.store.read() as reader:
            rows = reader.events_after(SITE, 0, 1000)
        return [(r.data["what"], r.data["way"], r.data["outcome"], r.data["tries"]) for r in rows if r.type == "alert.told"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a centre, made once and copied for each test."""
    file = tmp_path_factory.mktemp("made") / "site.db"
    store = prepare(f"sqlite:///{file}")
    configuring.init_site(store, site=SITE, name="Phường Ví Dụ", kind="live")
    store.close()
    return file


@pytest.fixture
def centre(tmp_path: Path, made: Path) -> Iterator[Centre]:
    centre = Centre(tmp_path, made)
    yield centre
    if centre.own is not None:
        centre.own.close()


def test_a_webhook_is_told_once_with_a_signature_that_binds_time_and_body(centre: Centre) -> None:
    with HttpSink() as sink:
        url = f"http://127.0.0.1:{sink.port}/alarm?x=1"
        own = centre.run(f'[webhook]\nurl = "{url}"\nsecret_file = "{centre.folder}/secret"\nprivate = true\n')
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        own.watch.tell()
        ((path, headers, body),) = sink.seen
    told = json.loads(body)
    assert path == "/alarm?x=1"
    assert (told["site"], told["event"], told["alert"]["rule"], told["alert"]["subject"]) == (SITE, "alert.raised", "paper_out", "kiosk-01")
    assert told["text"] == "Kiosk-01 hết giấy"
    at, mark = (part.split("=")[1] for part in headers["Toiluot-Signature"].split(","))
    assert mark == hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Toiluot-Alert"] == f"{told['alert']['id']}:raised"
    assert headers["Host"] == f"127.0.0.1:{sink.port}"
    assert centre.outcomes() == [("raised", "webhook", "sent", 1)]


def test_a_refusal_and_a_redirect_are_tried_again_later_and_not_followed(centre: Centre) -> None:
    with HttpSink(500, 302) as sink:
        own = centre.run(f'[webhook]\nurl = "http://127.0.0.1:{sink.port}/"\nsecret_file = "{centre.folder}/secret"\nprivate = true\n')
        clock = HandClock()
        object.__setattr__(own.house, "clock", _Both(own.house.clock, clock))
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        own.watch.tell()
        assert len(sink.seen) == 1  # not before its time
        clock.forward(AGAIN_S[0])
        own.watch.tell()
        assert [path for path, _, _ in sink.seen] == ["/", "/"]  # nobody went /elsewhere
        clock.forward(AGAIN_S[1])
        own.watch.tell()
        assert len(sink.seen) == 3
    assert centre.outcomes() == [("raised", "webhook", "sent", 3)]


class _Both:
    """The server's wall clock, and a monotonic clock that moves by hand."""

    def __init__(self, wall: Any, hand: HandClock) -> None:
        self.wall_ms, self.monotonic = wall.wall_ms, hand.monotonic


@pytest.mark.full
def test_a_server_that_starts_again_tells_what_was_not_told(centre: Centre) -> None:
    with HttpSink(503) as sink:
        text = f'[webhook]\nurl = "http://127.0.0.1:{sink.port}/"\nsecret_file = "{centre.folder}/secret"\nprivate = true\n'
        own = centre.run(text)
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        own.close()
        own = centre.run(text)
        own.watch.tell()
        ids = [headers["Toiluot-Alert"] for _, headers, _ in sink.seen]
    assert len(ids) == 2
    assert ids[0] == ids[1]  # so the far end can tell a repeat


def test_a_letter_over_starttls_with_a_password_that_no_plain_line_saw(centre: Centre, cert: tuple[str, str]) -> None:
    (centre.folder / "password").write_text("mat-khau-thu\n")
    with MailSink(*cert, refuse=0) as sink:
        own = centre.run(
            f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nfrom = "toiluot@vidu.vn"\nto = ["a@vidu.vn", "b@vidu.vn"]\n'
            f'user = "toiluot"\npassword_file = "{centre.folder}/password"\nca_file = "{cert[0]}"\n'
        )
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        ((sender, to, text),) = sink.letters
        assert [words for safe, words in sink.talks if not safe and words.startswith("AUTH")] == []
        assert any(safe and words.startswith("AUTH") for safe, words in sink.talks)
    letter = email.message_from_string(text, policy=email.policy.default)
    assert (sender, to) == ("toiluot@vidu.vn", ["a@vidu.vn", "b@vidu.vn"])
    assert letter["Subject"] == "[Tới Lượt] Phường Ví Dụ: Kiosk-01 hết giấy"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Mở nắp, thay cuộn giấy" in letter.get_content()
    assert centre.outcomes() == [("raised", "mail", "sent", 1)]


@pytest.mark.full
def test_mail_asks_for_encryption_where_it_is_wanted_and_takes_no_foreign_certificate(centre: Centre, cert: tuple[str, str]) -> None:
    with MailSink() as plain, MailSink(*cert) as foreign:
        for sink in (plain, foreign):
            own = centre.run(f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nfrom = "t@vidu.vn"\nto = ["a@vidu.vn"]\n')
            centre.beat("paper_out")
            own.watch.look()
            own.watch.tell()
            own.close()
            assert sink.letters == []
            assert not any(words.startswith(("MAIL", "AUTH")) for _, words in sink.talks)
    centre.own = None


def test_what_is_only_worth_a_look_wakes_nobody_by_mail(centre: Centre) -> None:
    with MailSink() as sink:
        own = centre.run(f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nfrom = "t@vidu.vn"\nto = ["a@vidu.vn"]\n')
        centre.beat("ok")
        own.store.write(SITE, lambda repository: alerting._write(repository, SITE, (_finding("undervoltage"), _finding("paper_out")), ()))
        own.watch.tell()
        assert len(sink.letters) == 1
    assert sorted(centre.outcomes()) == [("raised", "mail", "not_wanted", 0), ("raised", "mail", "sent", 1)]


def _finding(rule: str) -> Any:
    from queue_server.domain.alerting import Finding

    return Finding(rule, "kiosk-01", 1)


@pytest.mark.full
def test_a_mail_server_that_says_later_is_asked_again(centre: Centre) -> None:
    with MailSink(refuse=1) as sink:
        own = centre.run(f'[mail]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nfrom = "t@vidu.vn"\nto = ["a@vidu.vn"]\n')
        clock = HandClock()
        object.__setattr__(own.house, "clock", _Both(own.house.clock, clock))
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        assert sink.letters == []
        clock.forward(AGAIN_S[0])
        own.watch.tell()
        assert len(sink.letters) == 1


# ---------------------------------------------------------------- where a webhook may go
@pytest.mark.parametrize(
    ("address", "plain", "private"),
    [
        ("203.0.113.7", False, True),  # documentation: not global, told as private by Python
        ("8.8.8.8", True, True),
        ("2001:4860:4860::8888", True, True),
        ("10.0.0.5", False, True),
        ("192.168.1.9", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:10.0.0.5", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("240.0.0.1", False, False),
    ],
)
def test_addresses(address: str, plain: bool, private: bool) -> None:
    where = ipaddress.ip_address(address)
    assert (may_reach(where, private=False), may_reach(where, private=True)) == (plain, private)


def test_a_name_is_judged_by_every_address_it_has() -> None:
    with pytest.raises(NotDelivered, match="private = true"):
        resolve("localhost", 80, private=False)
    assert resolve("localhost", 80, private=True) in ("127.0.0.1", "::1")
    with pytest.raises(NotDelivered, match="not found"):
        resolve("no-such-host.invalid", 80, private=True)


def test_a_loopback_webhook_without_leave_reaches_nobody(centre: Centre) -> None:
    with HttpSink() as sink:
        own = centre.run(f'[webhook]\nurl = "https://127.0.0.1:{sink.port}/"\nsecret_file = "{centre.folder}/secret"\n')
        centre.beat("paper_out")
        own.watch.look()
        own.watch.tell()
        assert sink.seen == []


# ---------------------------------------------------------------- the file
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense = 1", "nonsense: not a setting here"),
        ("off = ['paper']", "no rule 'paper'"),
        ("[limits]\noffline_s = 0", "above 0"),
        ("[limits]\noff = 3", "limits.off"),
        ("[webhook]\nurl = 'ftp://x'\nsecret_file = '{secret}'", "https://HOST/PATH"),
        ("[webhook]\nurl = 'http://x'\nsecret_file = '{secret}'", "private = true"),
        ("[webhook]\nurl = 'https://a:b@x/'\nsecret_file = '{secret}'", "without a password"),
        ("[webhook]\nurl = 'https://x'\nsecret_file = '/nowhere'", "cannot read"),
        ("[mail]\nhost = 'x'\nfrom = 'a b@c'\nto = ['a@b']", "mail.from"),
        ("[mail]\nhost = 'x'\nfrom = 'a@b'\nto = []", "at least one"),
        ("[mail]\nhost = 'x'\nfrom = 'a@b'\nto = ['a@b']\nsecurity = 'none'", "on this machine"),
        ("[mail]\nhost = 'localhost'\nfrom = 'a@b'\nto = ['a@b']\nsecurity = 'none'\nuser = 'x'", "never sent without encryption"),
        ("[mail", "alerts.toml"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "secret").write_text(SECRET)
    file = tmp_path / "alerts.toml"
    file.write_text(text.replace("{secret}", f"{tmp_path}/secret"))
    with pytest.raises(BadSettings, match=re.escape(why)) as bad:
        load(file, HandClock())
    assert SECRET not in str(bad.value)


# ---------------------------------------------------------------- figures
def test_every_figure_that_the_shipped_rules_name_is_exported(centre: Centre) -> None:
    """A full report of a kiosk, asked for as Prometheus asks; the rules file is read as YAML and its names are compared."""
    (centre.folder / "cert.pem").write_text("not a certificate")
    text = f'backups = "{centre.folder}"\ncertificates = ["{centre.folder}/cert.pem"]\n'
    centre.own = build(centre.url, alerts=centre.settings(text), metrics="127.0.0.1:0")
    centre.beat_all()
    centre.own.watch.look()
    assert centre.own.metrics is not None
    said = httpx.get(f"http://127.0.0.1:{centre.own.metrics.port}/metrics", trust_env=False).text
    exported = {name for name in re.findall(r"^(\w+)(?:\{| )", said, re.MULTILINE) if name != "HELP"}
    assert set(metrics_port.SITE) | set(metrics_port.DEVICE) <= exported | {"toiluot_tickets_waiting", "toiluot_oldest_wait_seconds"}
    assert 'toiluot_device_paper_slips{device="kiosk-01",site="P1",slot="printer"} 12.0' in said
    assert 'toiluot_alert_open{rule="paper_low",severity="look",site="P1",subject="kiosk-01"}' not in said  # it must last a minute
    assert 'toiluot_alert_open{rule="storage_errors",severity="urgent",site="P1",subject="kiosk-01"} 1.0' in said
    assert "process_resident_memory_bytes" in exported
    rules = yaml.safe_load((Path(__file__).parents[2] / "systemd/prometheus/toiluot.rules.yml").read_text(encoding="utf-8"))
    written = [rule for group in rules["groups"] for rule in group["rules"]]
    named = {name for rule in written for name in re.findall(r"\b(?:toiluot|process)_\w+", rule["expr"])}
    assert named <= set(metrics_port.SITE) | set(metrics_port.DEVICE)
    assert {rule["labels"]["severity"] for rule in written} == {"urgent", "look"}
    assert len({rule["alert"] for rule in written}) == len(written) > 12


def test_the_pages_show_what_stands(centre: Centre) -> None:
    own = centre.run("")
    centre.beat("paper_out")
    own.watch.look()
    key = own.store.write("", lambda rows: access.create_key(rows, name="t", scopes=("fleet", "issue"), sites=(SITE,)))
    with httpx.Client(
        transport=httpx.WSGITransport(app=own.flask), base_url="http://x", headers={"Authorization": f"Bearer {key}"}
    ) as http:
        found = http.get("/api/v1/alerts").json()["alerts"]
        assert [(each["rule"], each["severity"]) for each in found] == [("paper_out", "urgent")]
        told = http.get("/api/v1/availability", params={"days": 3}).json()
        assert [len(told["days"]), told["kiosks"], told["boards"]] == [3, 1, 0]
        assert http.get("/api/v1/availability", params={"days": 63}).status_code == 422


def test_the_strip_above_the_pages_and_the_page_of_availability(centre: Centre) -> None:
    own = centre.run("")
    centre.beat("paper_out")
    own.watch.look()
    digest = access.hash_password(PASSWORD)
    for role in ("technician", "director"):
        own.store.write(
            "", lambda r, role=role: access.create_person(r, login=role, name="Người Thử", role=role, sites=[SITE], password_hash=digest)
        )  # type: ignore[misc]
        with httpx.Client(transport=httpx.WSGITransport(app=own.flask), base_url="http://x", follow_redirects=True) as http:
            assert http.post("/login", json={"login": role, "password": PASSWORD}).status_code == 200
            for path in ("/technician", "/manager/live") if role == "director" else ("/technician/devices",):
                told = http.get(path).text
                assert "Kiosk-01 hết giấy" in told
                assert 'data-alert="bad"' in told
            shown = http.get("/availability").text
        assert "Độ sẵn sàng" in shown
        assert "99,9%" in shown
