"""Pixels of any mode and profile, made 8-bit sRGB: ``L``, ``RGB`` or ``RGBA``.

Images are large: each step works in place, or frees what it was made from before the next begins.
"""

from io import BytesIO

from PIL import Image, ImageChops, ImageCms

MAX_DIFFERENCE = 2
"""A profile that moves no colour by more than this, of 255, is sRGB, whatever its name is."""

_STRIP = 256
"""Rows that are changed at once."""
_STEPS = (0, 24, 64, 128, 192, 255)
_PROBES = [(red, green, blue) for red in _STEPS for green in _STEPS for blue in _STEPS]
_GREYS = [(grey, grey, grey) for grey in range(256)]
_LEVELS = list(range(256))


def is_srgb(image: Image.Image) -> bool:
    """Whether the pixels mean sRGB as they stand: no profile, one that computes the same, or one that is no use."""
    icc = image.info.get("icc_profile")
    if not icc or image.mode not in ("L", "RGB", "RGBA"):
        return not icc
    if image.mode == "L":
        return _grey_table(icc) is None
    transform = _transform(icc, "RGB")
    return transform is None or _difference(_PROBES, _moved(_PROBES, transform)) <= MAX_DIFFERENCE


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert a loaded image to 8-bit sRGB by its profile; it may be changed, and must not be used afterwards.

    Returns:
        An image of mode ``L``, ``RGB`` or ``RGBA``; without an alpha channel that hides nothing.
    """
    icc = image.info.get("icc_profile") or b""
    if image.mode == "CMYK":
        transform = _transform(icc, "CMYK") if icc else None
        return image.convert("RGB") if transform is None else ImageCms.applyTransform(image, transform) or image
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        image = _from_sixteen_bits(image)
    elif image.mode in ("I", "F"):
        image = image.point(lambda value: value * (1 / 257)).convert("L")
    if image.mode not in ("L", "RGB", "RGBA") or "transparency" in image.info:
        is_grey = image.mode == "1" and "transparency" not in image.info
        image = image.convert("L" if is_grey else "RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    if icc:
        _apply(image, icc)
    return image


def flattened(image: Image.Image) -> Image.Image:
    """Lay an image with an alpha channel on white; any other is returned as it is."""
    if image.mode != "RGBA":
        return image
    background = Image.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    """Keep the upper byte of each grey; the one that a PNG says is transparent becomes an alpha channel."""
    data, first = image.tobytes(), int(image.mode == "I;16B")
    upper = Image.frombytes("L", image.size, data[1 - first :: 2])
    transparent = image.info.get("transparency")
    if not isinstance(transparent, int):
        return upper
    lower = Image.frombytes("L", image.size, data[first::2])
    alpha = ImageChops.lighter(
        upper.point([255 * (level != transparent >> 8) for level in _LEVELS]),
        lower.point([255 * (level != transparent & 255) for level in _LEVELS]),
    )
    return Image.merge("LA", (upper, alpha))


def _apply(image: Image.Image, icc: bytes) -> None:
    """Convert ``L``, ``RGB`` or ``RGBA`` in place, unless the profile changes nothing or does not fit."""
    probe = None if image.mode == "L" else _transform(icc, "RGB")
    if probe is not None:
        transform = _transform(icc, image.mode)
        if transform is not None and _difference(_PROBES, _moved(_PROBES, probe)) > MAX_DIFFERENCE:
            ImageCms.applyTransform(image, transform, inPlace=True)
        return
    table = _grey_table(icc)
    if table is None:
        return
    tables = table if image.mode == "L" else table * 3 + _LEVELS * (image.mode == "RGBA")
    for top in range(0, image.height, _STRIP):
        box = (0, top, image.width, min(top + _STRIP, image.height))
        image.paste(image.crop(box).point(tables), box)


def _grey_table(icc: bytes) -> list[int] | None:
    """What a profile, for grey or for colours, makes of each grey; None where it changes nothing or does not fit."""
    transform = _transform(icc, "L")
    if transform is not None:
        strip = Image.frombytes("L", (256, 1), bytes(range(256)))
        moved = ImageCms.applyTransform(strip, transform)
        greys = [] if moved is None else list(moved.tobytes()[1::3])
    else:
        of_colours = _transform(icc, "RGB")
        greys = [] if of_colours is None else [green for _, green, _ in _moved(_GREYS, of_colours)]
    if not greys or max(abs(grey - level) for level, grey in enumerate(greys)) <= MAX_DIFFERENCE:
        return None
    return greys


def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where it cannot be read or is not for pixels of that mode."""
    output = mode if mode == "RGBA" else "RGB"
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, output)
    except (OSError, TypeError, ValueError, ImageCms.PyCMSError):
        return None


def _moved(colours: list[tuple[int, int, int]], transform: ImageCms.ImageCmsTransform) -> list[tuple[int, int, int]]:
    strip = Image.frombytes("RGB", (len(colours), 1), bytes(part for colour in colours for part in colour))
    ImageCms.applyTransform(strip, transform, inPlace=True)
    data = strip.tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))


def _difference(colours: list[tuple[int, int, int]], others: list[tuple[int, int, int]]) -> int:
    return max(abs(a - b) for one, other in zip(colours, others, strict=True) for a, b in zip(one, other, strict=True))
