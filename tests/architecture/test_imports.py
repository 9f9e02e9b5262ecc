"""Who may import whom: import-linter's contracts, and what it cannot say: purity, and one file per foreign library.

Holds rules about import statements only. What a module does while it is imported is in test_import_is_silent.py.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("drivers", "queue_server", "kiosk", "display")

# Marked pure in the design: the standard library without I/O, clock or chance, themselves, and nothing else.
PURE = (
    "drivers.codecs",
    "queue_server.contract",
    "queue_server.domain",
    "queue_server.dossier.payload",
    "kiosk.session",
    "kiosk.turns",
    "kiosk.own_slip",
    "kiosk.own_screens",
    "kiosk.views",
    "kiosk.timing",
    "kiosk.saying",
    "kiosk.audio",
    "kiosk.screens",
    "kiosk.slip",
    "kiosk.offline",
    "display.board",
    "display.announcer",
)
IMPURE_LIBRARY = {
    "asyncio", "concurrent", "ctypes", "fcntl", "ftplib", "glob", "http", "importlib", "io", "logging", "mmap", "multiprocessing",
    "os", "pathlib", "pty", "queue", "random", "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "socketserver",
    "sqlite3", "ssl", "subprocess", "sys", "tempfile", "termios", "threading", "time", "tty", "uuid", "_thread",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}

# One file each: a library that can be replaced by changing one file.
PYSCARD = "drivers/ports/pcsc_worker.py"
ONE_FILE = {"serial": "drivers/ports/serial.py", "evdev": None, "pyudev": None, "escpos": None, "smartcard": PYSCARD, "usb": None}
# Pure all the same: ciphers and certificates are functions of their arguments, and chance is one of these.
ALSO_PURE = {"drivers.codecs.mrtd": {"cryptography", "asn1crypto"}}


def name_of(path: Path) -> str:
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for what stands under `if TYPE_CHECKING`: a name in an annotation binds nobody."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}):
            yield from statements(child)


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, anywhere in it, as absolute names (`from a import b` gives `a.b`)."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]
    for node in statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (base, node.module) if part)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def ours(imported: str) -> str | None:
    """The module of ours that an imported name stands in; None for a foreign one."""
    parts = imported.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in MODULES:
            return ".".join(parts[:end])
    return None


def pure_modules() -> dict[str, str]:
    """Every module that must be pure: the marked ones and all of ours that they import; the value names the reason."""
    found: dict[str, str] = {}
    to_do = [(name, "marked") for name in MODULES if any(name == pure or name.startswith(pure + ".") for pure in PURE)]
    while to_do:
        name, why = to_do.pop()
        if name in found:
            continue
        found[name] = why
        to_do += [(inner, f"imported by {name}") for inner in map(ours, imports(MODULES[name])) if inner]
    return found


def test_import_linter_keeps_every_contract() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    result = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stdout[-3000:]
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize("name", sorted(pure_modules()))
def test_pure_modules_touch_nothing(name: str) -> None:
    path = MODULES[name]
    foreign = {imported for imported in imports(path) if ours(imported) is None}
    roots = {imported.split(".")[0] for imported in foreign} - {"__future__", *ROOMS}
    roots -= next((libraries for room, libraries in ALSO_PURE.items() if name.startswith(room)), set())
    assert roots <= sys.stdlib_module_names - IMPURE_LIBRARY, (
        pure_modules()[name],
        sorted(roots & IMPURE_LIBRARY | roots - sys.stdlib_module_names),
    )
    called = {
        node.func.id for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & IMPURE_CALLS == set()


def test_the_marked_modules_exist() -> None:
    expected = {"kiosk.offline", "display.announcer"}  # may come with a later issue; everything else is there
    assert {pure for pure in PURE if pure not in MODULES} <= expected


@pytest.mark.parametrize("library", ONE_FILE)
def test_one_file_imports_the_library(library: str) -> None:
    users = [str(path.relative_to(HOUSE)) for path in MODULES.values() if any(name.split(".")[0] == library for name in imports(path))]
    assert len(users) <= 1
    assert ONE_FILE[library] is None or users == [ONE_FILE[library]]


def allowed_for_edges(name: str) -> bool:
    return name.startswith(("drivers.client", "queue_server.contract", "queue_server.client", "queue_server.device"))


@pytest.mark.parametrize("room", ["kiosk", "display"])
def test_kiosk_and_display_know_clients_and_messages_only(room: str) -> None:
    for name, path in MODULES.items():
        if name.split(".")[0] == room:
            others = {inner for inner in map(ours, imports(path)) if inner and inner.split(".")[0] != room}
            assert {inner for inner in others if not allowed_for_edges(inner)} == set(), name


def test_only_bootstrap_builds_the_server() -> None:
    builders = {
        name for name, path in MODULES.items() for inner in map(ours, imports(path)) if inner and inner.startswith("queue_server.storage")
    }
    outside = {name for name in builders if not name.startswith("queue_server.storage")}
    copiers = {name for name in outside if name.startswith("queue_server.recovery.")}  # they replace whole databases
    assert outside - copiers <= {"queue_server.bootstrap"}
