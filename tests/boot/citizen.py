"""Runs INSIDE the booted tree: touches the kiosk's page as its script would, from the home screen to a number, and tells the ticket.

What is offered is read from the page's own state: the first button that takes a number. It waits for the answer of each touch.
"""

import json
import sys
import threading
import time
import urllib.request

KIOSK = "http://127.0.0.1:8765"


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(KIOSK + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=15) as answer:
        return json.load(answer)


def buttons(held):
    if isinstance(held, dict):
        post = held.get("post")
        if isinstance(post, dict) and post.get("path") == "/api/choose" and not held.get("disabled") and held.get("open", True):
            yield post["body"]
        for value in held.values():
            yield from buttons(value)
    elif isinstance(held, list):
        for value in held:
            yield from buttons(value)


def until(what, act, wait_s):
    end, got = time.monotonic() + wait_s, None
    while time.monotonic() < end:
        try:
            got = act()
            if got:
                return got
        except OSError as no:
            got = no
        threading.Event().wait(0.25)
    raise SystemExit(f"not in {wait_s} s: {what}; the page says {ask('/api/state')}")


def home():
    seen = ask("/api/state")
    return seen if seen["screen"] == "home" and next(buttons(seen), None) else None


def main(wait_s):
    seen = until("a home screen with an open service", home, wait_s)
    body = next(buttons(seen))
    ask("/api/choose", {"visit": seen["visit"], **body})
    done = until("a ticket", lambda: (now := ask("/api/state"))["ticket"] and now["screen"] != "issuing" and now, wait_s)
    print(json.dumps({"label": done["ticket"]["label"], "screen": done["screen"], "ticket": done["ticket"]}))


main(float(sys.argv[1]))
