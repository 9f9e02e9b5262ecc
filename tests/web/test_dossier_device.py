"""The feed as an enrolled device instead of with a key file: let in, reports under its own name, reads the log, takes an order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.web.helpers import Site, rid, until

HOUSE = Path(__file__).parents[2]
WAIT_S = 120.0


@pytest.mark.full
@pytest.mark.slow("an enrolment that asks every few seconds, and the real feed")
@pytest.mark.timeout(400)
def test_an_enrolled_feed_reads_reports_and_obeys_under_its_own_name(site: Site, tmp_path: Path) -> None:
    console = site.client()
    made = console.join_key(rid(), role="dossier", name="noi-ho-so-1", ttl_s=600)
    (tmp_path / "join.toml").write_text(
        f'servers = ["{site.base}"]\nrole = "dossier"\nname = "noi-ho-so-1"\nsite = "{site.code}"\njoin_key = "{made["join_key"]}"\n'
    )
    (tmp_path / "secret").write_text("khong-phai-bi-mat")
    options = {
        "--identity": tmp_path / "identity", "--join": tmp_path / "join.toml", "--state": tmp_path / "state", "--poll-s": 0.1,
        "--base": "http://127.0.0.1:9/api", "--token-url": "http://127.0.0.1:9/token", "--client-id": "x",
        "--client-secret-file": tmp_path / "secret",
    }  # fmt: skip
    command = [sys.executable, "-m", "toiluot", "dossier", "run", *(str(part) for option in options.items() for part in option)]
    with open(tmp_path / "run.log", "ab") as log:
        running = subprocess.Popen(command, cwd=HOUSE, stdout=log, stderr=log, env=dict(os.environ))
    try:

        def told() -> dict[str, Any]:
            found = [each for each in console._get("/dossier-feed")["feeds"] if each["device"] == "noi-ho-so-1"]
            return found[0] if found else {}

        until(lambda: bool(told().get("position", "0") != "0"), WAIT_S)  # the log was read, to its end
        until(lambda: told()["behind"] < 5, WAIT_S)
        console._post("/devices/noi-ho-so-1/orders", {"request_id": rid(), "kind": "resend"})
        until(lambda: [order["state"] for order in told()["orders"]] == ["done"], WAIT_S)
        assert (tmp_path / "identity" / "device.json").exists()
        assert not (tmp_path / "join.toml").exists()
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0, (tmp_path / "run.log").read_text()
