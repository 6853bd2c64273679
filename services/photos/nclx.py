"""The colours that a HEIF names by numbers, in place of a profile.

Source: ISO/IEC 23091-2, the tables of colour primaries and transfer characteristics.
"""

import struct

from PIL import ImageCms

_P3_PRIMARIES = 12
_LIKE_SRGB = frozenset({1, 2, 13})
"""Transfers that are shown by the curve of sRGB: that of BT.709, none that is known, and sRGB's own."""

_P3 = {
    b"rXYZ": (0.5151, 0.2412, -0.0011),
    b"gXYZ": (0.2920, 0.6922, 0.0419),
    b"bXYZ": (0.1571, 0.0666, 0.7841),
}
"""Red, green and blue of Display P3 in XYZ, adapted to D50, by their tags in a profile."""


def profile_named(nclx: object) -> bytes:
    """The ICC profile of the named colours where they are those of Display P3, as phones take them; else nothing.

    Args:
        nclx: What the decoder read, or None.
    """
    if not isinstance(nclx, dict) or nclx.get("color_primaries") != _P3_PRIMARIES:
        return b""
    if nclx.get("transfer_characteristics") not in _LIKE_SRGB:
        return b""
    # That of sRGB with other colours: its tags say where each stands.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        colour = _P3.get(bytes(profile[at : at + 4]))
        if colour is not None:
            start = int.from_bytes(profile[at + 4 : at + 8], "big") + 8
            profile[start : start + 12] = struct.pack(">3i", *(round(part * 65536) for part in colour))
    return bytes(profile)
