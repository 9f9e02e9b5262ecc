"""The heart: the server dies without warning while numbers are issued and people called, and comes back.

Nothing acknowledged is lost, nothing is done twice, a repeat gets the stored answer, numbers have no gap and the audit
finds nothing: after a kill, after a kill with the power gone too, and on a disk as slow as a cheap card.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import pytest

from tests.faults import power_cut, shim, verdict
from tests.faults.kills import SITE, Rounds, hall
from tests.postgres import Cluster

SLOW_US = 5000
FLUSH_US = 1000  # long enough that a kill often falls between a write and its flush
OFTEN = ("wal_autocheckpoint = 40",)  # pages: checkpoints at every turn instead of every few hundred commands
full = pytest.mark.full


def killed(
    url: str,
    folder: Path,
    kills: int,
    seed: int,
    environment: Mapping[str, str] | None = None,
    disk: Callable[[], None] = lambda: None,
    pragmas: Sequence[str] = (),
    enough: Callable[[], bool] = lambda: True,
) -> Rounds:
    """So many deaths, some more where it is not `enough` yet, and what must be true after all of them."""
    with hall(url, folder, seed=seed, environment=environment, disk=disk, pragmas=pragmas) as (rounds, client):
        for death in range(4 * kills):
            if death >= kills and enough():
                break
            rounds.die()
            assert rounds.lost == []
        rounds.wait_for_work()
        rounds.finish()
        assert rounds.other_answers(client) == []
        sent = rounds.sent()
    assert verdict.findings(url, SITE, sent) == []
    done = {order.what for order in rounds.acknowledged().values()}
    assert done == {"open", "issue", "next", "recall", "undo"}, "the hall did not do everything it should"
    assert any(order.failed_at_s for order in sent.values()), "no command was in flight at any kill: the test tested nothing"
    return rounds


def report(rounds: Rounds, **more: int) -> None:
    """Figures for whoever looks: pytest -rP."""
    figures = {
        "kills": len(rounds.deaths),
        "kill_ms": round(median(death.cost_ms for death in rounds.deaths)),
        "commands": len(rounds.acknowledged()),
        "repeated": sum(bool(order.failed_at_s) for order in rounds.sent().values()),
        "committed_but_unheard": len(rounds.in_doubt()),
    }
    print(figures | more)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    made = tmp_path / "disk"
    made.mkdir()
    return made


@pytest.mark.slow("twenty deaths of a server under load")
@pytest.mark.parametrize("seed", [1])
def test_kill_9(tmp_path: Path, disk: Path, seed: int) -> None:
    rounds = killed(f"sqlite:///{disk}/site.db", tmp_path, 20, seed)
    assert rounds.in_doubt(), "at no kill was a command committed and not yet answered: the repeat was not tried"
    report(rounds)


@full
@pytest.mark.slow("fifty deaths of a server under load")
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_kill_9_two_hundred_times(tmp_path: Path, disk: Path, seed: int) -> None:
    rounds = killed(f"sqlite:///{disk}/site.db", tmp_path, 50, seed)
    assert rounds.in_doubt()
    report(rounds)


@pytest.mark.slow("a server under load dies again and again, with the power")
@pytest.mark.parametrize(("seed", "kills"), [(21, 5), pytest.param(22, 30, marks=full), pytest.param(23, 30, marks=full)])
def test_power_cut(tmp_path: Path, disk: Path, library: Path, seed: int, kills: int) -> None:
    """Every second cut loses all that was not flushed; the others let some of it survive, torn and in any order."""
    state, chance = tmp_path / "state", random.Random(seed)
    lost: list[power_cut.Lost] = []

    def cut() -> None:
        lost.append(power_cut.play(disk, state, chance if len(lost) % 2 else None))

    environment = shim.forgetful(library, disk, state, FLUSH_US)
    rounds = killed(f"sqlite:///{disk}/site.db", tmp_path, kills, seed, environment, cut, OFTEN, lambda: any(each.changes for each in lost))
    assert sum(each.changes for each in lost) > 0, "no cut took anything: the test tested nothing"
    report(rounds, unflushed=sum(each.changes for each in lost), survived=sum(each.survived for each in lost))


@pytest.mark.slow("a server under load dies again and again on a slow disk")
@pytest.mark.parametrize(("seed", "kills"), [(31, 5), pytest.param(32, 30, marks=full), pytest.param(33, 30, marks=full)])
def test_kill_9_on_a_slow_disk(tmp_path: Path, disk: Path, library: Path, seed: int, kills: int) -> None:
    rounds = killed(f"sqlite:///{disk}/site.db", tmp_path, kills, seed, shim.slow(library, SLOW_US))
    report(rounds)


@pytest.mark.slow("a server under load dies again and again")
@pytest.mark.parametrize(("seed", "kills"), [(41, 4), pytest.param(42, 30, marks=full)])
def test_kill_9_on_postgresql(tmp_path: Path, cluster: Cluster, seed: int, kills: int) -> None:
    """The server process dies; the database lives on and takes back what was not committed."""
    rounds = killed(cluster.create(f"kill{seed}"), tmp_path, kills, seed)
    report(rounds)


def test_the_same_run_tells_a_server_that_flushes_less(tmp_path: Path, disk: Path, library: Path) -> None:
    """The control: with synchronous=NORMAL the power cut takes acknowledged commands, and the harness names them."""
    state = tmp_path / "state"
    environment = shim.forgetful(library, disk, state, FLUSH_US)

    def cut() -> None:
        power_cut.play(disk, state)

    with hall(f"sqlite:///{disk}/site.db", tmp_path, seed=51, environment=environment, pragmas=("synchronous = NORMAL",), disk=cut) as (
        rounds,
        _,
    ):
        rounds.die()
    assert rounds.lost
