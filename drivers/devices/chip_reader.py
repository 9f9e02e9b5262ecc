"""The chip of an identity card as a driver (`mrtd`): a key in, one small card event out. An optional extra; no queue needs it.

Holds the joining of a card reader's port with `codecs.mrtd`. What leaves is the number and the year of birth, that the chip was
asked, and whether its signer is on this machine's trust list. Name, address, photograph and fingerprints are not read.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.codecs.mrtd import dialogue, lds, passive
from drivers.codecs.mrtd.apdu import MAX_ANSWER
from drivers.codecs.mrtd.certificates import Anchor, load
from drivers.codecs.mrtd.errors import MrtdError
from drivers.devices.chip_outcome import ChipResult
from drivers.devices.chip_request import ReadChip
from drivers.health import Health
from drivers.ports.base import Gone, Port, Timeout, Waker
from drivers.ports.card import CardAway, CardBusy, CardPort

if TYPE_CHECKING:
    from drivers.config import SlotConfig
    from drivers.quirks import Quirks
    from drivers.registry import Parts

ROLES = ("reader",)
OPTIONS: dict[str, type] = {"anchors": str, "wait_s": float, "answer_s": float}
PORTS: dict[str, str] = {}
WAIT_S, ANSWER_S, TALK_S = 15.0, 3.0, 20.0
WATCH_S = 3600.0
AGAIN_S = 0.1
MAX_ANCHORS = 500


def check(wanted: SlotConfig, _: Quirks) -> None:
    if wanted.address is None or wanted.address.kind != "pcsc":
        raise ValueError('a chip reader is named by port = "pcsc:READER NAME" (“pcsc:*” where there is only one)')


def build(wanted: SlotConfig, parts: Parts) -> ChipReader:
    anchors, faults = load_anchors(Path(wanted.options["anchors"])) if "anchors" in wanted.options else ((), 0)
    return ChipReader(
        lambda data: parts.publish("card", data),
        anchors,
        faults=faults,
        wait_s=wanted.options.get("wait_s", WAIT_S),
        answer_s=wanted.options.get("answer_s", ANSWER_S),
    )


def load_anchors(folder: Path) -> tuple[tuple[Anchor, ...], int]:
    """The country signers in a folder (one certificate a file, PEM or DER), and how many files were none."""
    anchors, faults = [], 0
    for path in sorted(folder.iterdir())[:MAX_ANCHORS] if folder.is_dir() else ():
        try:
            anchors.append(load(path.read_bytes()))
        except (MrtdError, OSError):
            faults += 1
    return tuple(anchors), faults


class _NoCard(Exception):
    """Nobody laid a card down in time."""


class ChipReader:
    """The `Device` behind a chip reader's slot."""

    def __init__(
        self,
        publish: Callable[[dict[str, Any]], None],
        anchors: tuple[Anchor, ...],
        *,
        faults: int = 0,
        wait_s: float = WAIT_S,
        answer_s: float = ANSWER_S,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._publish, self._anchors, self._random = publish, anchors, random
        self._wait_s, self._answer_s = wait_s, answer_s
        unread = f"{faults} file(s) of the trust list are no authority's certificate" if faults else ""
        self._health = Health("ok", unread) if anchors else Health("no_anchor", unread)

    def greet(self, port: Port) -> Health:
        return self._health

    def tend(self, port: Port, waker: Waker) -> Health:
        """A card that is laid down says nothing until somebody gives its key."""
        port.idle(time.monotonic() + WATCH_S, waker)
        return self._health

    def act(self, port: CardPort, command: ReadChip) -> tuple[ChipResult, Health]:
        try:
            return self._act(port, command)
        finally:
            command.key.wipe()

    def _act(self, port: CardPort, command: ReadChip) -> tuple[ChipResult, Health]:
        try:
            with contextlib.closing(dialogue.read(command.key, self._random)) as talk:
                answer = self._begin(port, next(talk), time.monotonic() + self._wait_s)
                reading = self._talk(port, talk, answer)
            return self._told(reading), self._health
        except _NoCard:
            return ChipResult("no_card"), self._health
        except CardAway:
            return ChipResult("moved"), self._health
        except CardBusy:
            return ChipResult("busy"), Health("busy")
        except MrtdError as error:
            return ChipResult(error.code, detail=str(error)), self._health
        except Timeout as error:
            return ChipResult("timeout"), Health("timeout", str(error))
        except Gone as error:
            return ChipResult("absent"), Health("absent", str(error))

    def _begin(self, port: CardPort, words: bytes, deadline: float) -> bytes:
        """The first answer. A card just laid down may not be in the field yet, or its forerunner not yet missed: then once more."""
        while True:
            try:
                port.meet(deadline)
            except Timeout as error:
                raise _NoCard from error
            except CardAway:
                pass
            else:
                with contextlib.suppress(CardAway):
                    return self._exchange(port, words, time.monotonic() + self._answer_s)
            port.rest()
            if time.monotonic() + AGAIN_S > deadline:
                raise _NoCard
            select.select([], [], [], AGAIN_S)

    def _talk(self, port: Port, talk: dialogue.Talk[dialogue.Reading], answer: bytes) -> dialogue.Reading:
        end = time.monotonic() + TALK_S
        while True:
            try:
                words = talk.send(answer)
            except StopIteration as done:
                reading: dialogue.Reading = done.value
                return reading
            answer = self._exchange(port, words, min(end, time.monotonic() + self._answer_s))

    @staticmethod
    def _exchange(port: Port, words: bytes, deadline: float) -> bytes:
        port.write(words, deadline)
        return port.read(MAX_ANSWER, deadline)

    def _told(self, reading: dialogue.Reading) -> ChipResult:
        try:
            trust = passive.verify(reading.sod, {1: reading.dg1}, self._anchors)
            holder = lds.holder(bytes(reading.dg1))
        finally:
            reading.wipe()
        event: dict[str, Any] = {"kind": "id_card", "number": holder.number, "proof": "chip", "trust": str(trust)}
        if holder.born is not None:
            event["birth_year"] = holder.born
        self._publish(event)
        return ChipResult("ok", str(trust))

    def refuse(self, command: Any, health: Health) -> ChipResult:
        if isinstance(command, ReadChip):
            command.key.wipe()
        return ChipResult(health.code, detail=health.detail)

    def lose(self) -> None:
        """Nothing is kept between two cards."""
