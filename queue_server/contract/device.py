"""What a device with a key of its own and its server both say: names of headers, what a signature covers, the words of a key.

Holds constants and pure functions of bytes. Signing is `queue_server.device`'s, verifying `queue_server.web.signatures`'.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

# RFC 9421: what is covered, in this order, and how the one signature of a request is labelled.
LABEL = "toiluot"
COVERED = ("@method", "@target-uri", "content-digest", "toiluot-counter")
COUNTER_HEADER = "Toiluot-Counter"
PARAMETERS = ("created", "keyid", "nonce")
WINDOW = 64  # requests of one device may overtake each other by so many
COUNTER_STEP = 256  # a device writes its counter down in such steps; after a restart it goes on above
MOST_COUNTER = 2**53 - 1
NONCE_CHARS = (8, 64)
PUBLIC_KEY_BYTES = 32
KEYID_CHARS = 22
KEYID = re.compile(rf"[0-9A-Za-z_-]{{{KEYID_CHARS}}}")

# RFC 8628, its rules: how often a device asks, how long a request for admission stands.
INTERVAL_S, EXPIRES_S = 5, 600
JOIN_KEY_PREFIX = "tlj_"
JOIN_KEY_MOST_S = 72 * 3600
ROTATION_S = 7 * 24 * 3600  # the old key and the new one both sign for so long

# Twenty consonants: no vowel makes a word, none is taken for a digit (RFC 8628, section 6.1).
CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_CHARS = 8

# 256 words of one syllable. Without their marks no two are spelt alike, nor do two sound alike in the north or the south.
_SPELT = """
biển bàn bão bèo bé bình bí bò bóng bút bướm bưởi bầu bắp bếp bừa cam cau chai chanh chim chiêng chiếu chuối chuột chè
chén chín chùa chổi chợ chữ cua cuốc cá cáo cát cây cò cú cúc cơm cốc cối cồng củi cừu diều dâu dây dê dơi dứa ghế gió
giếng gà gương gạch gạo gấm gấu gối gỗ gừng heo hoa hài hành hòe hươu hạc hẹ hến hồ hồng hộp kem khoai khoan khóa khói
khăn khế khỉ kiến kén kìm kính kẹo lau lim liềm liễu làng lê lò lúa lưới lược lạc lều lịch lồng mai muối mèo mía mít
móng măng mũ mưa mướp mạ mắm mắt mẹt mỏ mực nai nem ngan nghé ngà ngói ngô ngọc ngỗng ngựa nho nhung nhà nhái nhãn
nhím nhạc nhện nia nâu nón nôi núi nơ nước nấm nắng nắp nến ong phao phà phèn phích phượng phấn phố quýt quạt quả quế
ruộng rèm rêu rìu rạp rắn rồng rừng sao sen sim suối sách sáp sò sóc sóng súp sương sậy sếu sỏi sứ sữa tem than thau
thuyền thác tháp thìa thóc thông thùng thư thước thảm thỏ tiêu trà trúc trường trầu trống trứng tàu táo tép tím tóc
tôm tùng túi tơ tượng tằm tỏi tủ ve voi vàng ví vòng vườn vải vẹt vịt vở vừng xanh xe xoài xuân xà yên én đàn đào đá
đèn đèo đình đò đĩa đồng đục ếch ốc ổi bột trĩ gụ nghiến hoẵng khướu
"""
WORDS: tuple[str, ...] = tuple(_SPELT.split())


def keyid(public_key: bytes) -> str:
    """How a key is named: base64url of the first 132 bits of SHA-256 over its raw bytes."""
    return encode(hashlib.sha256(public_key).digest())[:KEYID_CHARS]


def words(material: bytes) -> tuple[str, str, str, str]:
    """Four words to compare on two screens: the first 32 bits of SHA-256, a word for each byte."""
    one, two, three, four = hashlib.sha256(material).digest()[:4]
    return WORDS[one], WORDS[two], WORDS[three], WORDS[four]


def user_code(secret: bytes) -> str:
    """`BCDF-GHJK` from at least twenty random bytes."""
    number = int.from_bytes(hashlib.sha256(secret).digest(), "big")  # 256 bits over 20^8: the remainder favours none
    letters = []
    for _ in range(CODE_CHARS):
        number, at = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[at])
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def plain_code(typed: str) -> str:
    """A code as somebody typed it, without hyphens, spaces and case."""
    return "".join(letter for letter in typed.upper() if letter in CODE_ALPHABET)


def digest_header(body: bytes) -> str:
    """Content-Digest (RFC 9530) of a body, an empty one too."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def wipe_document(key: str) -> dict[str, Any]:
    """What the site signs to tell a device of a withdrawn key that it is to forget all it holds."""
    return {"keyid": key, "wipe": True}


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    """base64url without padding; ValueError for anything else."""
    if not re.fullmatch(r"[0-9A-Za-z_-]*", text):
        raise ValueError("base64url expected")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
