"""Pixels of any mode and profile, made 8-bit sRGB: ``L``, ``RGB`` or ``RGBA``."""

from io import BytesIO

from PIL import Image, ImageCms

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


def is_plain(icc: bytes) -> bool:
    """Whether an ICC profile changes nothing: there is none, it is sRGB, it is for grey, or it cannot be read."""
    profile = _profile(icc)
    return profile is None or "srgb" in (profile.profile.profile_description or "").lower()


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Converts an image to 8-bit sRGB by its profile.

    Args:
        image: Decoded, of any mode.
        icc: Its profile; empty when it has none.

    Returns:
        A new image, or the same one, of mode ``L``, ``RGB`` or ``RGBA``; without an alpha channel that hides nothing.
    """
    image = _eight_bits(image)
    if image.mode == "CMYK":
        return _converted(image, icc) or image.convert("RGB")
    if image.mode not in ("L", "RGB", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        colours = to_srgb(image.convert("RGB"), icc)
        if alpha.getextrema() != (255, 255):
            colours = colours.convert("RGB")
            colours.putalpha(alpha)
        return colours
    if image.mode == "RGB" and not is_plain(icc):
        return _converted(image, icc) or image
    return image


def flattened(image: Image.Image) -> Image.Image:
    """Lays an image with an alpha channel on white; any other is returned as it is."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        image = image.convert("I")
    if image.mode in ("I", "F"):
        return image.point(lambda value: value * (1 / 257)).convert("L")
    return image


def _profile(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None
    return None if profile.profile.xcolor_space.strip() == "GRAY" else profile


def _converted(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Applies a profile; None when it does not fit the image, which then is shown as if it had none."""
    profile = _profile(icc)
    if profile is None:
        return None
    try:
        return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None
