"""A bundle of evidence of one business day: its log, seal, figures, their definitions and the configuration, signed by the site.

Whoever gets it verifies it without us, by `verify_evidence.py` inside it or, better, by their own copy. Holds what goes in and in
which form; the key that signs is `authority`'s. What of it may be shown to whom stands in `docs/evidence.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from queue_server.audit.verify_evidence import FORMAT, HASHED, packed
from queue_server.contract import position, times
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.event import Event, canonical
from queue_server.services import queries

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

PAGE = 2000
CLOSE_MOST = 20_000  # rows of the close itself: one per person, counter and lease that were left open
SCRIPT = Path(__file__).with_name("verify_evidence.py")
README = """Bằng chứng một ngày làm việc của Tới Lượt / Evidence of one business day

  python3 verify_evidence.py FILE.zip --site-key KEY

Chạy trên máy bất kỳ có Python 3.8 trở lên, không cần mạng. Lấy tệp verify_evidence.py và khoá của điểm (KEY) từ nơi bạn tin, không lấy
từ chính gói này. Trong gói có mã số hồ sơ: chỉ đưa cho người được phép xem hồ sơ.

Runs on any machine with Python 3.8 or newer, without a network. Take verify_evidence.py and the site's key (KEY) from where you trust
them, not from this bundle. It holds dossier codes: give it to nobody who may not see dossiers.

log.jsonl      every row of the day's log, in order, each with its hash (SHA-256 over the hash before it and the row, RFC 8785)
close.jsonl    the rows after it until the day was sealed
later.jsonl    later rows about the day's numbers (corrections, slips entered later); verified by the signature alone
seal.json      the seal: the hash of the day's last row, chained to the seal before
figures.json   the figures as published, and definitions.json what each one means
config-N.json  the configuration in force
manifest.json  the SHA-256 of every file, the site's key; manifest.sig: its Ed25519 signature over manifest.json
"""


def bundle(reader: Reader, site: str, day: str, *, now: int, software: str, key: str, sign: Callable[[dict[str, Any]], str]) -> bytes:
    """The archive of a business day. `sign` signs a document in canonical form under `key`."""
    row, _ = queries.house(reader, site)
    rows, after, seal = _log(reader, site, day)
    later = _later(reader, site, day, {event.seq for event in (*rows, *after)})
    figures = queries.day_figures(reader, site, day, now=now)
    definitions = figures.pop("definitions")
    versions = sorted({event.config_version for event in rows} | {row["config_version"]})
    parts = {
        "README.txt": README,
        "log.jsonl": _lines(rows),
        "close.jsonl": _lines(after),
        "later.jsonl": _lines(later),
        "seal.json": _pretty(seal),
        "figures.json": _pretty(figures),
        "definitions.json": _pretty(definitions),
        SCRIPT.name: SCRIPT.read_text("utf-8"),
        **{f"config-{version}.json": _pretty(reader.config(site, version)) for version in versions},
    }
    files = {name: text.encode() for name, text in parts.items()}
    manifest = {
        "format": FORMAT, "site": site, "day": day, "sealed": seal is not None, "made_at": times.encode(now), "software": software,
        "position": position.encode(row["epoch"], row["seq"]), "config_versions": versions, "rows": len(rows), "site_key": key,
        "files": {name: hashlib.sha256(body).hexdigest() for name, body in files.items()},
    }  # fmt: skip
    return packed(files | {"manifest.json": canonical(manifest).encode(), "manifest.sig": sign(manifest).encode()})


def _log(reader: Reader, site: str, day: str) -> tuple[list[Event], list[Event], dict[str, Any] | None]:
    """The day's rows, the rows after them until its seal, and the seal; the seal is None while the day is open."""
    seals = reader.seals(site)
    own = next((n for n, each in enumerate(seals) if each["business_day"] == day), None)
    if own is None:
        rows = _day_rows(reader, site, day, seals[-1]["last_seq"] if seals else 0)
        if not rows:
            raise invalid("?day", "unknown_day", f"nothing happened on {day}, or its rows are no longer kept")
        return rows, [], None
    sealed = seals[own]
    rows = _day_rows(reader, site, day, sealed["first_seq"] - 1)
    if not rows or rows[-1].seq != sealed["last_seq"]:
        raise Refusal("damaged", detail=f"the rows of {day} are not all there; see toiluot server check")
    after: list[Event] = []
    for event in reader.events_after(site, sealed["last_seq"], CLOSE_MOST):
        after.append(event)
        if event.type == "day.sealed" and event.data["day"] == day:
            break
    following = seals[own + 1] if own + 1 < len(seals) else None
    body = after[-1].data
    following_json = {"day": following["business_day"], "previous": following["previous"]} if following else None
    return rows, after, {"digest": sealed["digest"], "sealed_at": times.encode(sealed["sealed_at"]), "body": body, "next": following_json}


def _day_rows(reader: Reader, site: str, day: str, after: int) -> list[Event]:
    rows: list[Event] = []
    while page := reader.events_after(site, rows[-1].seq if rows else after, PAGE):
        own = [event for event in page if event.business_day == day]
        rows += own
        if len(own) < len(page):
            break
    return rows


def _later(reader: Reader, site: str, day: str, told: set[int]) -> list[Event]:
    """Every other row about the day's tickets, by its place in the log."""
    tickets = reader.tickets_of_day(site, day)
    rows = [event for each in tickets for event in reader.events_of(site, f"ticket:{each.id}") if event.seq not in told]
    return sorted(rows, key=lambda event: event.seq)


def _lines(rows: Iterable[Event]) -> str:
    return "".join(f"{canonical({name: getattr(event, name) for name in (*HASHED, 'hash')})}\n" for event in rows)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
