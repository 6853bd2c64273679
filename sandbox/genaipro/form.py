"""The multipart forms of the two endpoints that make videos, checked to the letter and streamed to disk."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import BodyPartReader, MultipartReader, web
from PIL import Image, UnidentifiedImageError

from sandbox.genaipro.records import PostRecord, UploadedPhoto

MAX_TEXT = 64 * 1024
PORTRAIT = "VIDEO_ASPECT_RATIO_PORTRAIT"
LANDSCAPE = "VIDEO_ASPECT_RATIO_LANDSCAPE"
_CHUNK = 64 * 1024
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_COUNTS = ("1", "2", "3", "4")


class RefusedError(Exception):
    """A request that is not taken.

    Args:
        status: HTTP status.
        reason: Said to the client.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one endpoint."""

    endpoint: str
    images: Mapping[str, int]
    """The most images of each part, by its name; the first part is required."""
    texts: tuple[str, ...]
    """Names of the text parts, all required."""


INGREDIENTS = Form("ingredients-to-video", {"reference_images": 3}, ("prompt", "number_of_videos"))
FRAMES = Form("frames-to-video", {"start_image": 1, "end_image": 1}, ("prompt", "aspect_ratio", "number_of_videos"))


async def read_form(request: web.Request, form: Form, record: PostRecord, directory: Path, photo_limit: int) -> None:
    """Read the form into the record; photos go to ``directory`` chunk by chunk.

    Args:
        request: The request.
        form: What the endpoint takes.
        record: Gets the texts and photos, those before a fault included.
        directory: For the photos; it exists.
        photo_limit: Bytes of one photo.

    Raises:
        RefusedError: Anything that the published description of the endpoint does not allow.
    """
    if request.content_type != "multipart/form-data":
        raise RefusedError(400, "Content-Type must be multipart/form-data")
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise RefusedError(400, "Nested multipart is not allowed")
            await _read_part(part, form, record, directory, photo_limit)
    except (ValueError, AssertionError) as fault:
        raise RefusedError(400, "Malformed multipart body") from fault
    record.photos.sort(key=lambda photo: list(form.images).index(photo.part))
    _check(form, record)
    await asyncio.to_thread(_check_images, record.photos)


async def _read_part(part: BodyPartReader, form: Form, record: PostRecord, directory: Path, photo_limit: int) -> None:
    name = part.name
    if name is None:
        raise RefusedError(400, "A part has no name")
    if name in form.images:
        record.photos.append(await _save(part, name, form.images[name], record, directory, photo_limit))
    elif name in form.texts:
        if getattr(record, name) is not None:
            raise RefusedError(400, f"{name} must be sent once")
        setattr(record, name, await _text(part))
    else:
        raise RefusedError(400, f"Unexpected field: {name}")


async def _text(part: BodyPartReader) -> str:
    if part.filename is not None:
        raise RefusedError(400, f"{part.name} must be a text field, not a file")
    read = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        read += chunk
        if len(read) > MAX_TEXT:
            raise RefusedError(413, f"{part.name} is too long")
    try:
        return read.decode()
    except UnicodeDecodeError as fault:
        raise RefusedError(400, f"{part.name} must be UTF-8") from fault


async def _save(
    part: BodyPartReader, name: str, most: int, record: PostRecord, directory: Path, limit: int
) -> UploadedPhoto:
    content_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if sum(photo.part == name for photo in record.photos) >= most:
        raise RefusedError(400, f"At most {most} {name} are allowed" if most > 1 else f"{name} must be sent once")
    if not part.filename:
        raise RefusedError(400, f"{name} must be a file with a filename")
    if content_type not in _FORMATS:
        raise RefusedError(400, f"Unsupported content type of {name}: {content_type or 'none'}")
    path = directory / f"photo-{len(record.photos) + 1}"
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise RefusedError(413, f"An image of {name} is larger than {limit} bytes")
            digest.update(chunk)
            file.write(chunk)
    return UploadedPhoto(part.filename, content_type, size, digest.hexdigest(), path, name)


def _check(form: Form, record: PostRecord) -> None:
    first = next(iter(form.images))
    if not any(photo.part == first for photo in record.photos):
        raise RefusedError(400, f"{first} is required")
    if record.prompt is None or not record.prompt.strip():
        raise RefusedError(400, "prompt is required")
    if record.number_of_videos is None:
        raise RefusedError(400, "number_of_videos is required")
    if record.number_of_videos not in _COUNTS:
        raise RefusedError(400, 'number_of_videos must be a string from "1" to "4"')
    if "aspect_ratio" in form.texts and record.aspect_ratio not in {PORTRAIT, LANDSCAPE}:
        raise RefusedError(400, f"aspect_ratio must be {PORTRAIT} or {LANDSCAPE}")


def _check_images(photos: list[UploadedPhoto]) -> None:
    for photo in photos:
        try:
            with Image.open(photo.path) as image:
                image.load()
                found = image.format
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as fault:
            raise RefusedError(400, f"Invalid image: {photo.filename}") from fault
        if found != _FORMATS[photo.content_type]:
            raise RefusedError(400, f"The content of {photo.filename} is not {photo.content_type}")
