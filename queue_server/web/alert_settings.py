"""`server run --alerts FILE`: limits of the rules, where backups lie, which certificates are watched, whom alerts are told to and who
gets the day report by e-mail.

Holds reading and checking alone. Secrets are never in the file, only the names of files that hold them, so that it can be shown to
anybody; systemd hands those over as credentials.

    backups = "/var/backups/toiluot"
    certificates = ["/etc/toiluot/server.crt"]
    off = ["paper_low"]

    [limits]
    queue_wait_over_s = 1800

    [webhook]
    url = "https://alerts.example.vn/toiluot"
    secret_file = "/etc/toiluot/alerts.secret"
    private = false

    [mail]
    host = "mail.example.vn"
    from = "toiluot@example.vn"
    to = ["kythuat@example.vn"]

    [report]
    to = ["giamdoc@example.vn"]
    attach = ["html", "xlsx"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from queue_server.domain.alerting import LOOK, RULES, URGENT, Limits, iter_limits
from queue_server.web.alert_ways import Mail, Way, Webhook
from toiluot_edge import Clock

SECRET_LEAST = 16
ATTACHED = ("html", "xlsx", "csv")


class BadSettings(ValueError):
    """The file cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class ReportMail:
    """The day report goes through the mail server of `[mail]`, to people of its own."""

    mail: Mail
    to: tuple[str, ...]
    attach: tuple[str, ...] = ("html", "xlsx")


@dataclass(frozen=True, slots=True)
class Settings:
    limits: Limits = field(default_factory=Limits)
    ways: tuple[Way, ...] = ()
    backups: Path | None = None
    certificates: tuple[Path, ...] = ()
    report: ReportMail | None = None


