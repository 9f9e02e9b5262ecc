"""The ciphers of a travel document's chip: 3DES and AES in CBC, the two seals, padding, and the key derivation that joins them.

Holds thin names for `cryptography`'s primitives, so that one file knows them. Which key protects what is `secure`, `bac` and `pace`.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from drivers.codecs.mrtd.errors import Garbled

Key = bytes | bytearray
SEAL_BYTES = 8
FOR_ENCRYPTION, FOR_SEALING, FOR_PACE = 1, 2, 3


def pad(data: bytes, block: int) -> bytes:
    """ISO/IEC 9797-1 method 2: always one byte 80, then zeros."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    bare = data.rstrip(b"\x00")
    if not bare.endswith(b"\x80") or len(data) - len(bare) >= 16:
        raise Garbled("padding")
    return bare[:-1]


def _run(cipher: Cipher[modes.CBC] | Cipher[modes.ECB], data: bytes, encrypt: bool) -> bytes:
    try:
        worker = cipher.encryptor() if encrypt else cipher.decryptor()
        return worker.update(data) + worker.finalize()
    except ValueError as error:
        raise Garbled("not whole blocks") from error


def _des3(key: Key) -> TripleDES:
    return TripleDES(bytes(key) + bytes(key[:8]) if len(key) == 16 else bytes(key) * 3)


def des3_cbc(key: Key, data: bytes, *, encrypt: bool) -> bytes:
    """Two-key 3DES, no initial vector."""
    return _run(Cipher(_des3(key), modes.CBC(bytes(8))), data, encrypt)


def aes_cbc(key: Key, data: bytes, vector: bytes, *, encrypt: bool) -> bytes:
    return _run(Cipher(algorithms.AES(bytes(key)), modes.CBC(vector)), data, encrypt)


def aes_block(key: Key, block: bytes) -> bytes:
    return _run(Cipher(algorithms.AES(bytes(key)), modes.ECB()), block, True)  # noqa: S305 - one block: the standard's own way to a vector


def retail_mac(key: Key, padded: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3: single DES along the blocks, 3DES on the last."""
    if not padded or len(padded) % 8:
        raise Garbled("not whole blocks")
    before = des3_cbc(key[:8], padded[:-8], encrypt=True)[-8:] if len(padded) > 8 else bytes(8)
    last = bytes(one ^ other for one, other in zip(before, padded[-8:], strict=True))
    return des3_cbc(key, last, encrypt=True)


def aes_mac(key: Key, data: bytes) -> bytes:
    """AES-CMAC, the first eight bytes."""
    seal = CMAC(algorithms.AES(bytes(key)))
    seal.update(data)
    return seal.finalize()[:SEAL_BYTES]


def derive(secret: Key, purpose: int, size: int, *, des: bool = False) -> bytearray:
    """KDF of 9.7.1: SHA-1 up to 128 bits, SHA-256 above; DES keys get odd parity."""
    material = bytes(secret) + purpose.to_bytes(4, "big")
    key = (hashlib.sha1(material) if size <= 16 else hashlib.sha256(material)).digest()[:size]  # noqa: S324 - the standard's own choice
    return bytearray(byte & 0xFE | (byte & 0xFE).bit_count() & 1 ^ 1 for byte in key) if des else bytearray(key)


def wipe(*secrets: bytearray) -> None:
    """Overwrite what is ours. Copies inside the libraries last until their memory is used again: this is the best Python can do."""
    for secret in secrets:
        secret[:] = bytes(len(secret))
