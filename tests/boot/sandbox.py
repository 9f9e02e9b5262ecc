"""A look from inside a unit's sandbox: the unit itself, with the probe in the place of its program, run once.

Holds that exchange and nothing of what is expected. Type, watchdog and restart are the program's affair and are left out;
every other line of the unit stays.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.boot.building import SERVER
from tests.boot.machine import Machine

PROBE = Path(__file__).with_name("probe.py")
_OF_THE_PROGRAM = ("Type=", "NotifyAccess=", "WatchdogSec=", "Restart=", "RestartSec=", "Exec", "TTY", "StandardInput=", "StandardOutput=",
                   "StandardError=", "PAMName=", "Utmp", "RuntimeDirectory=", "Alias=", "Condition")  # fmt: skip


def seen_from_inside(machine: Machine, unit: str, state: str, outside: str) -> dict[str, str]:
    text = machine.run(f"cat /usr/lib/systemd/system/{unit}.service")
    kept = [line for line in text.partition("[Install]")[0].splitlines() if not line.startswith(_OF_THE_PROGRAM)]
    name = f"probe-{unit}"
    start = f"Type=oneshot\nExecStart=/usr/bin/python3 -I /usr/lib/probe.py '{state}' {outside} {SERVER}\nSyslogIdentifier={name}\n"
    machine.run("cat > /usr/lib/probe.py", put=PROBE.read_text(encoding="utf-8"))
    machine.run(f"cat > /run/systemd/system/{name}.service", put="\n".join(kept).replace("[Service]", f"[Service]\n{start}") + "\n")
    machine.run(f"systemctl daemon-reload; systemctl start {name}.service; true")
    machine.run("journalctl --sync", check=False)
    said = machine.journal("-u", f"{name}.service")
    lines = re.findall(r"^PROBE (\{.*\})$", said, re.MULTILINE)
    assert lines, f"{name} said nothing: {machine.told(name + '.service')}"
    told: dict[str, str] = json.loads(lines[-1])
    return told
