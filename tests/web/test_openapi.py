"""The document against the tables and against the running server: it says what is served, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import jsonschema

from queue_server.contract import schema
from queue_server.contract.answers import SCHEMAS
from queue_server.contract.vocabulary import API, AT_COUNTER_COMMANDS, COUNTER_COMMANDS, TICKET_COMMANDS
from queue_server.web.call import ALWAYS, ON_BODY
from queue_server.web.errors import ERRORS, FROM_STATUS
from queue_server.web.openapi import build
from queue_server.web.routes import ROUTES, full_path
from tests.web.helpers import Site, rid

DOCUMENT = build(ROUTES, "0")
# The calls of the contract for this part of the house, written a second time by hand.
PROMISED = {
    "POST /tickets", "GET /tickets", "GET /tickets/{ticket}", "GET /counters", "GET /counters/{counter}", "GET /events", "GET /stream",
    "POST /counters/{counter}/next", "POST /counters/{counter}/call", "POST /counters/{counter}/undo", "GET /board", "GET /queue",
    "POST /leases", "POST /leases/{lease}/settle", "GET /services", "GET /kiosk/home", "GET /metrics/day", "GET /metrics/range",
    "GET /seals", "POST /tickets/paper", "POST /counters/{counter}/tick", "POST /devices/heartbeat", "GET /devices",
    *(f"POST /tickets/{{ticket}}/{name}" for name in ("amend", "cancel", "readmit", "print-outcome", "reprint", "rate", "annotate")),
    *(f"POST /tickets/{{ticket}}/{name}" for name in TICKET_COMMANDS),
    *(f"POST /counters/{{counter}}/{name}" for name in (*COUNTER_COMMANDS, *AT_COUNTER_COMMANDS)),
}  # fmt: skip


def rows() -> list[tuple[str, str, dict[str, Any]]]:
    return [(method.upper(), path, row) for path, methods in DOCUMENT["paths"].items() for method, row in methods.items()]


def test_every_promised_call_is_there() -> None:
    served = {f"{method} {path.removeprefix(API)}" for method, path, _ in rows()}
    assert served >= PROMISED
    assert {"GET /healthz", "GET /readyz", "GET /api/openapi.json", "GET /t/{token}.json", "POST /t/{token}/cancel"} <= served


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', str(DOCUMENT).replace("'", '"')))
    assert names <= set(DOCUMENT["components"]["schemas"])
    for name, shape in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(shape), name


def test_messages_and_answers_never_share_a_name() -> None:
    messages = schema.components(route.message for route in ROUTES if route.message)
    assert not messages.keys() & SCHEMAS.keys()


def test_every_code_a_route_names_is_in_the_error_table() -> None:
    used = {code for route in ROUTES for code in route.codes}
    assert used <= set(ERRORS)
    assert set(FROM_STATUS.values()) | set(ALWAYS) | set(ON_BODY) <= set(ERRORS)
    for code, entry in ERRORS.items():
        assert all(entry.vi) and all(entry.en), code  # noqa: PT018 - one sentence about one entry


def test_every_row_is_answered_and_only_with_documented_statuses(site: Site) -> None:
    browsers = {"key": site.http(), "nobody": site.nobody(), "read": site.http("read"), "issue": site.http("issue")}
    for method, path, row in rows():
        address = re.sub(r"\{\w+\}", "1", path)
        if path.endswith("/stream"):
            continue
        for browser in browsers.values():
            for body in (None, {}, {"request_id": rid(), "unknown": 1}):
                answer = browser.request(method, address, json=body)
                assert str(answer.status_code) in row["responses"] or answer.status_code == 415, (method, path, answer.status_code)
                assert answer.status_code not in (405, 500), (method, path)


def test_every_command_refuses_unknown_fields(site: Site) -> None:
    http = site.http("admin")  # what only a device may call is refused before its body is read
    for method, path, row in rows():
        if "application/json" not in row.get("requestBody", {}).get("content", {}):
            continue
        answer = http.request(method, re.sub(r"\{\w+\}", "1", path), json={"request_id": rid(), "no_such_field": 1})
        assert answer.status_code == 422, path
        assert {"pointer": "/no_such_field", "code": "unknown_field"}.items() <= answer.json()["errors"][0].items()


def test_other_methods_are_refused_with_those_that_would_do(site: Site) -> None:
    answer = site.http().delete("/api/v1/tickets")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def validator(name: str) -> Any:
    components = {"components": {"schemas": {**SCHEMAS, **schema.components(r.message for r in ROUTES if r.message)}}}
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", **components})


ANSWERS = {route.name: route.answer for route in ROUTES}


def test_real_answers_have_the_documented_shape(site: Site) -> None:
    client = site.client()
    opened = client.counter_command(rid(), "1", "open")
    url = client.issue(rid(), service="ho-tich", source="kiosk")["url"]
    issued = client.issue(rid(), service="ho-tich")
    called = client.next(rid(), "1")
    got: dict[str, Any] = {
        "issue": issued,
        "ticket-print-outcome": client.print_outcome(rid(), issued["id"], "printed"),
        "ticket": client.ticket(issued["id"]),
        "tickets": client.tickets(label=issued["label"]),
        "counter-open": opened,
        "counter-next": called,
        "counter": client.counter("1"),
        "counters": client.counters(),
        "counter-undo": client.undo(rid(), "1"),
        "counter-call": client.call(rid(), "1", issued["id"], "lý do"),
        "events": client.events(),
        "board": client.board(),
        "queue": client.queue(),
        "services": client.services(),
        "kiosk-home": client.kiosk_home()[0],
        "metrics-day": client.metrics_day(issued["business_day"]),
        "metrics-range": client.metrics_range(issued["business_day"], issued["business_day"]),
        "seals": client.seals(),
        "lease": client.lease(rid(), "A", 1),
        "heartbeat": client.heartbeat({"device": "b1", "role": "board"}),
        "devices": client.devices(),
        "citizen": site.nobody().get(f"{url}.json").json(),
        "session": site.http().get("/api/v1/session").json(),
        "healthz": site.nobody().get("/healthz").json(),
    }
    for name, body in got.items():
        validator(ANSWERS[name]).validate(body)


def test_what_the_client_sends_is_what_the_document_asks_for() -> None:
    """The JSON schema and the strict reader are made from one declaration and agree on good and bad messages."""
    issue = validator("Issue")
    issue.validate({"request_id": "r", "service": "A1", "needs": ["see"]})
    for bad in ({"service": "A1"}, {"request_id": "r", "x": 1}, {"request_id": "r" * 65}, {"request_id": "r", "quantity": 0}):
        assert list(issue.iter_errors(bad)), bad


def test_the_route_table_is_the_only_source_of_rules() -> None:
    assert {full_path(route) for route in ROUTES} == set(DOCUMENT["paths"])
