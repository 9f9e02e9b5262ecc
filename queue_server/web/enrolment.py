"""Devices that ask to be admitted, and what a technician says: from requests to use-cases.

Holds the check that whoever asks holds the key it shows, the limits on asking and on wrong codes, and what is put to an admitted
device's answer: settings, certificate, servers. Rules stand in `services.enrolling` and `services.devices`.
"""

from __future__ import annotations

from typing import Any

from flask import request

from queue_server.contract import device as shared
from queue_server.contract.messages_identity import AcceptDevice, Enrol, ReplaceDevice
from queue_server.contract.strict import wire
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import Principal
from queue_server.services import device_settings, devices, enrolling
from queue_server.web.asking import address, signature
from queue_server.web.call import Addressed, Call, UseCase
from queue_server.web.signatures import check

Json = dict[str, Any]


# ---------------------------------------------------------------- a device asks
def ask(call: Call) -> Addressed:
    """Signed by the very key that it shows."""
    message: Enrol = call.message
    raw = enrolling.raw_key(message.public_key)
    _holder_of(raw)
    site = _site(call, message)
    who = Principal("device", f"key:{shared.keyid(raw)}", (site,), frozenset())
    told: Json = {"public_key": message.public_key, "role": message.role, "name": message.name or None, "join_key": message.join_key}
    hardware = wire(message.hardware) if message.hardware is not None else {}
    where, reached = address(), request.host_url.rstrip("/")

    def use_case(unit: Any) -> Json:
        return _answer(call, unit.repository, reached, enrolling.ask(unit, **told, hardware=hardware, address=where))

    return Addressed(who, site, use_case)


def standing(call: Call) -> Json:
    """How it stands: asked every five seconds, signed by the same key."""
    about = signature()
    with call.reader() as reader:
        row = reader.enrolment_anywhere(call.args["enrolment"])
        if about is None or row is None:
            raise Refusal("not_found", what="enrolment")
        proof = check(about, lambda keyid: shared.decode(row["public_key"]) if keyid == row["keyid"] else None)
        call.house.asking.poll(row["id"])
        return _answer(call, reader, request.host_url.rstrip("/"), enrolling.standing(reader, row["id"], proof.keyid, call.now_ms))


def _holder_of(raw: bytes) -> None:
    about = signature()
    if about is None:
        raise Refusal("signature_invalid", why="unsigned")
    check(about, lambda keyid: raw if keyid == shared.keyid(raw) else None)


def _site(call: Call, message: Enrol) -> str:
    """The one that is named, or the only one; a join key knows its own."""
    known = call.house.store.sites()
    if message.site:
        if message.site not in known:
            raise Refusal("not_found", what="site")
        return message.site
    if message.join_key:
        with call.reader() as reader:
            row = enrolling.join_key_row(reader, message.join_key)
        if row is not None:
            return str(row["site"])
    if len(known) != 1:
        raise Refusal("site_required")
    return str(known[0])


def _answer(call: Call, reader: Any, reached: str, body: Json) -> Json:
    """With the words of the server's own certificate while it waits; with all that a device needs once it is admitted."""
    authority = call.house.authority
    if body["state"] == "pending":
        return body | {"server_words": authority.ca_words, "ca_pem": authority.ca_pem}
    settings = device_settings.wanted(reader, body["site"], body["device"], [reached])
    signed = settings | {"signature": authority.sign_document(settings["document"])}
    servers = settings["document"]["servers"]
    trust = {"ca_pem": authority.ca_pem, "site_key": authority.site_key, "server_words": authority.ca_words}
    return body | {"config": signed, "servers": servers} | trust


def status(body: Json) -> int:
    """202 as long as nobody has decided."""
    return 202 if body.get("state") == "pending" else 200


# ---------------------------------------------------------------- a technician decides
def pending(call: Call) -> Json:
    with call.reader() as reader:
        found = enrolling.pending(reader, call.site, now=call.now_ms)
    return found | {"server_words": call.house.authority.ca_words}


def accept(call: Call) -> UseCase:
    message: AcceptDevice = call.message
    _code(call, call.args["enrolment"], message.user_code)
    body = {name: value for name, value in vars(message).items() if name != "request_id" and value is not None}
    return lambda unit: enrolling.accept(unit, call.args["enrolment"], **body)


def replace(call: Call) -> UseCase:
    """The same said from the dead device's page."""
    message: ReplaceDevice = call.message
    _code(call, message.enrolment, message.user_code)
    code, compared = message.user_code, message.words_match
    return lambda unit: enrolling.accept(unit, message.enrolment, replaces=call.args["device"], user_code=code, words_match=compared)


def _code(call: Call, enrolment: str, typed: str | None) -> None:
    if typed is None:
        return
    call.house.asking.code(call.who.actor)
    with call.reader() as reader:
        right = enrolling.code_is_right(reader, call.site, enrolment, typed)
    call.house.asking.code(call.who.actor, right)
    if not right:
        raise Refusal("wrong_code")


def refuse(call: Call) -> UseCase:
    return lambda unit: enrolling.refuse(unit, call.args["enrolment"], reason=call.message.reason)


def join_keys(call: Call) -> Json:
    with call.reader() as reader:
        return enrolling.join_keys(reader, call.site, now=call.now_ms)


def make_join_key(call: Call) -> UseCase:
    body = {name: value for name, value in vars(call.message).items() if name != "request_id"}
    return lambda unit: enrolling.make_join_key(unit, **body)


def revoke_join_key(call: Call) -> UseCase:
    return lambda unit: enrolling.revoke_join_key(unit, call.args["key"])


# ---------------------------------------------------------------- what becomes of a device
def identity(call: Call) -> Json:
    with call.reader() as reader:
        return devices.identity(reader, call.site, call.args["device"])


def suspend(call: Call) -> UseCase:
    return lambda unit: devices.suspend(unit, call.args["device"], reason=call.message.reason)


def resume(call: Call) -> UseCase:
    return lambda unit: devices.resume(unit, call.args["device"], reason=call.message.reason)


def revoke(call: Call) -> UseCase:
    return lambda unit: devices.revoke(unit, call.args["device"], reason=call.message.reason)


def lost(call: Call) -> UseCase:
    return lambda unit: devices.lost(unit, call.args["device"], since=call.message.since, reason=call.message.reason)


def rotate(call: Call) -> UseCase:
    """Only a device names the follower of its own key."""
    proof = call.proof
    if proof is None:
        raise Refusal("not_found", what="device")
    return lambda unit: devices.rotate(unit, call.who.id, proof.keyid, public_key=call.message.public_key)
