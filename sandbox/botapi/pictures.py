"""The smaller sizes of a photo, as Telegram makes them."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sandbox.botapi.errors import bad_request

EDGES = (90, 320, 800, 1280)
"""Longest edges of the smaller sizes, pixels (https://core.telegram.org/api/files#image-thumbnail-types)."""

MAX_EDGES = 10_000
"""Width and height of a photo may not exceed this together (sendPhoto)."""

MAX_RATIO = 20
"""Width and height of a photo may differ by this factor at most (sendPhoto)."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A smaller size: JPEG bytes and pixels."""

    data: bytes
    width: int
    height: int


def dimensions(path: Path) -> tuple[int, int]:
    """Width and height of the image in a file.

    Raises:
        ApiError: 400, "IMAGE_PROCESS_FAILED" or "PHOTO_INVALID_DIMENSIONS".
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    if width + height > MAX_EDGES or max(width, height) > MAX_RATIO * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def smaller_sizes(path: Path) -> list[Scaled]:
    """The sizes below the original, smallest first; for a thread, since it decodes the image."""
    sizes = []
    try:
        with Image.open(path) as image:
            longest = max(image.size)
            image.draft("RGB", (max(EDGES), max(EDGES)))
            picture = image.convert("RGB")
            for edge in sorted((edge for edge in EDGES if edge < longest), reverse=True):
                picture.thumbnail((edge, edge), Image.Resampling.BILINEAR)
                buffer = io.BytesIO()
                picture.save(buffer, "JPEG", quality=80)
                sizes.append(Scaled(buffer.getvalue(), picture.width, picture.height))
    except (OSError, ValueError, Image.DecompressionBombError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    return sizes[::-1]
