"""Which mistakes in the rules of the queue would the tests not see? `make mutation` (ARGS="ticket.py counter.py").

For every mutant of `queue_server/domain` a child process is forked, imports that one module with the mistake in it and
runs the tests until the first one fails. A child that passes them all is a survivor. Exit 1 where fewer than 95 % were
killed. It takes some minutes and is no part of `make test` or `make verify`.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

# Everything heavy that the tests import is imported here, once; of our own packages nothing, or a child would not see
# its mutant.
import alembic.command  # noqa: F401
import hypothesis
import jsonschema  # noqa: F401
import playwright.sync_api  # noqa: F401
import psycopg  # noqa: F401
import pytest
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite  # noqa: F401

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutation.mutants import Mutant, build, every  # noqa: E402 - the checkout is only now on the path

DOMAIN = ROOT / "queue_server" / "domain"
# Whose tests see a mistake most likely, so that most mutants cost one short run; survivors meet all of them.
NEAREST = {
    "calendar": "figures", "config": "config", "counter": "counter", "diagram": "values", "effects": "effects", "errors": "values",
    "event": "values", "metrics": "figures", "metrics_days": "metrics_page", "metrics_figures": "metrics_page", "metrics_spread": "figures",
    "metrics_steps": "metrics_page", "metrics_visits": "metrics_page", "numbering": "figures", "principal": "values", "routing": "figures",
    "ticket": "ticket", "visit": "values", "waiting": "figures",
}  # fmt: skip
DOMAIN_TESTS = ("tests/domain",)
# What the domain's own tests let live is judged once more by those who use the rules.
SERVICE_TESTS = ("tests/services/test_calling.py", "tests/services/test_issuing.py", "tests/services/test_days_and_access.py")
TIMEOUT_S = 60
WANTED = 0.95


class OneModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out one module from a changed tree, and every other one as usual."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path = name, path
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `is "text"`: our doing, and no test's merit
            self._code = compile(tree, str(path), "exec")

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self._path, loader=self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def survives(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Whether every test passes with this mistake (None: with none) in the code. A hang counts as seen."""
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_S)  # ends the process from outside of whatever hangs in it
        gc.disable()  # a child lives for a second
        _judge(mutant, tests)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _judge(mutant: Mutant | None, tests: Sequence[str]) -> None:
    """In the child: never returns."""
    code = 1
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        if mutant is not None:
            path = DOMAIN / mutant.file
            name = f"queue_server.domain.{path.stem}"
            sys.meta_path.insert(0, OneModule(name, path, build(mutant, path.read_text("utf-8"))))
        options = [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            str(ROOT),
            "--import-mode=importlib",
            "-m",
            "not full",
        ]
        alone = ["-k", "not postgresql"] if tests is SERVICE_TESTS else ["--noconftest"]
        code = int(pytest.main([*options, *alone, *tests]))
    finally:
        os._exit(code)


def lives(mutant: Mutant) -> bool:
    """Whether no test at all sees it."""
    nearest = f"tests/domain/test_{NEAREST[Path(mutant.file).stem]}.py"
    return all(survives(mutant, tests) for tests in ((nearest,), DOMAIN_TESTS, SERVICE_TESTS))


def _ready() -> None:
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # The same examples for every mutant, fewer of them, and no search for the shortest one: a failure is enough.
    hypothesis.settings.register_profile(
        "mutation",
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutation")
    gc.freeze()
    if "queue_server.domain" in sys.modules:
        raise SystemExit("the domain was imported before its mutants: nothing would be tested")
    if not (survives(None, DOMAIN_TESTS) and survives(None, SERVICE_TESTS)):
        raise SystemExit("the tests fail without any mistake: make them pass first")


def _mutants(files: Sequence[str]) -> Iterator[Mutant]:
    for path in sorted(DOMAIN.glob("*.py")):
        if not files or path.name in files:
            yield from every(path.name, path.read_text("utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutants of queue_server/domain against the tests.")
    parser.add_argument("files", nargs="*", help="file names in queue_server/domain; all without")
    parser.add_argument("--part", default="1/1", metavar="N/M", help="every M-th mutant, beginning with the N-th")
    parser.add_argument("--out", type=Path, help="write the outcome as JSON lines")
    chosen = parser.parse_args()
    part, parts = (int(number) for number in chosen.part.split("/"))
    mutants = list(_mutants(chosen.files))[part - 1 :: parts]
    _ready()
    left: list[Mutant] = []
    out = chosen.out.open("a", encoding="utf-8") if chosen.out else None
    for n, mutant in enumerate(mutants, 1):
        unseen = lives(mutant)
        if unseen:
            left.append(mutant)
            print(f"survivor {mutant.name}\n    {mutant.source}", flush=True)
        if out:
            out.write(json.dumps({"mutant": mutant.name, "lives": unseen, "source": mutant.source}, ensure_ascii=False) + "\n")
            out.flush()
        if n % 100 == 0:
            print(f"{n} of {len(mutants)}, {len(left)} survivors", flush=True)
    killed = len(mutants) - len(left)
    print(f"{killed} of {len(mutants)} mutants killed ({100 * killed / max(1, len(mutants)):.1f} %), {len(left)} survivors")
    return 0 if killed >= WANTED * len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
