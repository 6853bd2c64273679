"""Image files for tests to which it does not matter what they show; `unit/photos/pictures.py` has those that tell."""

import hashlib
from io import BytesIO

from PIL import Image

Size = tuple[int, int]


def picture(look: str | int = "teal", size: Size = (160, 120), kind: str = "JPEG") -> bytes:
    """An image in one colour, which has a name, or is that of a number and of no other number."""
    numbered = tuple(hashlib.sha256(str(look).encode()).digest()[:3])
    buffer = BytesIO()
    Image.new("RGB", size, look if isinstance(look, str) else numbered).save(buffer, kind)
    return buffer.getvalue()


def jpeg(look: str | int = "teal", size: Size = (160, 120)) -> bytes:
    """The same as a JPEG, as photos are."""
    return picture(look, size)
