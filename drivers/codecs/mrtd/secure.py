"""Secure messaging: every command and answer encrypted, counted and sealed (Doc 9303-11, 9.8).

Holds the reader's end, for 3DES (after BAC) and AES (after PACE). The keys come from `bac` and `pace`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from drivers.codecs.mrtd import tlv
from drivers.codecs.mrtd.apdu import Answer, Command, parse_answer
from drivers.codecs.mrtd.ciphers import SEAL_BYTES, aes_block, aes_cbc, aes_mac, des3_cbc, pad, retail_mac, unpad, wipe
from drivers.codecs.mrtd.errors import Garbled

DATA, ODD_DATA, LE, STATUS, SEAL = 0x87, 0x85, 0x97, 0x99, 0x8E


@dataclass
class Channel:
    """`counter` is the send sequence counter; both ends add one before each message."""

    encrypting: bytearray = field(repr=False)
    sealing: bytearray = field(repr=False)
    counter: int = field(default=0, repr=False)
    aes: bool = True

    @property
    def block(self) -> int:
        return 16 if self.aes else 8

    def step(self) -> bytes:
        self.counter = (self.counter + 1) % (1 << 8 * self.block)
        return self.counter.to_bytes(self.block, "big")

    def seal(self, count: bytes, data: bytes) -> bytes:
        """Over the counter and `data`, which is padded here."""
        padded = count + pad(data, self.block)
        return aes_mac(self.sealing, padded) if self.aes else retail_mac(self.sealing, padded)

    def hide(self, count: bytes, data: bytes) -> bytes:
        return self._cipher(count, pad(data, self.block), encrypt=True)

    def show(self, count: bytes, data: bytes) -> bytes:
        return unpad(self._cipher(count, data, encrypt=False))

    def _cipher(self, count: bytes, data: bytes, *, encrypt: bool) -> bytes:
        if not self.aes:
            return des3_cbc(self.encrypting, data, encrypt=encrypt)
        return aes_cbc(self.encrypting, data, aes_block(self.encrypting, count), encrypt=encrypt)

    def protect(self, command: Command) -> Command:
        count = self.step()
        head = bytes([command.cla | 0x0C, command.ins, command.p1, command.p2])
        body = b""
        if command.data:
            body += tlv.encode(DATA, b"\x01" + self.hide(count, command.data))
        if command.le is not None:
            body += tlv.encode(LE, bytes([command.le & 0xFF]))
        seal = self.seal(count, pad(head, self.block) + body) if body else self.seal(count, head)
        return Command(head[0], command.ins, command.p1, command.p2, body + tlv.encode(SEAL, seal), 256)

    def unprotect(self, raw: bytes) -> Answer:
        """`Garbled` where the seal does not fit, or the chip has fallen back to plain words (then its status is in the text)."""
        outer = parse_answer(raw)
        count = self.step()
        if not outer.data:
            raise Garbled(f"the chip ended secure messaging with {outer.sw:04X}")
        found = {item.tag: item for item in tlv.items(outer.data)}
        signed = b"".join(item.raw for item in tlv.items(outer.data) if item.tag != SEAL)
        status, seal = found.get(STATUS), found.get(SEAL)
        if seal is None or len(seal.value) != SEAL_BYTES or not hmac.compare_digest(seal.value, self.seal(count, signed)):
            raise Garbled("the seal of an answer does not fit")
        if status is None or len(status.value) != 2:
            raise Garbled("an answer without its status")
        return Answer(self._data(count, found), int.from_bytes(status.value, "big"))

    def _data(self, count: bytes, found: dict[int, tlv.Item]) -> bytes:
        if DATA in found:
            value = found[DATA].value
            if value[:1] != b"\x01":
                raise Garbled("data of an unknown form")
            return self.show(count, value[1:])
        return self.show(count, found[ODD_DATA].value) if ODD_DATA in found else b""

    def wipe(self) -> None:
        wipe(self.encrypting, self.sealing)
        self.counter = 0
