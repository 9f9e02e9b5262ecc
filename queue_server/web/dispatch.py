"""From the route table to answered requests: credential, permission, site, strict reading, use-case, answer.

Holds the one path that every call of the API goes along. It knows no call by name.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Flask, Response, redirect, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from queue_server.contract import strict
from queue_server.contract.orders import MAX_FILE_BYTES
from queue_server.contract.problem import FieldFault, Invalid, TooLarge
from queue_server.contract.vocabulary import MAX_BODY_BYTES
from queue_server.domain.errors import Refusal
from queue_server.domain.principal import Principal
from queue_server.services import command, devices
from queue_server.web.asking import address, check_csrf, current, guessing, is_form, json_response, json_text
from queue_server.web.auth import Gate, allow, choose_site
from queue_server.web.call import Addressed, Call, Route
from queue_server.web.house import House
from queue_server.web.routes import ROUTES, full_path
from queue_server.web.standing import HEADER

__all__ = ["check_csrf", "current", "register"]
NOBODY = Principal("system", "nobody", (), frozenset())
ARGUMENT = re.compile(r"[^\x00-\x1f\x7f]{1,128}")


def register(app: Flask, house: House, gate: Gate) -> None:
    """One Flask rule per row of the table; streams are served beside Flask."""
    for route in ROUTES:
        if route.kind != "stream":
            rule = re.sub(r"\{(\w+)\}", r"<\1>", full_path(route))
            app.add_url_rule(rule, route.name, _view(route, house, gate), methods=[route.method], provide_automatic_options=False)


def _view(route: Route, house: House, gate: Gate) -> Callable[..., AnyResponse]:
    def view(**args: str) -> AnyResponse:
        request.max_content_length = MAX_FILE_BYTES if route.kind == "upload" else MAX_BODY_BYTES  # a signature covers the body
        who, site, credential = NOBODY, "", None
        if route.needs:
            credential = current(gate)
            if credential is None:
                gate.limits.stranger(address())
                raise Refusal("unauthenticated")
            allow(credential.who, route.needs)
            check_csrf(credential)
            who = credential.who
            site = choose_site(who, request.args.get("site")) if route.sited else ""
        if not all(ARGUMENT.fullmatch(value) for value in args.values()):
            raise Refusal("not_found")
        query, message = _query(route), _brought(route) if route.kind == "upload" else _message(route)
        call = Call(house, who, site, args, query, message, house.clock.wall_ms())
        if credential is not None:
            call = replace(call, zone=credential.zone, proof=credential.proof, window=credential.window)
        return _BY_KIND.get(route.kind, _read)(route, call)

    if route.counted:
        return _counted(view, gate)
    if "token" in route.path:
        return _guarded(view, gate)
    return _limited(view, gate) if route.kind == "published" else view


def _counted(view: Callable[..., AnyResponse], gate: Gate) -> Callable[..., AnyResponse]:
    def counted(**args: str) -> AnyResponse:
        gate.limits.stranger(address())
        gate.limits.booking(address())
        return view(**args)

    return counted


def _limited(view: Callable[..., AnyResponse], gate: Gate) -> Callable[..., AnyResponse]:
    def limited(**args: str) -> AnyResponse:
        gate.limits.stranger(address())
        return view(**args)

    return limited


def _guarded(view: Callable[..., AnyResponse], gate: Gate) -> Callable[..., AnyResponse]:
    def guarded(**args: str) -> AnyResponse:
        with guessing(gate, args["token"]):
            return view(**args)

    return guarded


# ---------------------------------------------------------------- reading what was sent
def _query(route: Route) -> dict[str, Any]:
    """Declared query parameters by their kinds. Others are left alone: proxies and browsers add their own."""
    found: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for param in route.query:
        given = request.args.get(param.name)
        if given is None or given == "":
            if param.required:
                faults.append(FieldFault(f"?{param.name}", "required", "this parameter is required"))
            continue
        found[param.name] = strict.read_text(param.kind, given, f"?{param.name}", faults)
    if faults:
        raise Invalid(faults)
    return found


def _message(route: Route) -> Any:
    if route.message is None:
        return None
    if route.form and is_form():
        return strict.read(route.message, _form_fields(route.message))
    if request.mimetype != "application/json":
        raise Refusal("unsupported_type")
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise TooLarge
    return strict.read(route.message, strict.load(request.get_data(cache=True)))


def _brought(route: Route) -> tuple[str, bytes]:
    """A file as it was sent. Its type is one of those that the call takes; whether it is what it says is judged by its content."""
    if request.mimetype not in route.takes:
        raise Refusal("unsupported_type")
    if (request.content_length or 0) > MAX_FILE_BYTES:
        raise TooLarge
    return request.mimetype, request.get_data(cache=True)


def _form_fields(message: type[Any]) -> Mapping[str, Any]:
    """A form knows only text; a whole number is read as one. The CSRF field is the session's, not the message's."""
    fields = {name: value for name, value in request.form.items() if name != "csrf_token"}
    whole = {name: int(fields[name]) for name in ("stars", "count") if re.fullmatch(r"[0-9]{1,3}", fields.get(name, ""))}
    return {**fields, **whole}


# ---------------------------------------------------------------- acting and answering
def fingerprint(call: Call) -> str:
    """What makes two requests the same command: the ids in the path and the fields, in canonical form."""
    body = strict.wire(call.message)
    for name in ("request_id", *getattr(call.message, "UNMARKED", ())):
        body.pop(name, None)
    text = json.dumps([dict(call.args), body], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def order_of(route: Route, call: Call) -> command.Command:
    """The command that a call of a route is."""
    label = f"{route.method} {route.path}"
    return command.Command(
        request_id=call.message.request_id, site=call.site, who=call.who, call=label, fingerprint=fingerprint(call), secret=route.secret
    )


def _command(route: Route, call: Call) -> AnyResponse:
    who, site = call.who, call.site
    use_case = route.handler(call)
    if isinstance(use_case, Addressed):
        who, site, use_case = use_case.who, use_case.site, use_case.use_case
    call.house.standing.check(site, request.headers.get(HEADER) if call.who is not NOBODY else None)
    if call.proof is not None:
        use_case = devices.counted(use_case, call.proof.keyid, call.window, call.proof.counter)
    if route.kind == "beat":
        return _answered(route, command.beat(call.house.store, site, who, use_case))
    order = order_of(route, replace(call, who=who, site=site))
    try:
        done = command.run(call.house.store, order, use_case, status=route.success)
    except Refusal as no:
        if route.again is None or not is_form():
            raise
        return redirect(route.again(call, no.code), code=303)
    if route.form and is_form():
        return redirect(route.leads_to(call, done.body) if route.leads_to else _own_page(route, call), code=303)
    response = json_text(done.text, 200 if done.replayed else route.success)
    response.headers[HEADER] = str(call.house.standing.epoch(site))
    if done.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _own_page(route: Route, call: Call) -> str:
    """The page of whoever holds the token: the call's own address up to it."""
    return route.path.partition("{token}")[0].format(**call.args) + call.args["token"]


