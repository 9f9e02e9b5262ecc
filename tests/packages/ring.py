"""A signed ring of packages as `docs/updates.md` describes it, in a folder that apt reads.

Holds the writing of Packages, Release and InRelease; the key lives in a folder of the test.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path


def publish(ring: Path, packages: Iterable[Path], keys: Path) -> Path:
    """The folder `ring` with these packages; the public key that it is signed by."""
    ring.mkdir(parents=True)
    stanzas = []
    for package in packages:
        content = package.read_bytes()
        shutil.copy(package, ring)
        control = subprocess.run(["dpkg-deb", "-f", str(package)], check=True, text=True, capture_output=True).stdout
        stanzas.append(
            f"{control}Filename: {ring.name}/{package.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
    listed = "\n".join(stanzas).encode()
    (ring / "Packages").write_bytes(listed)
    total = hashlib.sha256(listed).hexdigest()
    (ring / "Release").write_text(f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n {total} {len(listed)} Packages\n")
    keys.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(keys)]
    quiet = {"check": True, "capture_output": True, "env": {**os.environ, "LC_ALL": "C"}}
    subprocess.run([*gpg, "--passphrase", "", "--quick-generate-key", "ring@toiluot.invalid", "ed25519", "sign", "never"], **quiet)  # type: ignore[call-overload]
    subprocess.run([*gpg, "--clearsign", "--output", str(ring / "InRelease"), str(ring / "Release")], **quiet)  # type: ignore[call-overload]
    public = ring.parent / "packages.asc"
    subprocess.run([*gpg, "--armor", "--output", str(public), "--export"], **quiet)  # type: ignore[call-overload]
    subprocess.run(["gpgconf", "--homedir", str(keys), "--kill", "all"], check=False)
    return public
