#!/usr/bin/env python3
"""Verify a bundle of `toiluot server evidence` on any machine with Python 3.8 or newer. Nothing is installed, nothing is sent.

    python3 verify_evidence.py BUNDLE.zip [--site-key KEY]

Checks that not one byte differs from what the site signed; that every row of the day's log follows the row before; that the day's
seal holds that log; and that the counts and the sum of waits in `figures.json` are what the log adds up to. Prints one line for each
and exits 0 where everything holds, 1 where anything does not, 2 where the file cannot be read. Take this script from where you
trust it, not from the bundle you doubt; and the site's key (`--site-key`) from the site, by another way than the bundle.

Shares no code with the server, on purpose. The signature is Ed25519 (RFC 8032), verified here in whole numbers.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import sys
import zipfile
from collections import Counter
from typing import Any, Iterator  # noqa: UP035 - older machines than ours run this

FORMAT = "toiluot-evidence/1"
HASHED = (
    "site", "epoch", "seq", "at", "type", "subject", "business_day", "cmd", "actor", "config_version", "data", "ticket", "label",
    "service", "counter",
)  # fmt: skip
STATES = {"completed": "served", "no_show": "no_show", "cancelled": "cancelled", "expired": "expired", "moved": "moved"}
MOST_BYTES = 512 * 1024 * 1024


# ---------------------------------------------------------------- the signature: Ed25519, RFC 8032
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def added(a: Any, b: Any) -> Any:
    """Two points, in extended coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return (i * j % P, k * m % P, j * k % P, i * m % P)


def times(n: int, point: Any) -> Any:
    """A point n times."""
    found = ZERO
    while n:
        if n & 1:
            found = added(found, point)
        point, n = added(point, point), n >> 1
    return found


def point_of(text: bytes) -> Any:
    """The point of 32 bytes, or None."""
    if len(text) != 32:
        return None
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key signed exactly this."""
    if len(signature) != 64:
        return False
    own, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if own is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = times(s, BASE), added(r, times(h, own))
    return all((left[n] * right[2] - right[n] * left[2]) % P == 0 for n in (0, 1))


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---------------------------------------------------------------- the archive
def packed(parts: dict[str, bytes]) -> bytes:
    """The one archive of these parts: names in order, stored, no time, no owner."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            made.writestr(info, parts[name])
    return out.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """Name to bytes. ValueError where it is no archive that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as given:
            members = given.infolist()
            fits = sum(each.file_size for each in members) <= MOST_BYTES and len({each.filename for each in members}) == len(members)
            parts = {each.filename: given.read(each) for each in members} if fits else {}
    except Exception as broken:  # noqa: BLE001 - zipfile has a dozen ways to say it
        raise ValueError(str(broken) or type(broken).__name__) from None
    if not parts:
        raise ValueError("it holds nothing, or more than it may")
    return parts


# ---------------------------------------------------------------- the log
def row_hash(before: str, row: Any) -> str:
    body = json.dumps({name: row[name] for name in HASHED}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((before + body).encode()).hexdigest()


def broken_at(rows: list[Any]) -> int | None:
    """The sequence number of the first row that does not follow the one before; the chain begins anew with each day. None: all do."""
    before: Any = None
    for row in rows:
        same_day = before is not None and before["business_day"] == row["business_day"]
        if row_hash(before["hash"] if same_day else "", row) != row["hash"]:
            return int(row["seq"])
        if before is not None and (row["seq"] != before["seq"] + 1 or row["at"] < before["at"]):
            return int(row["seq"])
        before = row
    return None


def still_true(rows: list[Any]) -> list[Any]:
    """The rows of a ticket without those that were undone; a recall goes with what it followed."""
    kept: list[Any] = []
    for row in rows:
        if row["type"] == "undone":
            undone = row["data"]["undoes_seq"]
            kept = [old for old in kept if old["seq"] < undone or (old["seq"] > undone and old["type"] != "recalled")]
        else:
            kept.append(row)
    return kept


def visit(rows: list[Any]) -> tuple[str, bool, list[int], bool]:
    """How a ticket ended, whether it was ever called, and its waits in milliseconds: (state, called, waits, void)."""
    state, void = "waiting", False
    steps: list[list[Any]] = []
    for row in still_true(rows):
        kind, data = row["type"], row["data"]
        if steps and "entered_late" in data:
            steps[-1][2] = True
        if kind in ("issued", "arrived"):
            steps = [[data["available_from"], None, "entered_late" in data]]
        elif kind in ("transferred", "carried"):
            steps.append([row["at"] if kind == "transferred" else data["available_from"], None, False])
            state = "waiting"
        elif kind == "called" and steps[-1][1] is None:
            steps[-1][1], state = row["at"], "called"
        elif kind in STATES:
            state = kind
        elif kind == "closed_by_system":
            state = "no_show" if state == "called" else "completed"
        elif kind in NEXT:
            state = NEXT[kind]
        elif kind == "voided":
            void = True
    waits = [max(0, called - since) for since, called, late in steps if called is not None and not late]
    return state, any(step[1] is not None for step in steps), waits, void


NEXT = {
    "called": "called", "serving_started": "serving", "resumed": "serving", "held": "held", "released": "waiting", "readmitted": "waiting",
}  # fmt: skip


def counted(rows: list[Any], day: str) -> tuple[dict[str, int], int, int]:
    """The counts of the day's tickets, and how many waits there were and their sum."""
    tickets: dict[str, list[Any]] = {}
    for row in rows:
        if row["ticket"]:
            tickets.setdefault(row["ticket"], []).append(row)
    counts: dict[str, int] = Counter()
    n = sum_ms = 0
    for own in tickets.values():
        first = own[0]
        if first["type"] not in ("issued", "arrived") or first["data"]["business_day"] != day:
            continue
        state, called, waits, void = visit(own)
        counts["issued" if first["type"] == "issued" else "arrived"] += 1
        counts["called"] += called
        if state in STATES:
            counts[STATES[state]] += 1
        if not void:
            n, sum_ms = n + len(waits), sum_ms + sum(waits)
    return counts, n, sum_ms


