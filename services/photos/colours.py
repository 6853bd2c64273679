"""Pixels of any kind made 8-bit sRGB, by the profile that comes with them.

Source of the numbers by which a HEIF names its colours in place of a profile: ISO/IEC 23091-2, the tables of colour
primaries and transfer characteristics.
"""

import struct
from io import BytesIO
from itertools import chain, product

from PIL import Image, ImageChops, ImageCms

MAX_DIFFERENCE = 2
"""A profile that moves no colour by more than this, of 255, is sRGB, whatever its name is."""

_ALPHA = list(range(256))
"""What a table of greys leaves alone."""
_STEPS = (0, 24, 64, 128, 192, 255)
# Colours all over, in a row of pixels.
_PROBES = Image.frombytes("RGB", (len(_STEPS) ** 3, 1), bytes(chain(*product(_STEPS, repeat=3))))

_P3_PRIMARIES = 12
_LIKE_SRGB = frozenset({1, 2, 13})
"""Transfers that are shown by the curve of sRGB: that of BT.709, none that is known, and sRGB's own."""

_P3 = {
    b"rXYZ": (0.5151, 0.2412, -0.0011),
    b"gXYZ": (0.2920, 0.6922, 0.0419),
    b"bXYZ": (0.1571, 0.0666, 0.7841),
}
"""Red, green and blue of Display P3 in XYZ, adapted to D50, by their tags in a profile."""


def is_srgb(image: Image.Image) -> bool:
    """Whether the pixels of an ``L``, ``RGB`` or ``RGBA`` mean sRGB as they stand: no profile of use says otherwise."""
    icc = image.info.get("icc_profile")
    conversion = _conversion(icc, image.mode) if icc else None
    return conversion is None or (isinstance(conversion, list) and image.mode != "L")


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert a loaded image, which must not be used afterwards, to 8-bit sRGB by its profile.

    What comes is ``L``, ``RGB`` or ``RGBA``, without an alpha channel that hides nothing.
    """
    icc = image.info.get("icc_profile") or _profile_named(image.info.get("nclx_profile"))
    if image.mode == "CMYK":
        transform = _transform(icc, "CMYK") if icc else None
        return image.convert("RGB") if transform is None else ImageCms.applyTransform(image, transform) or image
    if image.mode == "I;16":
        image = _from_sixteen_bits(image)
    if image.mode not in ("L", "RGB", "RGBA") or "transparency" in image.info:
        is_grey = image.mode == "1" and "transparency" not in image.info
        image = image.convert("L" if is_grey else "RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    conversion = _conversion(icc, image.mode) if icc else None
    if isinstance(conversion, ImageCms.ImageCmsTransform):
        ImageCms.applyTransform(image, conversion, inPlace=True)
    elif conversion is not None:
        image = image.point(conversion if image.mode == "L" else conversion * 3 + _ALPHA * (image.mode == "RGBA"))
    return image


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Keep the upper byte of each grey; the one that a PNG says is transparent becomes an alpha channel."""
    levels = image.convert("I")
    upper = levels.point([level >> 8 for level in range(1 << 16)], "L")
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return upper
    alpha = levels.point([255 * (level != transparent) for level in range(1 << 16)], "L")
    return Image.merge("LA", (upper, alpha))


def _conversion(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | list[int] | None:
    """What makes sRGB of pixels: a transform, or a value for each grey; None where it changes nothing or is no use."""
    probe = None if mode == "L" else _transform(icc, "RGB")
    if probe is None:
        return _grey_table(icc)
    moved = ImageCms.applyTransform(_PROBES, probe) or _PROBES
    is_near = max(ImageChops.difference(_PROBES, moved).tobytes()) <= MAX_DIFFERENCE
    return None if is_near else _transform(icc, mode)


def _grey_table(icc: bytes) -> list[int] | None:
    """What a profile, for grey or for colours, makes of each grey; None where it changes nothing or does not fit."""
    greys, transform = Image.frombytes("L", (256, 1), bytes(range(256))), _transform(icc, "L")
    if transform is None:
        greys, transform = greys.convert("RGB"), _transform(icc, "RGB")
    moved = None if transform is None else ImageCms.applyTransform(greys, transform)
    if moved is None:
        return None
    table = list(moved.tobytes()[1::3])
    return table if max(abs(new - grey) for grey, new in enumerate(table)) > MAX_DIFFERENCE else None


def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where it cannot be read or is not for pixels of that mode."""
    output = mode if mode == "RGBA" else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, output)
    except (OSError, TypeError, ValueError, ImageCms.PyCMSError):
        return None


def _profile_named(nclx: object) -> bytes:
    """The ICC profile of the colours that a decoder read where they are Display P3, as of phones; else nothing."""
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
