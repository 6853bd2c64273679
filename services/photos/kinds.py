"""The kinds of image that are taken, told by the first bytes of a file; nothing is believed that its name says."""

from enum import StrEnum
from pathlib import Path

HEAD_BYTES = 64
"""So many bytes tell the kind."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


class ImageType(StrEnum):
    """The kinds of image that are taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIF = "image/heif"


EXTENSIONS = {ImageType.JPEG: ".jpg", ImageType.PNG: ".png", ImageType.WEBP: ".webp", ImageType.HEIF: ".heic"}
"""The file name extension of each kind."""


def sniff(head: bytes) -> ImageType | None:
    """Tells the kind of image from the first bytes of a file.

    Args:
        head: At least 64 bytes, or the whole file where it is shorter.

    Returns:
        The kind, or None when it is none that is taken (AVIF, which shares HEIF's container, included).
    """
    if head.startswith(b"\xff\xd8\xff"):
        return ImageType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageType.WEBP
    if head[4:8] == b"ftyp":
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
        if head[8:12] in _HEIF_BRANDS and not brands & {b"avif", b"avis"}:
            return ImageType.HEIF
    return None


def sniff_file(path: Path) -> ImageType | None:
    """Tells the kind of image that a file holds; None when it is none that is taken."""
    with path.open("rb") as file:
        return sniff(file.read(HEAD_BYTES))