def load(path: Path, clock: Clock) -> Settings:
    """The settings of a file. Raises `BadSettings`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise BadSettings(f"{path}: {bad}") from bad
    _known(table, ("backups", "certificates", "off", "limits", "webhook", "mail", "report"), "")
    ways: list[Way] = []
    if "webhook" in table:
        ways.append(_webhook(_table(table, "webhook"), clock))
    if "mail" in table:
        ways.append(_mail(_table(table, "mail"), clock))
    report = _report(_table(table, "report"), ways) if "report" in table else None
    backups = _text(table, "backups", "") if "backups" in table else ""
    return Settings(
        _limits(table), tuple(ways), Path(backups) if backups else None, tuple(map(Path, _texts(table, "certificates", ""))), report
    )


def _limits(table: Mapping[str, Any]) -> Limits:
    limits = _table(table, "limits") if "limits" in table else {}
    _known(limits, tuple(iter_limits()), "limits.")
    for name, value in limits.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 10**9:
            raise BadSettings(f"limits.{name}: a whole number above 0 is expected")
    off = _texts(table, "off", "")
    for name in off:
        if name not in RULES:
            raise BadSettings(f"off: no rule {name!r}; the rules are {', '.join(sorted(RULES))}")
    return Limits(**limits, off=frozenset(off))


def _webhook(table: Mapping[str, Any], clock: Clock) -> Webhook:
    _known(table, ("url", "secret_file", "private", "least"), "webhook.")
    url, private = _text(table, "url", "webhook."), table.get("private", False)
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username is not None:
        raise BadSettings("webhook.url: https://HOST/PATH is expected, without a password in it")
    if not isinstance(private, bool):
        raise BadSettings("webhook.private: true or false is expected")
    if parts.scheme == "http" and not private:
        raise BadSettings("webhook.url: plain http is only for an address in your own network (private = true)")
    secret = _secret(table, "secret_file", "webhook.")
    if len(secret) < SECRET_LEAST:
        raise BadSettings(f"webhook.secret_file: at least {SECRET_LEAST} characters; make one with: openssl rand -hex 32")
    return Webhook(url, secret.encode(), clock, private, _least(table, "webhook.", LOOK))


def _mail(table: Mapping[str, Any], clock: Clock) -> Mail:
    _known(table, ("host", "port", "from", "to", "security", "user", "password_file", "ca_file", "least"), "mail.")
    host, sender, to = _text(table, "host", "mail."), _address(table.get("from"), "mail.from"), _texts(table, "to", "mail.")
    security = table.get("security", "starttls")
    if security not in ("starttls", "tls", "none"):
        raise BadSettings("mail.security: starttls, tls or none")
    if security == "none" and host not in ("localhost", "127.0.0.1", "::1"):
        raise BadSettings("mail.security: without encryption only a mail server on this machine is spoken to")
    if not to:
        raise BadSettings("mail.to: a list of at least one address")
    port = table.get("port", {"starttls": 587, "tls": 465, "none": 25}[security])
    if not isinstance(port, int) or not 0 < port < 65_536:
        raise BadSettings("mail.port: 1 to 65535")
    user = _text(table, "user", "mail.") if "user" in table else ""
    password = _secret(table, "password_file", "mail.") if "password_file" in table else ""
    if not password.isascii():
        raise BadSettings("mail.password_file: only ASCII letters; others are sent differently by each mail server")
    if user and security == "none":
        raise BadSettings("mail.user: a password is never sent without encryption")
    ca_file = _text(table, "ca_file", "mail.") if "ca_file" in table else None
    return Mail(
        host, port, sender, tuple(_address(each, "mail.to") for each in to), clock, security, user, password, ca_file,
        _least(table, "mail.", URGENT),
    )  # fmt: skip


def _report(table: Mapping[str, Any], ways: list[Way]) -> ReportMail:
    _known(table, ("to", "attach"), "report.")
    mail = next((way for way in ways if isinstance(way, Mail)), None)
    if mail is None:
        raise BadSettings("report: it goes by e-mail, so [mail] must say through which server")
    to, attach = _texts(table, "to", "report."), _texts(table, "attach", "report.") or ["html", "xlsx"]
    if not to:
        raise BadSettings("report.to: a list of at least one address")
    if not set(attach) <= set(ATTACHED):
        raise BadSettings(f"report.attach: {', '.join(ATTACHED)}")
    return ReportMail(mail, tuple(_address(each, "report.to") for each in to), tuple(dict.fromkeys(attach)))


# ---------------------------------------------------------------- small readers
def _known(table: Mapping[str, Any], names: tuple[str, ...], prefix: str) -> None:
    for name in table:
        if name not in names:
            raise BadSettings(f"{prefix}{name}: not a setting here; known are {', '.join(names)}")


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not isinstance(table[name], Mapping):
        raise BadSettings(f"{name}: a table is expected")
    return dict(table[name])


def _text(table: Mapping[str, Any], name: str, prefix: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip() or any(ord(letter) < 32 for letter in value):
        raise BadSettings(f"{prefix}{name}: a text is expected")
    return value.strip()


def _texts(table: Mapping[str, Any], name: str, prefix: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise BadSettings(f"{prefix}{name}: a list of texts is expected")
    return [each.strip() for each in value]


def _address(value: Any, name: str) -> str:
    """An address that stays one header line."""
    if (
        not isinstance(value, str)
        or value.count("@") != 1
        or not value.isascii()
        or any(letter.isspace() or letter in ",;<>" for letter in value)
    ):
        raise BadSettings(f"{name}: an e-mail address, e.g. kythuat@example.vn")
    return value


def _least(table: Mapping[str, Any], prefix: str, default: str) -> str:
    value = table.get("least", default)
    if value not in (URGENT, LOOK):
        raise BadSettings(f"{prefix}least: urgent or look")
    return str(value)


def _secret(table: Mapping[str, Any], name: str, prefix: str) -> str:
    path = Path(_text(table, name, prefix))
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as bad:
        raise BadSettings(f"{prefix}{name}: cannot read {path}: {type(bad).__name__}") from bad
