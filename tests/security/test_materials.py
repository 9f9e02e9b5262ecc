"""What we are made of: each distribution of the lock under a licence that may travel with ours, and a bill that names them all with hashes.

Known flaws of these versions are looked up by `pip-audit` against a feed (docs/security.md says how): no test reaches one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

HOUSE = Path(__file__).parents[2]
LOCK = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
LINES = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)(?: ; ([^\\]+?))? \\$", LOCK, re.MULTILINE)

# Words of SPDX expressions and of the classifiers that older distributions still carry. The weak copyleft ones are used as
# libraries, unchanged, which they allow; a new one is a decision and not an oversight.
FREE = {
    "0BSD", "Apache-2.0", "Apache Software License", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "ISC License (ISCL)", "ISC", "MIT",
    "MIT License", "MIT-0", "MIT-CMU", "PSF-2.0", "Python Software Foundation License", "DFSG approved", "Zlib", "CC0-1.0",
}  # fmt: skip
WEAK = {
    "GNU Lesser General Public License v2 or later (LGPLv2+)": {"pyscard"},
    "LGPL-2.1-or-later": {"pyudev"},
    "LGPL-3.0-only": {"psycopg", "psycopg-binary"},
    "MPL-2.0": {"fqdn", "hypothesis", "orjson"},
    "Mozilla Public License 2.0 (MPL 2.0)": {"certifi", "orjson", "pathspec"},
    "Other/Proprietary License": {"qrcode"},  # its second word is BSD; it comes with python-escpos, which only tests load
}


def installed() -> dict[str, set[str]]:
    """The licence words of each distribution of the lock that is meant for this machine."""
    here = {key: str(value) for key, value in default_environment().items()}
    found = {}
    for name, _, marker in LINES:
        if marker and not Requirement(f"x; {marker}").marker.evaluate(here):  # type: ignore[union-attr]
            continue
        about = metadata.metadata(name)
        said = about.get("License-Expression")
        words = re.split(r" (?:OR|AND) |[()]", said) if said else []
        words += [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License ::")]
        found[name] = {word.strip() for word in words if word.strip()} - {"OSI Approved"} or {about.get("License", "") or "none said"}
    return found


def test_every_distribution_may_travel_with_ours() -> None:
    found = installed()
    assert len(found) > 80
    wrong = {name: sorted(word for word in words if word not in FREE and name not in WEAK.get(word, ())) for name, words in found.items()}
    assert {name: words for name, words in wrong.items() if words} == {}
    assert [name for name, words in found.items() if not words] == []


@pytest.mark.full
@pytest.mark.slow(reason="builds the bill of a hundred distributions and checks it against its schema")
def test_the_bill_of_materials_names_every_line_of_the_lock_with_its_hashes(tmp_path: Path) -> None:
    target = re.search(r"^sbom:.*\n((?:\t.*\n)+)", (HOUSE / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert target is not None
    assert "cyclonedx-py requirements requirements.lock" in target[1]
    out = tmp_path / "bill.json"
    tool = Path(sys.executable).with_name("cyclonedx-py")
    words = [str(tool), "requirements", "requirements.lock", "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"]
    done = subprocess.run([*words, "-o", str(out)], cwd=HOUSE, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    bill = json.loads(out.read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "toiluot"
    assert {(each["name"], each["version"]) for each in bill["components"]} == {(name, version) for name, version, _ in LINES}
    for each in bill["components"]:
        assert [h for place in each["externalReferences"] for h in place.get("hashes", [])], each["name"]
