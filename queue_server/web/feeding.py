"""Calls about the feed to the dossier system. Thin: fields in, use-case out."""

from __future__ import annotations

from typing import Any

from queue_server.contract.messages import body_of
from queue_server.services import feeding
from queue_server.web.call import Call, UseCase


def feeds(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return feeding.feeds(reader, call.site, now=call.now_ms)


def resend(call: Call) -> UseCase:
    return lambda unit: feeding.resend(unit, **body_of(call.message))
