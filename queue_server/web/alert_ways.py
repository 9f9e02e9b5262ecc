"""How an alert leaves the house: a signed webhook, an e-mail. One try each; when to try again is `alert_watch`'s.

A webhook goes only where it was set to go, by the rule of `outward`: its host is looked up once and judged, and the connection is
made to that very address. A redirect is not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from queue_server import outward
from queue_server.services.alert_words import OVER, headline, remedy
from toiluot_edge import Clock

TRY_S = 10.0
READ_MOST = 64 * 1024
SIGNATURE = "Toiluot-Signature"
ALERT_ID = "Toiluot-Alert"


class NotDelivered(Exception):
    """This try failed; the text says why, without anything secret."""


@dataclass(frozen=True, slots=True)
class Message:
    """One alert to tell: `what` is raised or cleared."""

    site: str
    site_name: str
    what: str
    alert: Mapping[str, Any]


class Way(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def least(self) -> str: ...

    def deliver(self, message: Message) -> None: ...


# ---------------------------------------------------------------- webhook
def resolve(host: str, port: int, *, private: bool) -> str:
    """The address to connect to, by the house's rule."""
    try:
        return outward.resolve(host, port, private=private)
    except outward.NotReachable as bad:
        raise NotDelivered(str(bad)) from bad


def sign(secret: bytes, at_s: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA-256 over the time, a full stop and the body, so that an old message cannot be sent again later."""
    return f"t={at_s},v1={hmac.new(secret, f'{at_s}.'.encode() + body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret: bytes
    clock: Clock
    private: bool = False
    least: str = "look"
    name: str = "webhook"

    def deliver(self, message: Message) -> None:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = resolve(host, port, private=self.private)
        body = json.dumps(_payload(message), ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Host": parts.netloc.rpartition("@")[2],
            "Content-Type": "application/json",
            "User-Agent": "toiluot-alerts",
            ALERT_ID: f"{message.alert['id']}:{message.what}",
            SIGNATURE: sign(self.secret, self.clock.wall_ms() // 1000, body),
        }
        target = httpx.URL(self.url).copy_with(host=address)
        try:
            with (
                httpx.Client(timeout=TRY_S, follow_redirects=False, trust_env=False) as http,
                http.stream("POST", target, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as cut:
            raise NotDelivered(f"no answer: {type(cut).__name__}") from cut
        if not 200 <= status < 300:
            raise NotDelivered(f"answered {status}" + (", which is a redirect and not followed" if 300 <= status < 400 else ""))


def _payload(message: Message) -> dict[str, Any]:
    alert = {name: message.alert[name] for name in ("id", "rule", "subject", "severity", "detail", "since", "raised_at", "cleared_at")}
    text = headline(message.alert)
    return {
        "site": message.site,
        "event": f"alert.{message.what}",
        "alert": alert,
        "text": OVER + text if message.what == "cleared" else text,
    }


# ---------------------------------------------------------------- e-mail
@dataclass(frozen=True, slots=True)
class Mail:
    """`security`: starttls, tls (from the first byte), or none, which only a server on this machine is spoken to with."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    clock: Clock
    security: str = "starttls"
    user: str = ""
    password: str = ""
    ca_file: str | None = None
    least: str = "urgent"
    name: str = "mail"

    def deliver(self, message: Message) -> None:
        self.post(self._letter(message))

    def post(self, letter: EmailMessage) -> None:
        """Hand over one letter with its addresses; what the house writes in any letter is added here."""
        letter["Date"] = format_datetime(datetime.fromtimestamp(self.clock.wall_ms() / 1000, UTC))
        letter["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or "localhost")
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answer comes back
        context = ssl.create_default_context(cafile=self.ca_file)
        try:
            if self.security == "tls":
                with smtplib.SMTP_SSL(self.host, self.port, timeout=TRY_S, context=context) as out:
                    self._send(out, letter)
            else:
                with smtplib.SMTP(self.host, self.port, timeout=TRY_S) as out:
                    if self.security == "starttls":
                        out.starttls(context=context)
                    self._send(out, letter)
        except (smtplib.SMTPException, OSError, UnicodeError) as bad:
            raise NotDelivered(f"mail server: {type(bad).__name__}") from bad

    def _send(self, out: smtplib.SMTP, letter: EmailMessage) -> None:
        if self.user:
            out.login(self.user, self.password)
        refused = out.send_message(letter)
        if refused:
            raise NotDelivered("the mail server took it for some of the addresses only")

    def _letter(self, message: Message) -> EmailMessage:
        letter, line = EmailMessage(), headline(message.alert)
        letter["Subject"] = f"[Tới Lượt] {message.site_name}: {OVER if message.what == 'cleared' else ''}{line}"
        letter["From"], letter["To"] = self.sender, ", ".join(self.to)
        rows = [line, "", remedy(message.alert), "", f"Từ: {message.alert['since']}", f"Báo lúc: {message.alert['raised_at']}"]
        if message.what == "cleared":
            rows.append(f"Hết lúc: {message.alert['cleared_at']}")
        letter.set_content(
            "\n".join([*rows, f"Mã: {message.alert['rule']} {message.alert['id']}", ""]), cte="quoted-printable"
        )  # not every mail server takes eight bits
        return letter
