"""The multipart form of ``POST /veo/ingredients-to-video``, checked to the letter and streamed to disk."""

import asyncio
import hashlib
from pathlib import Path

from aiohttp import BodyPartReader, MultipartReader, web
from PIL import Image, UnidentifiedImageError

from sandbox.genaipro.records import PostRecord, UploadedPhoto

MAX_PHOTOS = 3
MAX_TEXT = 64 * 1024
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


async def read_form(request: web.Request, record: PostRecord, directory: Path, photo_limit: int) -> None:
    """Read the form into the record; photos go to ``directory`` chunk by chunk.

    Args:
        request: The request.
        record: Gets prompt, number of videos and photos, those before a fault included.
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
            await _read_part(part, record, directory, photo_limit)
    except (ValueError, AssertionError) as fault:
        raise RefusedError(400, "Malformed multipart body") from fault
    _check(record)
    await asyncio.to_thread(_check_images, record.photos)


async def _read_part(part: BodyPartReader, record: PostRecord, directory: Path, photo_limit: int) -> None:
    match part.name:
        case "reference_images":
            record.photos.append(await _save(part, directory, len(record.photos), photo_limit))
        case "prompt":
            if record.prompt is not None:
                raise RefusedError(400, "prompt must be sent once")
            record.prompt = await _text(part)
        case "number_of_videos":
            if record.number_of_videos is not None:
                raise RefusedError(400, "number_of_videos must be sent once")
            record.number_of_videos = await _text(part)
        case None:
            raise RefusedError(400, "A part has no name")
        case name:
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


async def _save(part: BodyPartReader, directory: Path, position: int, limit: int) -> UploadedPhoto:
    content_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if position >= MAX_PHOTOS:
        raise RefusedError(400, f"At most {MAX_PHOTOS} reference_images are allowed")
    if not part.filename:
        raise RefusedError(400, "reference_images must be files with a filename")
    if content_type not in _FORMATS:
        raise RefusedError(400, f"Unsupported content type of reference_images: {content_type or 'none'}")
    path = directory / f"photo-{position + 1}"
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise RefusedError(413, f"A reference image is larger than {limit} bytes")
            digest.update(chunk)
            file.write(chunk)
    return UploadedPhoto(part.filename, content_type, size, digest.hexdigest(), path)


def _check(record: PostRecord) -> None:
    if not record.photos:
        raise RefusedError(400, "reference_images is required: 1 to 3 images")
    if record.prompt is None or not record.prompt.strip():
        raise RefusedError(400, "prompt is required")
    if record.number_of_videos is None:
        raise RefusedError(400, "number_of_videos is required")
    if record.number_of_videos not in _COUNTS:
        raise RefusedError(400, 'number_of_videos must be a string from "1" to "4"')


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
