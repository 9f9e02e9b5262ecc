"""What a board says of itself, for the technician who compares it with what is screwed to the wall. Nothing of it is secret or proof."""

from __future__ import annotations

from pathlib import Path

from .files import Places

LONGEST = 64


def facts(places: Places) -> dict[str, str]:
    """serial, model, mac, image; what cannot be read is left out."""
    root = places.root
    told = {
        "serial": _first(root / "proc/device-tree/serial-number", root / "sys/class/dmi/id/product_serial"),
        "model": _first(root / "proc/device-tree/model", root / "sys/class/dmi/id/product_name"),
        "mac": _mac(root / "sys/class/net"),
        "image": _image(root / "etc/os-release"),
    }
    return {name: text for name, text in told.items() if text}


def _first(*paths: Path) -> str:
    for path in paths:
        try:
            text = path.read_bytes().decode("utf-8", "replace").strip("\0 \n")
        except OSError:
            continue
        kept = "".join(letter for letter in text if letter.isprintable())[:LONGEST].strip()
        if kept:
            return kept
    return ""


def _mac(folder: Path) -> str:
    """Of the first network port that is a device, not a bridge or a tunnel; a cable before the air."""
    try:
        ports = sorted(one for one in folder.iterdir() if (one / "device").exists())
    except OSError:
        return ""
    return next((mac for port in ports if (mac := _first(port / "address"))), "")


def _image(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    return next((told[name].strip('"')[:LONGEST] for name in ("IMAGE_ID", "PRETTY_NAME") if told.get(name)), "")
