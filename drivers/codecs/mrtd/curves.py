"""Points on the elliptic curves of PACE: adding and multiplying, which `cryptography` does not offer apart from whole protocols.

Not constant in time: used with keys that live for one reading, at a machine that stands beside its reader. The numbers of the
curves are those of RFC 5639 and FIPS 186-4; the tests check each against `cryptography`'s own.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs.mrtd.errors import Garbled

Point = tuple[int, int] | None
_Jacobian = tuple[int, int, int]


@dataclass(frozen=True)
class Curve:
    """`y² = x³ + ax + b` over the field of `p`; `generator` has the order `n`, the cofactor is one."""

    name: str
    p: int
    a: int
    b: int
    generator: tuple[int, int]
    n: int

    @property
    def size(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def holds(self, point: tuple[int, int]) -> bool:
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def encode(self, point: Point) -> bytes:
        if point is None:
            raise Garbled("the point at infinity")
        return b"\x04" + b"".join(number.to_bytes(self.size, "big") for number in point)

    def decode(self, data: bytes) -> tuple[int, int]:
        """Only points that lie on the curve: anything else is an attack or a fault."""
        if len(data) != 1 + 2 * self.size or data[0] != 4:
            raise Garbled("a point of no known form")
        point = int.from_bytes(data[1 : 1 + self.size], "big"), int.from_bytes(data[1 + self.size :], "big")
        if not self.holds(point):
            raise Garbled("a point beside the curve")
        return point

    def add(self, one: Point, other: Point) -> Point:
        if one is None or other is None:
            return other if one is None else one
        if one[0] == other[0]:
            if (one[1] + other[1]) % self.p == 0:
                return None
            slope = (3 * one[0] * one[0] + self.a) * pow(2 * one[1], -1, self.p)
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, self.p)
        x = (slope * slope - one[0] - other[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    def multiply(self, factor: int, point: tuple[int, int]) -> Point:
        """Doubling and adding in Jacobian coordinates, with one division at the end."""
        result: _Jacobian = (1, 1, 0)
        for bit in bin(factor % self.n)[2:]:
            result = self._double(result)
            if bit == "1":
                result = self._plus(result, point)
        x, y, z = result
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        return x * inverse * inverse % self.p, y * inverse * inverse * inverse % self.p

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        if z == 0 or y == 0:
            return 1, 1, 0
        square = y * y % self.p
        s = 4 * x * square % self.p
        m = (3 * x * x + self.a * pow(z, 4, self.p)) % self.p
        doubled = (m * m - 2 * s) % self.p
        return doubled, (m * (s - doubled) - 8 * square * square) % self.p, 2 * y * z % self.p

    def _plus(self, point: _Jacobian, plain: tuple[int, int]) -> _Jacobian:
        x, y, z = point
        if z == 0:
            return plain[0], plain[1], 1
        square = z * z % self.p
        h = (plain[0] * square - x) % self.p
        r = (plain[1] * square * z - y) % self.p
        if h == 0:
            return self._double(point) if r == 0 else (1, 1, 0)
        cube = h * h * h % self.p
        v = x * h * h % self.p
        across = (r * r - cube - 2 * v) % self.p
        return across, (r * (v - across) - y * cube) % self.p, z * h % self.p


P256 = Curve(
    "secp256r1",
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
BRAINPOOL256 = Curve(
    "brainpoolP256r1",
    0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377,
    0x7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9,
    0x26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6,
    (
        0x8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262,
        0x547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997,
    ),
    0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7,
)
P384 = Curve(
    "secp384r1",
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFC,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    (
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
)
BRAINPOOL384 = Curve(
    "brainpoolP384r1",
    0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53,
    0x7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826,
    0x04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11,
    (
        0x1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E,
        0x8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315,
    ),
    0x8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565,
)
# The numbers by which a chip names its curve (Doc 9303-11, table 12).
BY_NUMBER = {12: P256, 13: BRAINPOOL256, 15: P384, 16: BRAINPOOL384}
