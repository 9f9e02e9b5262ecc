"""`server run --tls auto` as somebody meets it: a page over HTTPS that the site's own authority stands behind."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from queue_server.authority import Authority
from queue_server.bootstrap import prepare
from queue_server.services import configuring
from tests.web.helpers import Process


@pytest.mark.full
@pytest.mark.slow(reason="two starts of a real server")
def test_it_serves_https_that_only_its_own_authority_vouches_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/site.db"
    store = prepare(url)
    configuring.init_site(store, site="W1", kind="demo")
    context = ssl.create_default_context(cadata=Authority(store).ca_pem)
    store.close()
    for _ in range(2):  # the same authority after a restart
        process = Process(url, tmp_path / "log", "--tls", "auto", "--name-in-certificate", "toiluot.example")
        try:
            assert process.base.startswith("https://")
            with httpx.Client(verify=context, timeout=30) as known:
                assert known.get(f"{process.base}/healthz").status_code == 200
            with pytest.raises(httpx.ConnectError), httpx.Client(timeout=30) as stranger:
                stranger.get(f"{process.base}/healthz")
        finally:
            process.close()
    assert (tmp_path / "tls" / "server.key").stat().st_mode & 0o077 == 0


@pytest.mark.full
def test_the_authority_is_printed_for_a_card(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/site.db"
    store = prepare(url)
    try:
        command = [sys.executable, "-m", "toiluot", "server", "ca", "--db", url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == Authority(store).ca_pem
        assert done.stderr.strip() == " · ".join(Authority(store).ca_words)
    finally:
        store.close()


@pytest.mark.full
def test_a_certificate_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toiluot", "server", "run", "--db", f"sqlite:///{tmp_path}/x.db", "--tls", "no.crt", "no.key"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "no.crt is not a file" in done.stderr
