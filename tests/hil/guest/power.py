"""The server in a machine that will lose its power: everything imported, the network up, waiting for the word to begin.

Run in the guest before the snapshot; every cut machine begins here. What the word starts are the steps of `toiluot server
run` on a database whose disk was not plugged in when the snapshot was taken.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

from queue_server.bootstrap import prepare
from tests.faults import nursery
from toiluot_edge import listen

ORDERS, WARM, READY = Path("/run/power.orders"), Path("/run/power.warm"), Path("/run/power.ready")
ADDRESS, MASK, PORT = "10.0.2.15", "255.255.255.0", 8080
SET_ADDRESS, SET_MASK, SET_FLAGS, UP = 0x8916, 0x891C, 0x8914, 0x41


def network() -> None:
    """The one card gets the address to which the host's port leads."""
    name = next(each for each in sorted(os.listdir("/sys/class/net")) if each != "lo").encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for request, address in ((SET_ADDRESS, ADDRESS), (SET_MASK, MASK)):
            packed = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(asked, request, packed)
        fcntl.ioctl(asked, SET_FLAGS, struct.pack("16sH14x", name, UP))


def main(url: str) -> None:
    network()
    warm = "sqlite:////run/warm.db"
    prepare(warm).close()
    nursery.warm(warm)
    os.mkfifo(ORDERS)
    WARM.touch()
    ORDERS.read_text(encoding="ascii")  # opens when the word comes
    nursery.serve_on(url, listen(f"0.0.0.0:{PORT}"), READY.touch)


if __name__ == "__main__":
    main(*sys.argv[1:])
