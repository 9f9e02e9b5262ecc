"""Mistakes around a takeover, a restore, a leaping clock and numbers given without a server."""

from __future__ import annotations

from typing import Any

from display import relay
from kiosk import agent, offline
from kiosk.keeper import Keeper
from kiosk.leases import Leases
from queue_server.client import Unreachable
from queue_server.clock import SteadyClock
from queue_server.domain import numbering
from queue_server.dossier.worker import Worker
from queue_server.recovery import branches
from queue_server.services import epochs, leasing, replicating, restating
from queue_server.storage.repository import Repository
from queue_server.web.followers import Followers
from queue_server.web.standing import Standing
from tests.sim.planted import Swap, nothing, plant, spoiled


# ---------------------------------------------------------------- the servers
@plant
def takeover_without_a_jump() -> list[Swap]:
    """The new server goes on where its copy ends."""
    return [(numbering, "jump", lambda highest, lost_h=0: highest)]


@plant
def takeover_gives_leases_again() -> list[Swap]:
    """The band of leased numbers goes on where the copy ends."""
    kept = epochs._jump

    def jump(unit: Any, *about: Any) -> Any:
        series = {service.series for service in unit.config.services.values()}
        before = {each: unit.repository.series(unit.site, unit.business_day, each)["last_reserved"] for each in series}
        done = kept(unit, *about)
        for each, last in before.items():
            unit.repository.set_last_number(unit.site, unit.business_day, each, last, reserved=True)
        return done

    return [(epochs, "_jump", jump)]


@plant
def takeover_in_the_old_epoch() -> list[Swap]:
    """Nobody can tell the two servers apart."""
    return [(Repository, "start_epoch", nothing)]


@plant
def fence_ignored() -> list[Swap]:
    """A server that was replaced goes on as before."""
    return [(Standing, "_fence", nothing)]


@plant
def standby_takes_commands() -> list[Swap]:
    """Two servers at once."""
    return [(Standing, "check", nothing)]


@plant
def answered_before_the_standby_has_it() -> list[Swap]:
    """The second machine comes when it comes."""
    return [(Followers, "hold", nothing)]


@plant
def answers_not_copied() -> list[Swap]:
    """The standby knows what happened and not what was answered."""
    return [(replicating, "batch", spoiled(replicating.batch, lambda told, *_: {**told, "answers": []}))]


@plant
def leases_not_copied() -> list[Swap]:
    """The standby does not know which numbers kiosks hold."""
    return [(replicating, "_lease", spoiled(replicating._lease, lambda told, *_: {**told, "entries": []}))]


@plant
def numbers_not_copied() -> list[Swap]:
    """The standby has the tickets and not the row that counts."""
    return [(Repository, "set_last_number", _not_from_the_log(Repository.set_last_number))]


def _not_from_the_log(kept: Any) -> Any:
    def set_last(self: Any, site: str, day: str, series: str, number: int, **more: Any) -> None:
        if more.get("reserved") or number % 2:
            kept(self, site, day, series, number, **more)

    return set_last


@plant
def restore_forgets_the_replaced() -> list[Swap]:
    """Nobody looks at what the replaced database knew, nor jumps."""
    return [(branches, "_take", nothing), (numbering, "jump", lambda highest, lost_h=0: highest + 1)]


@plant
def told_again_and_not_entered() -> list[Swap]:
    """What a kiosk tells of the old server's tickets is thanked for."""

    def one(unit: Any, told: Any, n: int) -> Any:
        return {"number": told["number"], "ticket_id": told["ticket_id"], "result": "settled"}

    return [(restating, "_one", one)]


@plant
def told_again_under_other_numbers() -> list[Swap]:
    """Whoever has a slip of the old server gets the next number instead of that on paper."""
    kept = restating._one

    def one(unit: Any, told: Any, n: int) -> Any:
        return kept(unit, {**told, "number": told["number"] + 1}, n)

    return [(restating, "_one", one)]


@plant
def wall_clock_believed() -> list[Swap]:
    """Whatever the machine's clock says is site time."""
    return [(SteadyClock, "wall_ms", lambda self: self._inner.wall_ms())]


@plant
def settled_as_it_comes() -> list[Swap]:
    """A number given an hour ago stands behind those of the last minute."""
    late = spoiled(leasing.given_out, lambda data, unit, *_: {**data, "effective_at": unit.now_ms})
    return [(leasing, "given_out", late), (restating, "given_out", late)]


# ---------------------------------------------------------------- kiosks and boards
@plant
def kiosk_tells_nothing_again() -> list[Swap]:
    """A kiosk does not tell the new server what the old one acknowledged."""
    return [(Leases, "acknowledged", lambda self, day: [])]


@plant
def given_number_stays_free() -> list[Swap]:
    """A leased number is printed and not struck out."""
    return [(Leases, "giving", lambda self, number, told: nothing)]


@plant
def kiosk_time_stands_still() -> list[Swap]:
    """Without a server a kiosk's slips all say when it was last heard."""
    return [(offline, "now_ms", lambda anchor, boot_id, boot_s: anchor.server_ms if anchor and anchor.boot_id == boot_id else None)]


@plant
def unanswered_ticket_not_taken_back() -> list[Swap]:
    """Who got a leased number because no answer came has the other one as well."""
    return [(agent, "insert", nothing)]


@plant
def settled_before_it_was_told() -> list[Swap]:
    """A batch whose answer was lost is taken for settled."""
    kept = Keeper._settle

    def settle(self: Any) -> bool:
        batch = self._leases.batch()
        try:
            return bool(kept(self))
        except Unreachable:
            self._leases.settled(batch[2], {}, 0)
            raise

    return [(Keeper, "_settle", settle)]


@plant
def settled_under_another_request() -> list[Swap]:
    """Every second batch names tickets of the one before."""
    last: list[Any] = []
    kept = Leases.batch

    def batch(self: Any) -> Any:
        found = kept(self)
        if found is not None:
            last.append(found)
        return (found[0], found[1], last[-2][2]) if found and len(last) % 2 == 0 else found

    return [(Leases, "batch", batch)]


@plant
def board_stays_with_the_old_server() -> list[Swap]:
    """A board takes every snapshot for the truth, and a server that was replaced goes on."""
    kept = relay.Relay.take_snapshot

    def take(self: Any, message: Any, **how: Any) -> bool:
        self.several = False
        return bool(kept(self, message, **how))

    return [(relay.Relay, "take_snapshot", take), (Standing, "word", lambda self, site: "standby" if self.following else "serving")]


@plant
def feed_keeps_its_place() -> list[Swap]:
    """The feed goes on behind rows that never happened."""
    return [(Worker, "_follow_epoch", nothing)]


@plant
def log_read_on_from_a_lost_branch() -> list[Swap]:
    """Nobody who reads the log is told that it goes on elsewhere."""
    from queue_server.services import queries

    return [(queries, "check_position", nothing)]
