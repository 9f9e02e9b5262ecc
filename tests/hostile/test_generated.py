"""Requests generated from the OpenAPI document, good and bad, against the running server (schemathesis).

Every answer must have a documented status, type and shape; none may be a 5xx or show a traceback; and what the document
forbids is refused.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from queue_server.web.routes import ROUTES, full_path
from tests.web.helpers import Site, rid

SEED = 20261123
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = "/api/v1/stream"


class Lab:
    """A site with a person at a counter, so that generated requests also reach what exists."""

    def __init__(self, site: Site) -> None:
        self.site = site
        client = site.client()
        client.counter_command(rid(), "1", "open")
        client.issue(rid(), service="ho-tich")
        called = client.next(rid(), "1")["ticket"]
        waiting = client.issue(rid(), service="ho-tich", source="kiosk")
        self.lease = client.lease(rid(), "A", 3)
        self.known = {
            "ticket": [called["id"], waiting["id"]],
            "counter": ["1", "2"],
            "token": [waiting["url"].rsplit("/", 1)[1]],
            "lease": [self.lease["lease_id"]] if "lease_id" in self.lease else ["1"],
            "service": ["ho-tich"],
        }
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {site.key()}"
        self.document = schemathesis.openapi.from_url(f"{site.base}/api/openapi.json")
        self.faults: list[str] = []

    def run(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        @seed(SEED)
        @settings(max_examples=examples, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans(), pick=st.integers(0, 9))
        def ask(case: Any, real: bool, pick: int) -> None:
            wrong = [place for place, how in case.meta.components.items() if how.mode.is_negative]
            if real or mode.is_positive:
                self.make_real(case, pick)
            case.headers.pop("Authorization", None)
            answer = case.call(session=self.session, timeout=20)
            assert b"Traceback" not in answer.content
            # A wrong query may travel as an empty one, which counts as left out; a wrong body cannot hide.
            forbidden = [negative_data_rejection] if wrong == [ParameterLocation.BODY] and not real else []
            case.validate_response(answer, checks=[*CHECKS, *forbidden])

        try:
            ask()
        except (AssertionError, schemathesis.errors.SchemathesisError, BaseExceptionGroup) as fault:
            self.faults.append(f"{operation.label} {mode.value}: {told(fault)}")

    def make_real(self, case: Any, pick: int) -> None:
        if "site" in (case.query or {}):
            case.query["site"] = self.site.code
        for name, values in self.known.items():
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = values[pick % len(values)]
            if isinstance(case.body, dict) and name in case.body:
                case.body[name] = values[pick % len(values)]


def told(fault: BaseException) -> str:
    inner = getattr(fault, "exceptions", ())
    return " | ".join(told(one) for one in inner) if inner else f"{type(fault).__name__}: {fault} {getattr(fault, '__notes__', '')}"[:1500]


def attack(site: Site, examples: int) -> None:
    lab = Lab(site)
    seen = set()
    for found in lab.document.get_all_operations():
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        seen.add(operation.label)
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if operation.body or operation.path_parameters or operation.query else []
        for mode in modes or [GenerationMode.POSITIVE]:
            lab.run(operation, mode, examples)
    assert lab.faults == []
    assert seen == {f"{route.method} {full_path(route)}" for route in ROUTES} - {f"GET {ENDLESS}", "GET /api/openapi.json"}
    assert site.client().issue(rid(), service="ho-tich")["label"]


@pytest.mark.slow(reason="every call of the contract is asked a few times, good and bad")
def test_a_sample_of_generated_requests(site: Site) -> None:
    attack(site, 2)


@pytest.mark.full
@pytest.mark.slow(reason="every call of the contract is asked many times, good and bad")
@pytest.mark.timeout(900)
def test_many_generated_requests(site: Site) -> None:
    attack(site, 60)