def _file(route: Route, call: Call) -> AnyResponse:
    path = route.handler(call)
    try:
        return send_file(path.open("rb"), mimetype="application/octet-stream")
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)  # open files stay readable until they are closed


def _download(route: Route, call: Call) -> AnyResponse:
    """Shown only where it is a picture: a text or an archive from a device is saved, never opened as a page of ours."""
    content, kind, name = route.handler(call)
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "inline" if kind.startswith("image/") else "attachment", filename=name)
    return answer


def _published(route: Route, call: Call) -> Response:
    """Open data: a page of anybody's may read it, and caches between us may keep it for a minute."""
    content, kind = route.handler(call)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    answer = Response(status=304) if _matches(tag) else Response(content, content_type=kind)
    answer.headers.update({"ETag": tag, "Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"})
    return answer


def _read(route: Route, call: Call) -> Response:
    if callable(route.etag):
        tag = f'"{route.etag(call)}"'
        if _matches(tag):
            return _unchanged(tag)
        return _tagged(json_response(route.handler(call)), tag)
    response = _answered(route, route.handler(call))
    if route.etag is None:
        return response
    tag = f'"{hashlib.sha256(response.get_data()).hexdigest()[:32]}"'
    return _unchanged(tag) if _matches(tag) else _tagged(response, tag)


def _answered(route: Route, body: dict[str, Any]) -> Response:
    return json_response(body, route.status(body) if route.status is not None else 200)


def _matches(tag: str) -> bool:
    return request.if_none_match.contains(tag.strip('"'))


def _tagged(response: Response, tag: str) -> Response:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _unchanged(tag: str) -> Response:
    return _tagged(Response(status=304), tag)


_BY_KIND: dict[str, Callable[[Route, Call], AnyResponse]] = {
    "command": _command,
    "beat": _command,
    "file": _file,
    "download": _download,
    "published": _published,
}
