"""Makes a document fit to be sent on: upright, sRGB, free of metadata, of a size that the service takes."""

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from services.photos.colour import flattened, is_plain, to_srgb
from services.photos.inspect import broken_if_it_fails, opened
from services.photos.kinds import EXTENSIONS, ImageType
from services.photos.model import PhotoFile
from services.photos.strip import strip_jpeg, strip_png, strip_webp

MAX_SIDE = 8192
"""A longer side is scaled down to this many pixels."""

MAX_OUTPUT_BYTES = 20_000_000
"""A larger result is encoded again as a JPEG, smaller if need be."""

_ORIENTATION = 0x0112
_PNG_DEPTH = 24
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STRIPPERS: dict[ImageType, Callable[[bytes], Iterator[bytes]]] = {
    ImageType.JPEG: strip_jpeg,
    ImageType.PNG: strip_png,
    ImageType.WEBP: strip_webp,
}
_QUALITIES = ((95, 1.0), (85, 1.0), (85, 0.5), (75, 0.25))


def normalise(source: Path, target_dir: Path, stem: str) -> PhotoFile:
    """Writes a copy of an image that is upright and holds nothing but its pixels. Blocks.

    A JPEG, PNG or WebP whose pixels need no change keeps them bit for bit. HEIF becomes JPEG; of an animation the
    first picture is taken; transparency is kept.

    Args:
        source: The image; its name means nothing.
        target_dir: An existing directory for the result.
        stem: Name of the result without its extension; plain ASCII.

    Returns:
        The result.

    Raises:
        PhotoError: ``NOT_AN_IMAGE``, ``TOO_LARGE``, ``TOO_MANY_PIXELS`` or ``BROKEN``; nothing is written then.
    """
    parts: list[bytes] = []
    pixels: Image.Image | None = None
    with opened(source) as (kind, image), broken_if_it_fails():
        image.load()
        turn = _TURNS.get(1 if kind is ImageType.HEIF else _orientation(image))
        if turn is None and _is_fit(kind, image):
            parts = _stripped(kind, source.read_bytes())
        if not parts:
            pixels = _pixels(image, turn)
    if pixels is None:
        return _write(parts, kind, target_dir, stem)
    return _encode(pixels, kind, target_dir, stem)


def _is_fit(kind: ImageType, image: Image.Image) -> bool:
    """Whether the pixels can go on as they are."""
    return (
        kind is not ImageType.HEIF
        and max(image.size) <= MAX_SIDE
        and image.mode in ("L", "RGB", "RGBA")
        and (kind is ImageType.PNG or not getattr(image, "is_animated", False))
        and is_plain(image.info.get("icc_profile") or b"")
    )


def _stripped(kind: ImageType, data: bytes) -> list[bytes]:
    """The parts of a file without its metadata; none where pixels have to be changed after all."""
    if kind is ImageType.PNG and data[_PNG_DEPTH] != 8:
        return []
    parts = list(_STRIPPERS[kind](data))
    return parts if sum(map(len, parts)) <= MAX_OUTPUT_BYTES else []


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none that can be read."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - EXIF that cannot be read fails in as many ways, and the picture is still good
        return 1
    return value if isinstance(value, int) else 1


def _pixels(image: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    icc = image.info.get("icc_profile") or b""
    pixels = to_srgb(image, icc)
    if max(pixels.size) > MAX_SIDE:
        pixels.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    if turn is not None:
        pixels = pixels.transpose(turn)
    pixels.info = {}
    return pixels


def _write(parts: list[bytes], kind: ImageType, target_dir: Path, stem: str) -> PhotoFile:
    path = target_dir / f"{stem}{EXTENSIONS[kind]}"
    with path.open("wb") as file:
        file.writelines(parts)
    return PhotoFile.of(path, kind.value)


def _encode(pixels: Image.Image, kind: ImageType, target_dir: Path, stem: str) -> PhotoFile:
    """Encodes pixels as their own kind, or as JPEG where that is not wanted or too large."""
    if kind in (ImageType.PNG, ImageType.WEBP):
        path = target_dir / f"{stem}{EXTENSIONS[kind]}"
        if kind is ImageType.PNG:
            pixels.save(path, "PNG", compress_level=4)
        else:
            pixels.save(path, "WEBP", quality=95, method=2)
        if path.stat().st_size <= MAX_OUTPUT_BYTES:
            return PhotoFile.of(path, kind.value)
        path.unlink()
    path = target_dir / f"{stem}{EXTENSIONS[ImageType.JPEG]}"
    opaque = flattened(pixels)
    for quality, scale in _QUALITIES:
        size = (max(1, round(opaque.width * scale)), max(1, round(opaque.height * scale)))
        scaled = opaque if size == opaque.size else opaque.resize(size, Image.Resampling.LANCZOS)
        scaled.save(path, "JPEG", quality=quality, subsampling="4:2:0" if kind is ImageType.HEIF else "4:4:4")
        if path.stat().st_size <= MAX_OUTPUT_BYTES:
            break
    return PhotoFile.of(path, ImageType.JPEG.value)
