"""The process that reckons one staffing question: a line of JSON in, a line of JSON out, and it ends.

A process of its own, because seconds of reckoning in the server's would be felt at every kiosk. It sees no database and no clock.
"""

from __future__ import annotations

import json
import os
import sys

from queue_server.staffing.wire import answer

NICE = 10


def main() -> int:
    """Behind everything else on the machine."""
    os.nice(NICE)
    sys.stdout.write(json.dumps(answer(json.loads(sys.stdin.readline()))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
