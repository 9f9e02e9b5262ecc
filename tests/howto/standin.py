"""What stands in for a computer's own tools in a scratch root: `systemctl`, `runuser`, `chown`; and `toiluot` with its default
paths beneath that root.

Run by name as a program, never imported. `systemctl start` takes ExecStart, EnvironmentFile and LoadCredential from the unit in
systemd/units and waits for the program's READY=1, as systemd does; who may do what is not tried here (the boot test does).
"""

import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
ROOT = os.environ["HOWTO_ROOT"]
UNITS = Path(ROOT, "units")
READY_S = 200.0
PAGE = "127.0.0.1:8765"  # where a device's own page is; each how-to has an address of its own
BELOW = re.compile(r"(?<![\w.])(/etc/toiluot|/var/lib/toiluot|/run/toiluot|/usr/bin/toiluot)(?=[/\s\"':;,)]|$)")


def rooted(text):
    return BELOW.sub(lambda path: f"{ROOT}/bin/toiluot" if path[1].startswith("/usr") else f"{ROOT}{path[1]}", text)


# ---------------------------------------------------------------- systemctl
def systemctl(words):
    verb, *rest = [word for word in words if not word.startswith("-")]
    units = [name.removesuffix(".service") for name in rest]
    if verb in ("daemon-reload", "reload"):
        return 0
    if verb in ("enable", "disable") and "--now" not in words:
        return 0
    if verb == "is-active":
        states = ["active" if alive(unit) else "inactive" for unit in units]
        print("\n".join(states))
        return 0 if all(state == "active" for state in states) else 3
    if verb in ("stop", "restart", "disable"):
        for unit in units:
            stop(unit)
    if verb in ("start", "restart", "enable"):
        return max(start(unit) for unit in units)
    return 0


def alive(unit):
    try:
        pid = int((UNITS / f"{unit}.pid").read_text())
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, ValueError):
        return False


def stop(unit):
    if alive(unit):
        pid = int((UNITS / f"{unit}.pid").read_text())
        ends = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        if not select.select([ends], [], [], 30)[0]:
            os.kill(pid, signal.SIGKILL)
            select.select([ends], [], [], 30)
        os.close(ends)
    (UNITS / f"{unit}.pid").unlink(missing_ok=True)


def start(unit):
    if alive(unit):
        return 0
    settings = unit_of(unit)
    if not met(settings.get("ConditionPathExists", ())):
        print(f"{unit}: conditions not met, skipped", file=sys.stderr)
        return 0  # as systemctl does: a condition is no failure
    folder, env = UNITS / unit, environment(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for credential in settings.get("SetCredential", ()):
        name, _, value = credential.partition(":")
        (folder / name).write_text(value.replace("\\n", "\n"))
    for credential in settings.get("LoadCredential", ()):
        name, _, source = credential.partition(":")
        where = Path(rooted(source))
        for file in sorted(where.iterdir()) if where.is_dir() else [where]:
            if file.is_file():
                shutil.copy(file, folder / (f"{name}_{file.name}" if where.is_dir() else name))
    command = arguments(settings["ExecStart"][-1], env, folder)
    for state in settings.get("StateDirectory", ("",))[-1].split():
        Path(ROOT, "var/lib", state).mkdir(parents=True, exist_ok=True)
    waits = settings["Type"][-1] == "notify"
    return launched(unit, command, {**env, "CREDENTIALS_DIRECTORY": str(folder)}, waits)


def met(conditions):
    """All of the plain ones, and one of those with a bar where there are any (systemd.unit(5))."""
    plain = [one for one in conditions if not one.startswith("|")]
    triggering = [one[1:] for one in conditions if one.startswith("|")]
    there = lambda one: Path(rooted(one.lstrip("!"))).exists() != one.startswith("!")  # noqa: E731
    return all(map(there, plain)) and (not triggering or any(map(there, triggering)))


def launched(unit, command, env, waits):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear, (UNITS / f"{unit}.log").open("ab") as log:
        ear.bind("")  # an address that the kernel chooses: a path would be too long for a socket
        ear.settimeout(0.2)
        env["NOTIFY_SOCKET"] = "@" + ear.getsockname()[1:].decode()
        # It inherits the ear: what it says at its end needs somebody who could hear it.
        child = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, pass_fds=[ear.fileno()]
        )
        (UNITS / f"{unit}.pid").write_text(str(child.pid))
        deadline = time.monotonic() + READY_S
        if not waits:
            return 0
        while time.monotonic() < deadline and child.poll() is None:
            try:
                if b"READY=1" in ear.recv(4096):
                    return 0
            except TimeoutError:
                continue
    print(f"Job for {unit}.service failed.", file=sys.stderr)
    return 1


def unit_of(unit):
    """Key -> values in order, drop-ins of the scratch root last; a line that ends in a backslash goes on."""
    files = [HOUSE / f"systemd/units/{unit}.service", *sorted(Path(ROOT, f"etc/systemd/system/{unit}.service.d").glob("*.conf"))]
    found = {}
    for file in files:
        for line in file.read_text().replace("\\\n", " ").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith(("#", ";")):
                found.setdefault(key.strip(), []).append(value.strip())
    return found


def environment(settings):
    env = {**os.environ}
    for line in settings.get("Environment", ()):
        env.update(pair.split("=", 1) for pair in shlex.split(line))
    for file in settings.get("EnvironmentFile", ()):
        path = Path(rooted(file.lstrip("-")))
        if path.exists():
            lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
            env.update((name, rooted(value)) for name, value in (line.split("=", 1) for line in lines))
    return env


def arguments(line, env, folder):
    """`${NAME}` is one word, `$NAME` as many as it holds (systemd.service(5)); %d is the folder of credentials."""
    words = []
    for word in shlex.split(line.replace("%d", str(folder)).replace("%b", "boot")):
        if re.fullmatch(r"\$[A-Z_]+", word):
            words += shlex.split(env.get(word[1:], ""))
        else:
            words.append(re.sub(r"\$\{([A-Z_]+)\}", lambda name: env.get(name[1], ""), word))
    return [rooted(word).replace(PAGE, os.environ["HOWTO_PAGE"]) for word in words]


# ---------------------------------------------------------------- the rest
def runuser(words):
    """One user follows the page: whoever runs the tests."""
    os.execvp(words[words.index("--") + 1], words[words.index("--") + 1 :])


def chown(words):
    _, *paths = [word for word in words if not word.startswith("-")]
    return 0 if all(Path(path).exists() for path in paths) else 1


def toiluot(words):
    """Our own command; option defaults that are paths of a real machine lie beneath the scratch root."""
    import click

    sys.path.insert(0, str(HOUSE))
    from toiluot import main

    def moved(command, depth):
        found = {}
        for option in command.params:
            default = os.environ["HOWTO_PAGE"] if (command.name, option.name) == ("enrol", "bind") else option.default
            if isinstance(default, str | Path) and (option.name == "bind" or rooted(str(default)) != str(default)):
                found[option.name] = rooted(str(default))
        rest = [word for word in words[depth:] if not word.startswith("-")]
        if isinstance(command, click.Group) and rest:
            inner = command.get_command(click.Context(command), rest[0])
            if inner is not None:
                found[rest[0]] = moved(inner, words.index(rest[0], depth) + 1)
        return found

    main(words, prog_name="toiluot", default_map=moved(main, 0))


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    sys.exit({"systemctl": systemctl, "runuser": runuser, "chown": chown, "toiluot": toiluot}[name](given))
