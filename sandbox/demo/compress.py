"""What Telegram's apps do to a photo before they send it: upright, a JPEG, no side longer than 2560 pixels."""

from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps

LONGEST = 2560
"""Pixels of the longer side at most."""
_QUALITY = 87
_ABOUT = {"exif", "xmp", "comment", "photoshop"}
"""What a photo says about itself, such as where it was taken; the apps leave it out."""


def as_sent(photo: Path, directory: Path) -> Path:
    """The photo as the app sends it; one that needs no change is sent as it is. Blocks: call it in a thread.

    Args:
        photo: A JPEG, PNG, WebP or HEIC file.
        directory: Where a changed copy goes; it exists.

    Raises:
        OSError: It is no image.
    """
    pillow_heif.register_heif_opener()
    with Image.open(photo) as image:
        image.load()
        fit = image.format == "JPEG" and image.mode == "RGB" and max(image.size) <= LONGEST
        if fit and not image.info.keys() & _ABOUT:
            return photo
        upright = ImageOps.exif_transpose(image)
        flat = Image.new("RGB", upright.size, "white")
        visible = upright.convert("RGBA")
        flat.paste(visible, mask=visible.getchannel("A"))
        flat.thumbnail((LONGEST, LONGEST))
        target = directory / f"{photo.stem}.jpg"
        number = 1
        while target.exists():
            number += 1
            target = directory / f"{photo.stem}-{number}.jpg"
        flat.save(target, "JPEG", quality=_QUALITY)
        return target
