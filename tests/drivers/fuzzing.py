"""How many inputs each codec is given where the whole is asked for: 20,000 in `make verify`, a million by `make fuzz`."""

from __future__ import annotations

import os

INPUTS = int(os.environ.get("FUZZ_INPUTS", "20000"))
SEED = int(os.environ.get("FUZZ_SEED", "4"))
