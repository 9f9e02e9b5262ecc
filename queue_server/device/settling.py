"""What follows an admission: settings to their files, the site's word into `device.json`, the join file erased, units started.

Holds that order, which survives a power cut at any point: while `device.json` says nothing the device asks anew, and the
server knows its key. Also what root does for programs that are not root: `take_over` of a folder they put things into.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from queue_server.contract import device as shared

from . import config
from .files import Places, erase, private_folder, put, read_small
from .identity import Identity, decode, forget, pem
from .joining import Join

Json = dict[str, Any]
Run = Callable[[Sequence[str]], None]
Take = Callable[[Places, Identity, bytes, Run], None]
CONFIG, KEY, WIPE = "config.json", "device.key", "wipe.json"
PROFILE = ("panel", "printer")


class NotOurs(Exception):
    """What was handed over is not signed by whom it must be signed; nothing was done."""


def system(command: Sequence[str]) -> None:
    """Waits for no unit: this may run inside one that others wait for."""
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=60)


def settle(
    places: Places, identity: Identity, answer: Mapping[str, Any], join: Join | None, run: Run = system, *, settings: bool = True
) -> Json:
    """From the server's answer to a device that works. The facts it keeps."""
    facts = _facts(answer, join)
    signed = answer.get("config") if isinstance(answer.get("config"), Mapping) else {}
    document = dict(_document(signed)) if signed else {}
    trial = Identity(identity.folder, identity.key, facts)
    if signed and facts["site_key"] and not trial.signed_by_site(document, str(signed.get("signature") or "")):
        raise NotOurs("the settings do not carry the site's signature")
    whole = _completed(document, facts, answer.get("profile"), join)
    if settings:
        config.apply(places, whole, int(signed.get("version") or 0) if signed else 0)
    identity.keep(facts)
    if not settings:
        return facts
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
        "site_key": str(answer.get("site_key") or ""),  # told on a line that the authority has vouched for
    }


def _document(signed: Mapping[str, Any]) -> Mapping[str, Any]:
    document = signed.get("document")
    return document if isinstance(document, Mapping) else {}


def _completed(document: Mapping[str, Any], facts: Mapping[str, Any], profile: Any, join: Join | None) -> Json:
    """Who the device is comes from the admission; what that and the card say of panel and printer holds until the site says more."""
    whole: Json = {**document, "role": facts["role"], "name": facts["device"]}
    whole["servers"] = list(document.get("servers") or facts["servers"])
    given = profile if isinstance(profile, Mapping) else {}
    for key in PROFILE:
        value = given.get(key) or (getattr(join, key) if join else "")
        if value and not document.get(key):
            whole[key] = value
    return whole


# ---------------------------------------------------------------- root's part
def take_over(places: Places, identity: Identity, folder: Path, run: Run = system) -> list[str]:
    """Do what a program put into `folder`, where its signature allows it; what was done. What is not ours is erased and told.

    The folder belongs to that program, which may have been taken over: no link is followed, neither to it nor in it."""
    try:
        within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    except OSError as bad:
        return [f"{folder}: refused: {bad.strerror}"]
    try:
        acts = ((KEY, _take_key), (CONFIG, _take_config), (WIPE, _take_wipe))
        return [said for name, act in acts for said in _take_one(places, identity, within, name, act, run)]
    finally:
        os.close(within)


def _take_one(places: Places, identity: Identity, within: int, name: str, act: Take, run: Run) -> list[str]:
    try:
        content = read_small(Path(name), within)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as bad:
        said = f"{name}: refused: {bad}"
    else:
        try:
            act(places, identity, content, run)
            said = name
        except (NotOurs, ValueError, KeyError, TypeError, config.BadConfig, RecursionError) as bad:
            said = f"{name}: refused: {bad}"
    os.unlink(name, dir_fd=within)
    return [said]


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
    changed = config.apply(places, _completed(document, identity.facts, None, None), version)
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
    if places.root == Path("/"):  # started anew without a key the programs show that this machine was shut out, and nothing else
        run(["systemctl", "--no-block", "try-restart", *config.UNITS.get(identity.role, ())])


def wipe(places: Places, identity: Identity) -> None:
    """Nothing stays by which this machine could speak for the site."""
    forget(identity.folder)
    for name in ("kiosk.key", "display.key", "dossier.key", "dossier.secret", "applied.json"):
        erase(places.etc / name)


def hand_over(folder: Path, name: str, content: Any) -> None:
    """The program's half: whole or not there."""
    private_folder(folder)
    put(folder / name, json.dumps(content, ensure_ascii=False).encode(), 0o600)


def signed_key(identity: Identity, new: Ed25519PrivateKey) -> Json:
    raw = new.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"pem": pem(new).decode(), "signature": shared.encode(identity.key.sign(b"toiluot-rotate:" + raw))}
