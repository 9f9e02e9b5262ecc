"""Makes `data/quang-tri-1222.csv` and `data/quang-tri-325.csv`: the day the two sites of Quảng Trị took 1,222 and 325
seal dossiers, as one visit each.

    python -m queue_server.demo.derive.seal_day queue_server/demo/data

Only the two totals are real. When people came is not recorded: the profile below (office hours 07:00-11:30 and
13:30-17:00, two thirds in the morning, the crowd at the door when it opens) is ours, and so is the order of the
invented cards.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

SEED = 20250701
DAY = "2025-07-01"
SITES = {"quang-tri-1222": 1222, "quang-tri-325": 325}

# half hour that begins at this minute of the day -> its share, in thousandths
PROFILE = {
    420: 130, 450: 110, 480: 95, 510: 85, 540: 75, 570: 65, 600: 50, 630: 35, 660: 25,
    810: 75, 840: 70, 870: 60, 900: 50, 930: 35, 960: 25, 990: 15,
}  # fmt: skip


def seconds(total: int, dice: random.Random) -> list[int]:
    starts = dice.choices(list(PROFILE), weights=list(PROFILE.values()), k=total)
    return sorted(60 * start + dice.randrange(1800) for start in starts)


def main(folder: str) -> None:
    dice = random.Random(SEED)  # noqa: S311 - a reproducible day, no secret
    card = 100_000
    for name, total in SITES.items():
        with open(Path(folder) / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(("at", "service", "card"))
            for second in seconds(total, dice):
                card += 1
                at = f"{DAY}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+07:00"
                out.writerow((at, "con-dau", f"fake:{card}"))


if __name__ == "__main__":
    main(sys.argv[1])
