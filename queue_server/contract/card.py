"""The files that turn a blank memory card into a device of a site: cloud-init's `user-data`, `network-config` and `meta-data`.

Pure: text from a few facts. `toiluot provision card` and the technician's console both call it, so a card written by hand and
one downloaded are the same. The card holds no key of the device (it makes its own at its first start); a join key in it is
good once and for at most 72 hours, and the file that carries it is erased after enrolment.

YAML is written by hand: a JSON text is a YAML text too, so every value goes in as JSON and nothing typed by a person can end
a line or begin a key. https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html names the three files.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

JOIN_FILE = "/etc/toiluot/join.toml"
ROLES = ("kiosk", "board", "server", "standby")
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "kiosk": ("toiluot-kiosk",), "board": ("toiluot-display",), "server": ("toiluot-server",), "standby": ("toiluot-server",),
}  # fmt: skip
PACKAGE_FOLDER = "/boot/firmware/toiluot"  # packages copied beside the two files serve a building without a package source
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # also the host's name (RFC 1123)
ZONE, LOCALE = "Asia/Ho_Chi_Minh", "vi_VN.UTF-8"
APT_KEY = "/etc/apt/keyrings/toiluot.asc"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is known of a device before it was ever switched on. `address` is CIDR, empty for DHCP."""

    role: str
    name: str
    servers: tuple[str, ...]
    site: str = ""
    ca_pem: str = ""
    join_key: str = ""
    panel: str = ""
    printer: str = ""
    ssh_keys: tuple[str, ...] = ()
    wifi_name: str = ""
    wifi_password: str = ""
    address: str = ""
    gateway: str = ""
    dns: tuple[str, ...] = ()
    apt_source: str = ""
    apt_key: str = ""

    def faults(self) -> dict[str, str]:
        """Field → what is wrong with it, as the reader of the contract names faults; empty where a card can be made."""
        found: dict[str, str] = {}
        if self.role not in ROLES:
            found["role"] = "unknown_value"
        if not NAME.fullmatch(self.name):
            found["name"] = "bad_format"
        if not self.servers or not all(re.fullmatch(r"https?://[^\s/?#@\"\\]+/?", each) for each in self.servers):
            found["servers"] = "bad_format"
        if self.address and not _parses(ipaddress.ip_interface, self.address):
            found["address"] = "bad_format"
        found |= {name: "bad_format" for name in ("gateway",) if self.gateway and not _parses(ipaddress.ip_address, self.gateway)}
        if not all(_parses(ipaddress.ip_address, each) for each in self.dns):
            found["dns"] = "bad_format"
        if self.wifi_name and not 8 <= len(self.wifi_password) <= 63:  # WPA2 passphrase, IEEE 802.11 annex M
            found["wifi_password"] = "bad_format"
        if not all(re.fullmatch(r"(?:ssh|ecdsa|sk-ssh)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\r\n]*)?", key) for key in self.ssh_keys):
            found["ssh_keys"] = "bad_format"
        return found


def _parses(reader: object, text: str) -> bool:
    try:
        reader(text)  # type: ignore[operator]
    except ValueError:
        return False
    return True


def files(card: Card) -> dict[str, str]:
    """File name → text, as they are copied to the first partition of the card."""
    return {"user-data": user_data(card), "network-config": network_config(card), "meta-data": meta_data(card)}


def join_toml(card: Card) -> str:
    """The file that tells a device where to ask for admission. Single lines are TOML basic strings, which JSON's are too."""
    lines = [f"servers = {_value(list(card.servers))}", f"role = {_value(card.role)}", f"name = {_value(card.name)}"]
    lines += [f"{name} = {_value(value)}" for name, value in _told(card) if value]
    if card.ca_pem:
        lines.append(f"ca_pem = {_value(card.ca_pem)}")
    return "\n".join(lines) + "\n"


def _told(card: Card) -> Sequence[tuple[str, str]]:
    return (("site", card.site), ("panel", card.panel), ("printer", card.printer), ("join_key", card.join_key))


def user_data(card: Card) -> str:
    """What cloud-init does at the first start, and never again."""
    lines = [
        "#cloud-config",
        "# Thẻ cho một máy của Tới Lượt. Không sửa tay: tải lại từ trang Thiết bị, hoặc `toiluot provision card`.",
        f"hostname: {_value(card.name)}",
        "manage_etc_hosts: true",
        f"locale: {_value(LOCALE)}",
        f"timezone: {_value(ZONE)}",
        "ssh_pwauth: false",
        "disable_root: true",
    ]
    if card.ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {_value(key)}" for key in card.ssh_keys)]
    lines += ["write_files:", *_file(JOIN_FILE, join_toml(card), "0600")]
    if card.apt_source and card.apt_key:
        lines += _file(APT_KEY, card.apt_key, "0644")
        lines += _file("/etc/apt/sources.list.d/toiluot.list", f"deb [signed-by={APT_KEY}] {card.apt_source}\n", "0644")
    return "\n".join([*lines, *_commands(card)]) + "\n"


def _file(path: str, content: str, mode: str) -> list[str]:
    return [f"  - path: {_value(path)}", f"    permissions: {_value(mode)}", f"    content: {_value(content)}"]


def _commands(card: Card) -> list[str]:
    """Packages from beside the files where they lie there, else from the source: either way one command that may be repeated."""
    wanted = " ".join(PACKAGES.get(card.role, ()))
    beside = f'set -- {PACKAGE_FOLDER}/*.deb; [ -e "$1" ] || set -- {wanted}; apt-get install -y --no-install-recommends "$@"'
    return [
        "runcmd:",
        f'  - [sh, -c, "[ -d {PACKAGE_FOLDER} ] || apt-get update"]',
        f"  - [sh, -c, {_value('export DEBIAN_FRONTEND=noninteractive; ' + beside)}]",
        *(["  - [systemctl, enable, --now, toiluot-enrol.service]"] if card.role in ("kiosk", "board") else []),
    ]


def network_config(card: Card) -> str:
    """Netplan's form, version 2. `optional`: nothing waits for a network that may be away."""
    lines = ["network:", "  version: 2"]
    kind, port = ("wifis", "wlan0") if card.wifi_name else ("ethernets", "eth0")
    lines += [f"  {kind}:", f"    {port}:", "      optional: true", f"      dhcp4: {_value(not card.address)}"]
    if card.address:
        lines.append(f"      addresses: {_value([card.address])}")
    if card.address and card.gateway:
        lines.append(f"      routes: {_value([{'to': 'default', 'via': card.gateway}])}")
    if card.dns:
        lines.append(f"      nameservers: {_value({'addresses': list(card.dns)})}")
    if card.wifi_name:
        lines += ['      regulatory-domain: "VN"', "      access-points:"]
        lines += [f"        {_value(card.wifi_name)}:", f"          password: {_value(card.wifi_password)}"]
    return "\n".join(lines) + "\n"


def meta_data(card: Card) -> str:
    """cloud-init runs again where the instance id is another: a card made with other facts is another instance."""
    mark = hashlib.sha256(user_data(card).encode()).hexdigest()[:12]
    return f"instance-id: {_value(f'toiluot-{card.name}-{mark}')}\nlocal-hostname: {_value(card.name)}\n"


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
