"""What the programs of a released version ask of a server, written down once and told to every later server.

Holds the day that is recorded and the telling of it again: ids that a server gave are followed through the later requests. To
record a release, from its own tree: `PYTHONPATH=. python -m tests.packages.recording BASE KEY FILE` against its own server.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from queue_server.client import Client

Json = Any


class Recorder(httpx.BaseTransport):
    def __init__(self) -> None:
        self.line, self.told = httpx.HTTPTransport(), list[dict[str, Json]]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.line.handle_request(request)
        answer.read()
        body = json.loads(request.content) if request.content else None
        path = request.url.raw_path.decode()
        kind = answer.headers.get("content-type", "")
        said = json.loads(answer.content) if "json" in kind and answer.content else None
        self.told.append({"method": request.method, "path": path, "body": body, "status": answer.status_code, "answer": said})
        return answer


def day(client: Client) -> None:
    """What kiosks, boards, desks and feeds ask in an ordinary day."""
    client.kiosk_home()
    service = next(each["code"] for each in client.services()["services"] if each["open"])
    first = client.issue("n-1", service=service, source="kiosk", lang="en", needs=[], device="kiosk-01")
    client.issue("n-1", service=service, source="kiosk", lang="en", needs=[], device="kiosk-01")
    second = client.issue("n-2", service=service, party=2, quantity=3, on_behalf=True)
    client.ticket(first["id"])
    client.tickets(label=first["label"])
    client.citizen_ticket(first["url"].removeprefix("/t/"))
    client.print_outcome("p-1", first["id"], "printed")
    client.reprint("p-2", first["id"])
    client.amend("a-1", second["id"], quantity=2)
    leased = client.lease("l-1", "A", 5)
    client.settle("l-2", leased["id"], [])
    client.heartbeat({"device": "kiosk-01", "role": "kiosk", "version": "0.1.0"})
    counter = client.counters()["counters"][0]["code"]
    client.counter(counter)
    client.counter_command("c-1", counter, "open")
    called = client.next("c-2", counter)
    client.at_counter("c-3", counter, "recall")
    client.on_ticket("c-4", called["ticket"]["id"], "serve", counter)
    client.on_ticket("c-5", called["ticket"]["id"], "complete", counter)
    client.rate("r-1", called["ticket"]["id"], 5)
    client.cancel("x-1", second["id"])
    for asked in (client.queue, client.board, client.events, client.seals, client.devices, client.standing):
        asked()
    client.metrics_day(first["business_day"])


def record(base: str, key: str, into: Path) -> None:
    recorder = Recorder()
    with Client(base, key, transport=recorder) as client:
        day(client)
    into.write_text(json.dumps(recorder.told, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n")


# ------------------------------------------------------------ told again
def followed(old: Json, new: Json, names: dict[str, str]) -> None:
    """Texts that this server gave instead of those in the record; only ids and tokens stand in later requests."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            followed(old[key], new[key], names)
    elif isinstance(old, list) and isinstance(new, list):
        for one, other in zip(old, new, strict=False):
            followed(one, other, names)
    elif isinstance(old, str) and isinstance(new, str) and old != new and len(old) > 10:
        names[old.removeprefix("/t/")] = new.removeprefix("/t/")


def renamed(value: Json, names: dict[str, str]) -> Json:
    text = json.dumps(value)
    for old, new in names.items():
        text = text.replace(old, new)
    return json.loads(text)


def missing(old: Json, new: Json, at: str = "") -> list[str]:
    """Members of the recorded answer that this one does not have, or has as another kind of thing."""
    if old is None or new is None:
        return []  # what may be null may be something, and the other way round
    if type(old) is not type(new) and not (isinstance(old, int | float) and isinstance(new, int | float)):
        return [f"{at}: was {type(old).__name__}, is {type(new).__name__}"]
    if isinstance(old, dict):
        gone = [f"{at}.{key} is gone" for key in old.keys() - new.keys()]
        return gone + [line for key in old.keys() & new.keys() for line in missing(old[key], new[key], f"{at}.{key}")]
    if isinstance(old, list) and old and new:
        return missing(old[0], new[0], f"{at}[]")
    return []


def tell_again(told: list[dict[str, Json]], http: httpx.Client) -> list[str]:
    """What a program of the recorded version would stumble over."""
    names: dict[str, str] = {}
    found = []
    for each in told:
        path, body = renamed(each["path"], names), renamed(each["body"], names)
        answer = http.request(each["method"], path, json=body) if body is not None else http.request(each["method"], path)
        said = answer.json() if each["answer"] is not None and "json" in answer.headers.get("content-type", "") else None
        at = f"{each['method']} {each['path']}"
        if answer.status_code != each["status"]:
            found.append(f"{at}: was {each['status']}, is {answer.status_code} {answer.text[:200]}")
            continue
        found += [f"{at}{line}" for line in missing(each["answer"], said)]
        followed(each["answer"], said, names)
    return found


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
