"""Makes `data/warsaw-week.csv`: one week of visits at a ward, derived from the queues of a Warsaw district office.

    pip install rdata            # a development tool only
    python -m queue_server.demo.derive.warsaw warsaw_queues.rda > queue_server/demo/data/warsaw-week.csv

The raw file has no tickets: about every five minutes it says, per service group, which number is being called and how
many people wait. Their sum is the count of numbers issued so far; what it grew by between two snapshots arrived in
between, and is spread there evenly at random from a fixed seed. One office (district Ochota) and the week of
13-17 January 2020 are used, because there the sum never falls. Which Warsaw group stands for which of our services is
our choice (`GROUPS`); groups about vehicles, the cash desk and taxes on vehicles have no counterpart and are left out.
"""

from __future__ import annotations

import csv
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

OFFICE, DAYS, SEED = "UD_Ochota", ("2020-01-13", "2020-01-17"), 20200113
LONGEST_GAP_MIN = 15

# first letters of the group's name -> our service
GROUPS = {
    "A:": "xay-dung",  # architecture, surveying, roads
    "D:": "cu-tru",  # identity cards, applications
    "E:": "nhan-ket-qua",  # identity cards, collection
    "F:": "kinh-doanh",  # licences to sell alcohol
    "G:": "kinh-doanh",  # declarations on municipal waste
    "H:": "chinh-sach",  # child benefit
    "L:": "chinh-sach",  # municipal housing, housing allowance
    "M:": "chung-thuc",  # residence, certificates, attestations
    "N:": "dat-dai",  # real estate
    "O:": "nhan-ket-qua",  # registration documents, collection
    "T:": "chinh-sach",  # large-family card
    "B:": "huong-dan",
    "USC B": "ho-tich",
    "USC C": "ho-tich",
    "USC D": "ho-tich",
    "USC I": "huong-dan",
}


def minute(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


def service_of(group: str) -> str | None:
    return next((service for start, service in GROUPS.items() if group.startswith(start)), None)


def increments(snapshots: Iterable[tuple[int, str, int]]) -> Iterator[tuple[int, int, int]]:
    """(from minute, to minute, arrivals) of one group on one day. No number is shown before the first call; registry
    groups count from 501."""
    issued, before, base = 0, None, 0
    for at, shown, waiting in snapshots:
        digits = re.search(r"(\d+)\D*$", shown)
        called = int(digits[1]) if digits else None
        if called is not None and called > 500:
            base = 500
        total = max(issued, (called or base) - base + waiting) if called is not None or issued == 0 else issued
        if total > issued:
            start = at - 5 if before is None or at - before > LONGEST_GAP_MIN else before
            yield start, at, total - issued
        issued, before = total, at


def visits(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(local time, service) of every arrival, in order of time."""
    series: dict[tuple[str, str], list[tuple[int, str, int]]] = defaultdict(list)
    for row in rows:
        series[row.date, row.nazwaGrupy].append((minute(row.time), row.aktualnyNumer, int(row.liczbaKlwKolejce)))
    dice = random.Random(SEED)  # noqa: S311 - a reproducible spread, no secret
    found = []
    for (day, group), snapshots in sorted(series.items()):
        service = service_of(group)
        for start, end, count in increments(sorted(snapshots)) if service else ():
            for _ in range(count):
                second = dice.randrange(60 * start, 60 * end)
                found.append((f"{day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+07:00", str(service)))
    return iter(sorted(found))


def read(path: str) -> Any:
    import warnings

    import rdata  # type: ignore[import-not-found, unused-ignore]

    warnings.simplefilter("ignore")
    frame = rdata.read_rda(path, default_encoding="utf8")["warsaw_queues"]
    for column in ("name", "time", "date", "nazwaGrupy", "aktualnyNumer"):
        frame[column] = frame[column].astype(str)
    frame = frame[(frame["name"] == OFFICE) & frame["date"].between(*DAYS)]
    return frame.drop_duplicates(["date", "name", "nazwaGrupy", "time"]).itertuples()


def main(path: str) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("at", "service", "card"))
    for number, (at, service) in enumerate(visits(read(path)), 1):
        # Every third visitor lays a card; the cards are invented (see demo/cards.py).
        out.writerow((at, service, f"fake:{number}" if number % 3 == 0 else ""))


if __name__ == "__main__":
    main(sys.argv[1])
