"""A centre's server on a how-to's machine as the install page leaves it: settings, database, accounts, running."""

from __future__ import annotations

from collections.abc import Mapping

from tests.howto.console import PASSWORD, Console
from tests.howto.machine import HOUSE, Machine, own_address

CODE = "H05-01"
DB = "sqlite:////var/lib/toiluot/server/site.db"


class Site:
    def __init__(self, machine: Machine, options: str = "") -> None:
        self.machine, self.address = machine, own_address()
        self.base = f"http://{self.address}"
        text = (HOUSE / "systemd/etc/server.env").read_text(encoding="utf-8")
        text = text.replace("0.0.0.0:8080", self.address).replace("TOILUOT_SERVER_OPTIONS=", f"TOILUOT_SERVER_OPTIONS={options}")
        self._consoles: dict[str, Console] = {}
        machine.path("/etc/toiluot/server.env").write_text(text, encoding="utf-8")
        machine.path("/var/lib/toiluot/server").mkdir(exist_ok=True)
        machine.run(f"toiluot server init --db {DB} --site {CODE} --name 'Phường Ví Dụ' --template ward --kind live\n")
        machine.run("systemctl start toiluot-server\n")

    def as_(self, role: str) -> Console:
        """The console of somebody with this role."""
        if role not in self._consoles:
            login = f"{role}-1"
            self.machine.run(f"echo '{PASSWORD}' | toiluot server user create --db {DB} --login {login} --role {role}\n")
            self._consoles[role] = Console(self.base, login)
            self.machine.closing.append(self._consoles[role].close)
        return self._consoles[role]

    def key(self, name: str, scopes: str) -> str:
        return self.machine.run(f"toiluot server api-key create --db {DB} --name {name} --scope {scopes}\n").split()[-1]

    def number(self, role: str = "attendant", **about: str) -> Mapping[str, object]:
        """A number taken at the desk for somebody."""
        console = self.as_(role)
        service = next(each["code"] for each in console.get("/services")["services"] if each["open"])
        ticket: Mapping[str, object] = console.post("/tickets", **({"service": service} | about))
        return ticket
