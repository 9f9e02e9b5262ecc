"""The OpenAPI 3.1 document, made from the route table and the contract's declarations.

Holds the translation only: nothing is described here by hand that stands in a table elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from queue_server.contract import schema
from queue_server.contract.answers import SCHEMAS, ref
from queue_server.contract.problem import CONTENT_TYPE
from queue_server.web.call import Param, Route
from queue_server.web.errors import ERRORS, status_of
from queue_server.web.routes import full_path

Document = dict[str, Any]


def build(routes: Iterable[Route], version: str) -> Document:
    table = tuple(routes)
    paths: dict[str, Document] = {}
    for route in table:
        paths.setdefault(full_path(route), {})[route.method.lower()] = operation(route)
    messages = schema.components(route.message for route in table if route.message is not None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tới Lượt", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**SCHEMAS, **messages},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "API key"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "toiluot_session",
                    "description": "with X-CSRF-Token on unsafe methods",
                },
                "board": {"type": "apiKey", "in": "cookie", "name": "toiluot_board", "description": "set by opening /b/{board_token}"},
            },
        },
    }


def operation(route: Route) -> Document:
    described: Document = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": {**_answers(route), **_refusals(route)},
        "security": _security(route),
    }
    if route.message is not None:
        shape = {"schema": ref(route.message.__name__)}
        forms = {"application/x-www-form-urlencoded": shape} if route.form else {}
        described["requestBody"] = {"required": True, "content": {"application/json": shape, **forms}}
    if route.kind == "upload":
        file = {"schema": {"type": "string", "format": "binary"}}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(route.takes, file)}
    if route.needs:
        described["x-permissions"] = list(route.needs)
    return described


def _parameters(route: Route) -> list[Document]:
    path: list[Document] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "maxLength": 128}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    site: list[Document] = [{"name": "site", "in": "query", "schema": {"type": "string"}}] if route.needs and route.sited else []
    query: list[Document] = [
        {"name": p.name, "in": "query", "required": p.required, "schema": _query(p), **({"description": p.about} if p.about else {})}
        for p in route.query
    ]
    again: list[Document] = [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}] if route.etag else []
    return path + site + query + again


def _query(param: Param) -> Document:
    """A parameter left empty counts as left out: forms and careless programs send it so."""
    shape: Document = param.kind.schema()
    return shape if param.required else {"anyOf": [shape, {"const": ""}]}


def _answers(route: Route) -> Document:
    if route.kind == "stream":
        return {"200": {"description": "snapshot, log, hb", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}
    if route.kind in ("download", "published"):
        file, json = ({"schema": shape} for shape in ({"type": "string", "format": "binary"}, {"type": "object"}))
        content = {media: json if media == "application/json" else file for media in route.takes}
        unchanged: Document = {"304": {"description": "unchanged"}} if route.kind == "published" else {}
        return {"200": {"description": "the file", "content": content}} | unchanged
    shape = {"application/json": {"schema": ref(route.answer)}}
    answers: Document = {str(route.success): {"description": "done" if route.kind == "command" else "answer", "content": shape}}
    if route.success == 201:
        answers["200"] = {"description": "the stored answer of a repeated request_id", "content": shape}
    if route.kind == "command":
        answers["200" if "200" in answers else str(route.success)]["headers"] = {"Idempotent-Replayed": {"schema": {"type": "string"}}}
    if route.etag:
        answers["304"] = {"description": "unchanged"}
    if route.form:
        answers["303"] = {"description": "back to the citizen's page, after a form"}
    return answers


def _refusals(route: Route) -> Document:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(route.codes):
        by_status.setdefault(status_of(code), []).append(code)
    return {str(status): _problem(codes) for status, codes in sorted(by_status.items())}


def _problem(codes: list[str]) -> Document:
    shape = {"allOf": [ref("Problem"), {"properties": {"code": {"enum": codes}}}]}
    described: Document = {"description": ", ".join(codes), "content": {CONTENT_TYPE: {"schema": shape}}}
    if any(ERRORS[code].retry_after_s for code in codes if code in ERRORS):
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return described


def _security(route: Route) -> list[Document]:
    if not route.needs:
        return []
    board: list[Document] = [{"board": []}] if "board" in route.needs else []
    return [{"key": []}, {"session": []}, *board]
