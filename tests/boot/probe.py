"""Runs INSIDE a sandbox of ours, by the tree's own Python, and tells in one line of JSON what it was let do there.

It is the ExecStart= of a copy of the unit (`sandbox.py`): the same user, namespaces, filters and kernel programs. A word that
begins with "refused" carries the error's name; everything else went through.
"""

import ctypes
import errno
import json
import os
import socket
import sys


def tried(act):
    try:
        told = act()
    except OSError as no:
        return "refused " + errno.errorcode.get(no.errno or 0, type(no).__name__)
    return "done" if told is None else str(told)


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.settimeout(3)
        line.connect(address)


def bind(port):
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind(("127.0.0.1", port))


def write(path):
    with open(path, "w") as file:
        file.write("x")
    os.unlink(path)


def opened(path, flags=os.O_RDONLY):
    os.close(os.open(path, flags))


def call(name, *words):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*words) != 0:
        raise OSError(ctypes.get_errno(), name)


def executable_memory():
    import mmap

    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def status(key):
    with open("/proc/self/status") as file:
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(key + ":"))


def main(state, outside, server):
    told = {
        "user": str(os.getuid()),
        "capabilities": status("CapEff"),
        "no new privileges": status("NoNewPrivs"),
        "processes": str(sum(name.isdigit() for name in os.listdir("/proc"))),
        "write /etc": tried(lambda: write("/etc/probe")),
        "write /usr": tried(lambda: write("/usr/probe")),
        "write state": tried(lambda: write(os.path.join(state, "probe"))) if state else "none",
        "another's state": tried(lambda: os.listdir(outside)),
        "identity": tried(lambda: os.listdir("/var/lib/toiluot/identity") and None),
        "home": tried(lambda: os.listdir("/root") and None),
        "mknod": tried(lambda: os.mknod("/tmp/probe", 0o020600, os.makedev(1, 1))),
        "become root": tried(lambda: call("setreuid", 0, 0)),
        "unshare": tried(lambda: call("unshare", 0x10000000)),
        "mount": tried(lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None)),
        "executable memory": tried(executable_memory),
        "raw packets": tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        "ip socket": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()),
        "netlink": tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()),
        "loopback": tried(lambda: connect(socket.AF_INET, ("127.0.0.1", 9))),
        "building": tried(lambda: connect(socket.AF_INET, (server, 9))),
        "internet": tried(lambda: connect(socket.AF_INET, ("198.51.100.7", 9))),
        "bind 9999": tried(lambda: bind(9999)),
        "loop device": tried(lambda: opened("/dev/probe-loop", os.O_RDWR)),
        "serial device": tried(lambda: opened("/dev/probe-serial", os.O_RDWR | os.O_NONBLOCK)),
        "tty device": tried(lambda: opened("/dev/tty1", os.O_RDWR)),
        "null device": tried(lambda: opened("/dev/null", os.O_RDWR)),
    }
    print("PROBE " + json.dumps(told), flush=True)


main(*sys.argv[1:4])
