"""What follows an admission: settings to their files, the site's word into `device.json`, the join file erased, units started.

Holds that order, which survives a power cut at any point: while `device.json` says nothing the device asks anew, and the
server knows its key. Also what root does for programs that are not root: `take_over` of a folder they put things into.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from queue_server.contract import device as shared

from . import config
from .files import Places, erase, put, read_small
from .identity import Identity, decode, forget, pem
from .joining import Join
from .trusting import authority_key

Json = dict[str, Any]
Run = Callable[[Sequence[str]], None]
CONFIG, KEY, WIPE = "config.json", "device.key", "wipe.json"
PROFILE = ("panel", "printer")


class NotOurs(Exception):
    """What was handed over is not signed by whom it must be signed; nothing was done."""


def system(command: Sequence[str]) -> None:
    """Waits for no unit: this may run inside one that others wait for."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=60)


def settle(places: Places, identity: Identity, answer: Mapping[str, Any], join: Join | None, run: Run = system) -> Json:
    """From the server's answer to a device that works. The facts it keeps."""
    facts = _facts(answer, join)
    signed = answer.get("config") if isinstance(answer.get("config"), Mapping) else {}
    document = dict(_document(signed)) if signed else {}
    trial = Identity(identity.folder, identity.key, facts)
    if signed and facts["site_key"] and not trial.signed_by_site(document, str(signed.get("signature") or "")):
        raise NotOurs("the settings do not carry the site's signature")
    whole = _completed(document, facts, join)
    config.apply(places, whole, int(signed.get("version") or 0) if signed else 0)
    identity.keep(facts)
    erase(places.join)
    if places.root == Path("/"):
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--now", "--no-block", *config.UNITS.get(str(facts["role"]), ())])
    return facts


def _facts(answer: Mapping[str, Any], join: Join | None) -> Json:
    pin = join.ca_pem if join else ""
    ca_pem = pin or str(answer.get("ca_pem") or "")
    return {
        "device": str(answer["device"]),
        "site": str(answer.get("site") or ""),
        "role": str(answer.get("role") or (join.role if join else "")),
        "name": str(answer.get("name") or answer["device"]),
        "servers": [str(one) for one in answer.get("servers") or (join.servers if join else ())],
        "ca_pem": ca_pem,
        # Where the authority was pinned, its own key is the site's: no one else's word is taken for it.
        "site_key": authority_key(ca_pem) or str(answer.get("site_key") or ""),
    }


def _document(signed: Mapping[str, Any]) -> Mapping[str, Any]:
    document = signed.get("document")
    return document if isinstance(document, Mapping) else {}


def _completed(document: Mapping[str, Any], facts: Mapping[str, Any], join: Join | None) -> Json:
    """Who the device is comes from the admission; what the card said of panel and printer holds until the site says more."""
    whole: Json = {**document, "role": facts["role"], "name": facts["device"]}
    whole["servers"] = list(document.get("servers") or facts["servers"])
    if join is not None:
        if join.panel and not document.get("panel"):
            whole["panel"] = join.panel
        if join.printer and not document.get("printer"):
            whole["printer"] = {"profile": join.printer}
    return whole


# ---------------------------------------------------------------- root's part
def take_over(places: Places, identity: Identity, folder: Path, run: Run = system) -> list[str]:
    """Do what a program put into `folder`, where its signature allows it; what was done. What is not ours is erased and told."""
    done: list[str] = []
    for name, act in ((KEY, _take_key), (CONFIG, _take_config), (WIPE, _take_wipe)):
        path = folder / name
        if not path.exists():
            continue
        try:
            act(places, identity, read_small(path), run)
            done.append(name)
        except (NotOurs, ValueError, KeyError, TypeError, config.BadConfig, RecursionError) as bad:
            done.append(f"{name}: refused: {bad}")
        erase(path)
    return done


def _signed(identity: Identity, content: bytes) -> tuple[Json, Json]:
    told = json.loads(content)
    document = told["document"]
    if not isinstance(document, dict) or not identity.signed_by_site(document, str(told["signature"])):
        raise NotOurs("no signature of this site")
    return told, document


def _take_config(places: Places, identity: Identity, content: bytes, run: Run) -> None:
    told, document = _signed(identity, content)
    version = int(told["version"])
    if version < config.applied(places).version and not told.get("rollback"):
        raise NotOurs("older than what stands here")
    if document.get("name") not in (None, identity.device):
        raise NotOurs("another device's")
    changed = config.apply(places, _completed(document, identity.facts, None), version)
    if document.get("servers"):
        identity.keep({**identity.facts, "servers": [str(one) for one in document["servers"]]})
    if places.root == Path("/") and changed:
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "--no-block", "try-restart", *config.UNITS.get(identity.role, ())])


def _take_key(places: Places, identity: Identity, content: bytes, run: Run) -> None:
    """A new key, carried by a signature of the one that stands here."""
    told = json.loads(content)
    new = serialization.load_pem_private_key(str(told["pem"]).encode(), None)
    if not isinstance(new, Ed25519PrivateKey):
        raise NotOurs("no Ed25519 key")
    raw = new.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    try:
        identity.key.public_key().verify(decode(str(told["signature"])), b"toiluot-rotate:" + raw)
    except InvalidSignature as bad:
        raise NotOurs("not signed by this device's key") from bad
    identity.replace_key(new)
    if places.root == Path("/"):  # the programs hold copies of the old one
        run(["systemctl", "--no-block", "try-restart", *config.UNITS.get(identity.role, ())])


def _take_wipe(places: Places, identity: Identity, content: bytes, run: Run) -> None:
    _, document = _signed(identity, content)
    if document != shared.wipe_document(identity.keyid):
        raise NotOurs("not for this device's key")
    wipe(places, identity)
    if places.root == Path("/"):
        run(["systemctl", "--no-block", "restart", "toiluot-enrol.service"])
        run(["systemctl", "--no-block", "stop", *(unit for unit in config.UNITS.get(identity.role, ()) if "screen" not in unit)])


def wipe(places: Places, identity: Identity) -> None:
    """Nothing stays by which this machine could speak for the site."""
    forget(identity.folder)
    for name in ("kiosk.env", "display.env", "kiosk.key", "display.key", "applied.json"):
        erase(places.etc / name)


def hand_over(folder: Path, name: str, content: Any) -> None:
    """The program's half: whole or not there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    put(folder / name, json.dumps(content, ensure_ascii=False).encode(), 0o600)


def signed_key(identity: Identity, new: Ed25519PrivateKey) -> Json:
    raw = new.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"pem": pem(new).decode(), "signature": shared.encode(identity.key.sign(b"toiluot-rotate:" + raw))}
