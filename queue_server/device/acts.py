"""What every kind of device can be ordered to do: tell its log, be looked at, start again, take settings, a new key, forget.

Holds those acts and the commands they run, all without a right of their own: systemd and polkit decide what this user may start.
What a kiosk alone can do (print a slip) it hands in itself.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from queue_server.bundle import pack
from queue_server.client import Client, Problem, Unreachable
from queue_server.contract.orders import PNG, TEXT, ZIP, OrderKind
from queue_server.contract.scrub import scrub

from . import config
from .files import Places
from .identity import Identity, NoIdentity, forget, load
from .orders import Act, Done, Kind
from .rotating import NEXT, announce, kept
from .settling import CONFIG, KEY, WIPE, hand_over, signed_key
from .signing import SignedBy

Json = dict[str, Any]
Ran = tuple[int, bytes]
Run = Callable[[Sequence[str]], Ran]
MOST_LOG = 1_000_000
SHOT = Path("/run/toiluot-screen-shot/now.png")
SYSTEMCTL = ("systemctl", "--no-ask-password")


def run_command(command: Sequence[str]) -> Ran:
    """Exit code and output; 127 where there is no such command here."""
    try:
        ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except FileNotFoundError:
        return 127, b""
    except (OSError, subprocess.TimeoutExpired):
        return 124, b""
    return ended.returncode, ended.stdout or ended.stderr


@dataclass
class System:
    """The machine under a program: `program` is its unit without the ending, `state` its own folder."""

    program: str
    state: Path
    places: Places
    client: Client
    identity: Identity | None = None
    auth: SignedBy | None = None
    run: Run = run_command
    report: Callable[[], Json] = dict  # what the heartbeat says, for the bundle
    doctor: Act | None = None

    def kinds(self) -> dict[str, Kind]:
        table: dict[str, Kind] = {
            OrderKind.SCREENSHOT: Kind(self.screenshot),
            OrderKind.LOGS: Kind(self.logs),
            OrderKind.BUNDLE: Kind(self.bundle),
            OrderKind.RESTART_SCREEN: Kind(lambda args: self._systemctl("restart", "toiluot-screen.service")),
            OrderKind.RESTART: Kind(self._leave("restart", f"{self.program}.service"), lambda args, booted: Done(True)),
            OrderKind.REBOOT: Kind(self._leave("reboot"), lambda args, booted: Done(booted, "done" if booted else "nothing_happened")),
            OrderKind.UPDATE: Kind(lambda args: self._systemctl("start", "toiluot-update.service", code="started")),
        }
        if self.doctor:
            table[OrderKind.DOCTOR] = Kind(self.doctor)
        if self.identity is not None:
            table[OrderKind.CONFIG] = Kind(self.take_config, self._config_stands, watched=True)
            table[OrderKind.ROTATE] = Kind(self.rotate, self._key_stands, watched=True)
            table[OrderKind.WIPE] = Kind(self.wipe)
        return table

    # ------------------------------------------------------------ to look at
    def screenshot(self, args: Mapping[str, Any]) -> Done:
        for socket in sorted([*Path("/run/user").glob("*/wayland-*"), *Path("/run/toiluot-screen").glob("wayland-*")]):
            if socket.suffix != ".lock" and os.access(socket, os.W_OK):
                code, picture = self.run(["env", f"WAYLAND_DISPLAY={socket}", "grim", "-"])
                if code == 0 and picture.startswith(b"\x89PNG"):
                    return Done(True, file=picture, file_kind=PNG)
        code, _ = self.run([*SYSTEMCTL, "start", "toiluot-screenshot.service"])
        try:
            picture = SHOT.read_bytes() if code == 0 else b""
        except OSError:
            picture = b""
        if picture.startswith(b"\x89PNG"):
            return Done(True, file=picture, file_kind=PNG)
        return Done(False, "no_screen_access", "no screen of this machine can be photographed from here (grim, toiluot-screenshot.service)")

    def logs(self, args: Mapping[str, Any]) -> Done:
        text = self._journal(str(args.get("since") or "yesterday"))
        if not text:
            return Done(False, "no_journal", "this program may not read the journal: SupplementaryGroups=systemd-journal")
        return Done(True, file=text.encode(), file_kind=TEXT)

    def _journal(self, since: str) -> str:
        when = since if since and all(letter.isalnum() or letter in " :-+." for letter in since) else "yesterday"
        command = ["journalctl", "--no-pager", "--quiet", "-o", "short-iso", "-u", "toiluot-*", f"--since={when}", "-n", "5000"]
        code, out = self.run(command)
        return scrub(out[-MOST_LOG:].decode("utf-8", "replace")) if code == 0 else ""

    def bundle(self, args: Mapping[str, Any]) -> Done:
        """All that helps somebody far away, and nobody's name or number in it."""
        parts = {
            "heartbeat.json": json.dumps(self.report(), ensure_ascii=False, indent=1, default=str),
            "journal.txt": self._journal("yesterday") or "(not readable)",
            "settings.json": _text(self.places.etc / "applied.json"),
            "units.txt": self.run(["systemctl", "list-units", "--no-pager", "--all", "toiluot-*"])[1].decode("utf-8", "replace"),
            "disks.txt": self.run(["df", "-h"])[1].decode("utf-8", "replace"),
            "system.txt": _text(self.places.root / "etc/os-release") + _text(self.places.root / "proc/version"),
        }
        if self.doctor:
            done = self.doctor({})
            parts["doctor.txt"] = done.file.decode("utf-8", "replace") or done.detail
        return Done(True, file=pack(parts), file_kind=ZIP)

    # ------------------------------------------------------------ to start again
    def _systemctl(self, *words: str, code: str = "done") -> Done:
        ended, said = self.run([*SYSTEMCTL, "--no-block", *words])
        return Done(True, code) if ended == 0 else Done(False, "refused_by_system", scrub(said.decode("utf-8", "replace"))[:200])

    def _leave(self, *words: str) -> Act:
        def act(args: Mapping[str, Any]) -> Done:
            done = self._systemctl(*words)
            return Done(True, leaving=True) if done.ok else done

        return act

    # ------------------------------------------------------------ what needs the site's word
    @property
    def _handed(self) -> Path:
        return self.state / "handed"

    def _apply(self) -> Done:
        done = self._systemctl("start", "toiluot-apply.service")
        return Done(True, leaving=True) if done.ok else done

    def take_config(self, args: Mapping[str, Any]) -> Done:
        assert self.identity is not None
        try:
            told = self.client.device_config(self.identity.device)
        except (Problem, Unreachable) as bad:
            return Done(False, "no_settings", str(bad))
        document, version = told.get("document"), int(told.get("version") or 0)
        if not isinstance(document, dict) or not self.identity.signed_by_site(document, str(told.get("signature") or "")):
            return Done(False, "signature_invalid", "these settings are not signed by this site")
        if version == config.applied(self.places).version:
            return Done(True, detail=f"version {version} stands here already")
        hand_over(self._handed, CONFIG, {"document": document, "signature": told["signature"], "version": version})
        return self._apply()

    def _config_stands(self, args: Mapping[str, Any], booted: bool) -> Done:
        stands, wanted = config.applied(self.places).version, int(args.get("version") or 0)
        ok = stands == wanted if wanted else not (self._handed / CONFIG).exists()
        return Done(ok, "done" if ok else "not_applied", f"version {stands} stands here")

    def rotate(self, args: Mapping[str, Any]) -> Done:
        assert self.identity is not None
        try:
            new = announce(self.identity, self.state, self.auth)
        except (Problem, Unreachable) as bad:
            return Done(False, "not_announced", str(bad))
        if os.access(self.identity.folder / "device.key", os.W_OK):  # run by its owner, not by systemd
            self.identity.replace_key(new)
            (self.state / NEXT).unlink(missing_ok=True)
            return Done(True)
        hand_over(self._handed, KEY, signed_key(self.identity, new))
        return self._apply()

    def _key_stands(self, args: Mapping[str, Any], booted: bool) -> Done:
        """The key that was announced is the one this start was given."""
        assert self.identity is not None
        try:
            new = kept(self.state)
            ok = new is None or load(self.identity.folder).public == new.public_key().public_bytes_raw()
        except NoIdentity:
            ok = False
        if ok:
            (self.state / NEXT).unlink(missing_ok=True)
        return Done(ok, "done" if ok else "not_applied")

    def wipe(self, args: Mapping[str, Any]) -> Done:
        assert self.identity is not None
        document, signature = args.get("document"), str(args.get("signature") or "")
        if not isinstance(document, Mapping) or not self.identity.signed_by_site(document, signature):
            return Done(False, "signature_invalid", "only the site's own signature makes a device forget")
        if os.access(self.identity.folder / "device.key", os.W_OK):  # run by its owner, not by systemd
            forget(self.identity.folder)
            return Done(True)
        hand_over(self._handed, WIPE, {"document": document, "signature": signature})
        return self._systemctl("start", "toiluot-apply.service", code="started")


def settings_told(places: Places) -> Json:
    """For the heartbeat of a device that has settings from its site; nothing where it never had any."""
    stands = config.applied(places)
    return {"config": {"version": stands.version, "drift": list(stands.drift)}} if stands.version else {}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")[:100_000]
    except OSError:
        return ""
