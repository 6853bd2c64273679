"""Small ICC profiles, version 2, made of primaries and a curve; their names lie on purpose."""

import struct
from collections.abc import Callable

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

SRGB: Matrix = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""Red, green, blue in XYZ, adapted to D50."""
P3: Matrix = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE: Matrix = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))

_TO_LINEAR = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def srgb_curve(value: float) -> float:
    """The sRGB transfer: 0 to 1 as stored, to linear light."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def inverse(light: float) -> float:
    """Linear light, to 0 to 1 as sRGB stores it."""
    light = min(1.0, max(0.0, light))
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def rgb_profile(name: str, primaries: Matrix, curve: Callable[[float], float] = srgb_curve) -> bytes:
    columns = {tag: _xyz(xyz) for tag, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    curves = {tag: _curve(curve) for tag in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"RGB ", name, columns | curves)


def grey_profile(name: str, curve: Callable[[float], float]) -> bytes:
    return _profile(b"GRAY", name, {b"kTRC": _curve(curve)})


def expected(colour: tuple[int, int, int], primaries: Matrix, curve: Callable[[float], float]) -> tuple[int, ...]:
    """A stored colour in sRGB, by the arithmetic of the ICC's matrix model."""
    linear = [curve(part / 255) for part in colour]
    xyz = [sum(primaries[channel][axis] * linear[channel] for channel in range(3)) for axis in range(3)]
    to_linear = (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )
    return tuple(round(255 * inverse(sum(row[axis] * xyz[axis] for axis in range(3)))) for row in to_linear)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(curve: Callable[[float], float]) -> bytes:
    points = [round(65535 * curve(step / 1023)) for step in range(1024)]
    return b"curv\0\0\0\0" + struct.pack(f">I{len(points)}H", len(points), *points)


def _profile(space: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": description, b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"cprt": b"text\0\0\0\0none\0"} | tags
    table, body, offset = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", offset + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ ", bytes(12), b"acsp"
    )
    header += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body
