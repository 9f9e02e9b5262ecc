"""What the documents name exists: files, links, pictures, make targets, commands with their switches, environment names.

Holds no judgement of style. The state diagram must be the one that the transition table gives.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from queue_server.domain import diagram
from toiluot import main

HOUSE = Path(__file__).parents[2]
PAGES = [HOUSE / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((HOUSE / "docs").rglob("*.md"))
CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?<![\w/.-])toiluot((?: +(?:--?)?[\w][\w.:/=|<>\"$-]*)+)")


def label(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def code_of(page: Path) -> list[str]:
    return [block or inline for block, inline in CODE.findall(page.read_text(encoding="utf-8"))]


def commands_of(page: Path) -> set[tuple[str, ...]]:
    """Every `toiluot …` in the page's code, `a|b` spread over both."""
    found: set[tuple[str, ...]] = set()
    for code in code_of(page):
        for line in code.replace("\\\n", " ").splitlines():
            for words in COMMAND.findall(line.split(" #")[0]):
                spread: list[tuple[str, ...]] = [()]
                for word in words.split():
                    spread = [(*before, part) for before in spread for part in word.split("|")]
                found.update(spread)
    return found


def walk(words: tuple[str, ...]) -> str | None:
    """Why this command does not exist; None when it does, with all its switches."""
    command: click.Command = main
    context = click.Context(main)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        if inner is None:
            return f"no command {rest[0]!r}"
        command, rest = inner, rest[1:]
    known = {switch for option in command.params for switch in (*option.opts, *option.secondary_opts)} | {"--help", "--version", "-h"}
    wrong = [word for word in rest if word.startswith("-") and word.split("=")[0] not in known]
    return f"no switch {wrong}" if wrong else None


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r'src="([^"]+)"', text)
    inside = [target for target in targets if not target.startswith(("http://", "https://", "mailto:"))]
    assert [target for target in inside if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for code in code_of(page) for name in re.findall(r"(?:^|&& )make ([a-z]+)", code, re.MULTILINE)}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_commands_exist_with_their_switches(page: Path) -> None:
    wrong = {" ".join(words): why for words in commands_of(page) if (why := walk(words))}
    assert wrong == {}


def test_the_reader_of_commands_finds_and_refuses() -> None:
    assert ("drivers", "list") in commands_of(HOUSE / "docs/howto/install-on-debian.md")
    assert walk(("server", "run", "--no-such-switch")) == "no switch ['--no-such-switch']"
    assert walk(("server", "no-such-command")) == "no command 'no-such-command'"


# Pages about a wire cite files of other people's repositories.
@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "wire"], ids=label)
def test_files_of_the_project_named_in_code_exist(page: Path) -> None:
    roots = ("systemd/", "docs/", "tests/", "drivers/", "queue_server/", "kiosk/", "display/", ".ci/")
    named = {code.split()[0] for code in code_of(page) if code.startswith(roots) and re.fullmatch(r"[\w./-]+", code.split()[0])}
    assert {name for name in named if not (HOUSE / name).exists()} == set()


def test_every_screenshot_is_used_and_small() -> None:
    pictures = sorted((HOUSE / "docs/screenshots").glob("*.png"))
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert pictures
    assert [picture.name for picture in pictures if f"docs/screenshots/{picture.name}" not in text] == []
    assert {picture.name: picture.stat().st_size for picture in pictures if picture.stat().st_size > 200_000} == {}


def test_state_diagrams_are_those_of_the_tables() -> None:
    page = (HOUSE / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(r"```mermaid\n(.*?)\n```", page, re.DOTALL)
    assert drawn == [diagram.ticket_diagram(), diagram.counter_diagram()]


@pytest.mark.parametrize("script", [".ci/run", ".ci/make-env", ".ci/lock", ".ci/install-debian-packages", "systemd/install"])
def test_scripts_are_well_formed_and_can_be_run(script: str) -> None:
    path = HOUSE / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
