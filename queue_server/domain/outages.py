"""Outages of outside systems, as marks over time: which waits stood under one, and how long a system was out.

A mark is `[started, ended)` in site time. Holds the rules alone: who sets marks, and where they are kept, is not here.
"""

from __future__ import annotations

HOW_ENDED = ("said", "day_close")  # somebody said that it works again; or nobody did, and the day was closed
