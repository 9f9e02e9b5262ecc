"""Sets a demonstration's site up through the server's own command line, in one process because starting many is slow.

    python -m queue_server.demo.prepare < WISHES.json > MADE.json

Wishes: `{"db", "site", "name", "template", "public_url", "services": […], "people": [{login, role, name, password}],
"keys": [{name, scope}]}`. Made: `{"board_token", "counters": […], "services": […], "keys": {name: key}}`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from toiluot import main as toiluot

from .document import document


def said(*arguments: str, typed: str = "") -> Any:
    """What `toiluot ARGUMENTS… --json` prints, with `typed` on its standard input."""
    out, before = io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out):
            toiluot(args=[*arguments, "--json"], standalone_mode=False)
    finally:
        sys.stdin = before
    return json.loads(out.getvalue())


def prepare(wishes: dict[str, Any]) -> dict[str, Any]:
    db = ("--db", wishes["db"])
    made = said(
        "server", "init", *db, "--site", wishes["site"], "--name", wishes["name"], "--template", wishes["template"], "--kind", "demo"
    )
    wanted = document(said("server", "config", "show", *db), wishes["services"], wishes["public_url"])
    wanted["name"] = wishes["name"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(wanted, ensure_ascii=False), encoding="utf-8")
        said("server", "config", "apply", *db, str(path))
    for person in wishes["people"]:
        named = ("--login", person["login"], "--role", person["role"], "--name", person["name"])
        said("server", "user", "create", *db, *named, typed=person["password"] + "\n")
    keys = {
        key["name"]: said("server", "api-key", "create", *db, "--name", key["name"], "--scope", key["scope"])["key"]
        for key in wishes["keys"]
    }
    return {
        "board_token": made["board_token"],
        "counters": [counter["code"] for counter in wanted["counters"]],
        "services": [service["code"] for service in wanted["services"]],
        "keys": keys,
    }


if __name__ == "__main__":
    json.dump(prepare(json.load(sys.stdin)), sys.stdout)