# ---------------------------------------------------------------- all of it
def findings(content: bytes, site_key: str | None = None) -> Iterator[tuple[bool, str]]:
    """Yields (holds, words) for each thing that was looked at. ValueError where nothing can be looked at."""
    parts = unpacked(content)
    yield packed(parts) == content, "the archive is byte for byte the one that was made"
    if "manifest.json" not in parts or "manifest.sig" not in parts:
        raise ValueError("it has no manifest: this is no bundle of evidence")
    manifest = json.loads(parts["manifest.json"])
    if manifest.get("format") != FORMAT:
        raise ValueError(f"this script reads {FORMAT}, the bundle says {manifest.get('format')!r}")
    key = unbase64(manifest["site_key"])
    yield signed_by(key, parts["manifest.json"], unbase64(parts["manifest.sig"].decode("ascii"))), "the signature is the site key's"
    if site_key is not None:
        yield unbase64(site_key) == key, "the site key is the one that was given"
    listed = {name: hashlib.sha256(body).hexdigest() for name, body in parts.items() if name not in ("manifest.json", "manifest.sig")}
    yield listed == manifest["files"], "every file is the one that the manifest names"
    yield from of_log(parts, manifest)


def of_log(parts: dict[str, bytes], manifest: Any) -> Iterator[tuple[bool, str]]:
    """The chain, the seal and the figures."""
    day, site = manifest["day"], manifest["site"]
    rows = [json.loads(line) for line in parts["log.jsonl"].decode().splitlines()]
    after = [json.loads(line) for line in parts["close.jsonl"].decode().splitlines()]
    later = [json.loads(line) for line in parts["later.jsonl"].decode().splitlines()]
    whole = bool(rows) and all(row["business_day"] == day and row["site"] == site for row in rows)
    yield whole and rows[0]["type"] == "day.opened", f"the log is that day's, from its first row ({len(rows)} rows)"
    bad = broken_at(rows + after)
    yield bad is None, "every row follows the row before" if bad is None else f"row {bad} was changed or does not follow the row before"
    seal = json.loads(parts["seal.json"])
    if manifest["sealed"]:
        sealed = [row["data"] for row in after if row["type"] == "day.sealed" and row["data"]["day"] == day]
        text = json.dumps(seal["body"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        holds = sealed[-1:] == [seal["body"]] and seal["body"]["digest"] == rows[-1]["hash"] and seal["body"]["last_seq"] == rows[-1]["seq"]
        yield holds and hashlib.sha256(text.encode()).hexdigest() == seal["digest"], "the day's seal holds this log"
        following = seal["next"]
        yield following is None or following["previous"] == seal["digest"], "the next day's seal follows this one"
    figures, whole_log = json.loads(parts["figures.json"]), {row["seq"]: row for row in rows + after + later}
    counts, n, sum_ms = counted([whole_log[seq] for seq in sorted(whole_log)], day)
    for name in ("issued", "arrived", *STATES.values(), "called"):
        said = figures["counts"][name]
        yield said == counts[name], f"{name}: {said} in the figures, {counts[name]} by the log"
    waits = (figures["wait"]["n"], figures["wait"]["sum_ms"])
    yield waits == (n, sum_ms), f"waits: {waits[0]} of {waits[1]} ms together in the figures, {n} of {sum_ms} ms by the log"


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("bundle", metavar="BUNDLE.zip")
    parser.add_argument("--site-key", metavar="KEY", help="the site's key, known from the site itself")
    asked = parser.parse_args(arguments)
    wrong = 0
    try:
        with open(asked.bundle, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        for holds, words in findings(content, asked.site_key):
            print(f"{'ok' if holds else 'WRONG':5} {words}")
            wrong += not holds
        manifest = json.loads(unpacked(content)["manifest.json"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as unreadable:
        print(f"WRONG cannot be read as evidence: {unreadable}")
        return 1 if wrong or not isinstance(unreadable, OSError) else 2
    if not manifest["sealed"]:
        print("note  the day was still open: there is no seal yet, and more rows may follow")
    if asked.site_key is None:
        print(f"note  signed by the key {manifest['site_key']}; compare it with the site's, known from elsewhere")
    said = f"{wrong} wrong" if wrong else "all holds"
    print(f"{manifest['site']} of {manifest['day']}, made {manifest['made_at']}: {said}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
