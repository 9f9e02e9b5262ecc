"""`make hil`: builds or finds the guest, boots it, brings the project in and runs the scenes there.

    python -m tests.hil.run [--boot] [scene …]      --boot begins from a cold start instead of the snapshot
    python -m tests.hil.run --power-cut [N [SEED]]  cuts the power under a server N times (110) instead

Holds the order of things and what is told; prints what pytest printed in the guest and ends with its exit code.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.hil import image
from tests.hil.rig import GUEST, HOUSE, PYTHON, Rig

FOLDER = HOUSE / "build" / "hil"
SCENES_S, SCENE_S = 1800.0, 300
PARTS = ("drivers", "systemd", "tests/hil", "toiluot*.py")
_started = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - _started:5.0f} s] {text}", flush=True)


def project() -> list[Path]:
    """What the guest needs of the project: tracked or new, never what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *PARTS], cwd=HOUSE, capture_output=True, text=True, check=True
    ).stdout
    return [HOUSE / name for name in listed.splitlines() if (HOUSE / name).is_file()]


def boot() -> None:
    """One cold start, the gadgets' modules, and a snapshot to begin the next runs from."""
    say("Cold start …")
    (FOLDER / "snapshot").unlink(missing_ok=True)
    with Rig(FOLDER, load=False) as rig:
        say("The guest answers.")
        rig.push(project())
        code, out = rig.run(f"cd {GUEST} && {PYTHON} -c 'from tests.hil.guest import gadgets; gadgets.prepare()'", wait_s=120)
        if code:
            raise SystemExit(out)
        rig.run("systemctl is-system-running --wait", wait_s=120)
        rig.save()
    (FOLDER / "snapshot").write_text(image.fingerprint())
    say("Snapshot taken.")


def scenes(chosen: list[str]) -> int:
    """One pytest in the guest; what it prints is told as it comes."""
    paths = " ".join(f"tests/hil/scenes/{one}.py" for one in chosen) or "tests/hil/scenes"
    options = "-v --tb=short -p no:cacheprovider -p no:anyio -c /dev/null --rootdir . -o python_files='*.py' --import-mode=importlib"
    command = f"cd {GUEST} && PYTHONPATH=. {PYTHON} -m pytest {options} --timeout {SCENE_S} --durations=0 --durations-min=1 {paths}"
    with Rig(FOLDER, load=True) as rig:
        rig.run(f"date -s @{time.time():.0f}")  # the snapshot's clock stands where it was taken
        rig.push(project())
        say("The guest goes on from its snapshot.")
        rig.run(f"({command}; echo $? > /run/ended) > /run/told 2>&1 < /dev/null &")
        return follow(rig)


def follow(rig: Rig) -> int:
    told, end = 0, time.monotonic() + SCENES_S
    while time.monotonic() < end:
        _, new = rig.run(f"tail -c +{told + 1} /run/told")
        told += len(new.encode())
        print(new, end="", flush=True)
        code, ended = rig.run("cat /run/ended 2>/dev/null")
        if code == 0 and not new:
            return int(ended)
        threading.Event().wait(2.0)
    say("Time is up.")
    return 1


def main(arguments: list[str]) -> int:
    if lacking := image.missing_tools():
        raise SystemExit(f"make hil needs: apt-get install --no-install-recommends {' '.join(lacking)}")
    image.build(FOLDER, say)
    if arguments[:1] == ["--power-cut"]:
        from tests.hil import power  # the server and its clients: the scenes need none of them

        told = [int(one) for one in arguments[1:]]
        count, seed = told + [110, 1][len(told) :]
        with tempfile.TemporaryDirectory(dir=FOLDER) as work:
            return power.cuts(FOLDER, Path(work), count, seed, say)
    mark = FOLDER / "snapshot"
    if "--boot" in arguments or not mark.exists() or mark.read_text() != image.fingerprint():
        boot()
    code = scenes([one for one in arguments if not one.startswith("-")])
    say("passed" if code == 0 else "FAILED")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
