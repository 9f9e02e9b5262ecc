"""The page's stream: the whole state on every change, a beat every five seconds. Runs on the event loop, holds no state."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from kiosk.agent import Agent
from kiosk.web.app import state_of
from toiluot_edge import Asgi, send_stream

BEAT_S = 5.0


def _frame(event: str, data: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def frames(agent: Agent) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    seen = -1
    while not agent.feed.closed:
        version = await agent.feed.after(seen, BEAT_S)
        if version != seen:
            seen = version
            yield _frame("state", await asyncio.to_thread(state_of, agent))
        else:
            yield _frame("hb", {"now": agent.now()})


def stream(agent: Agent) -> Asgi:
    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send_stream(receive, send, frames(agent))

    return answer
