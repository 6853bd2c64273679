"""Photos as values: where they are at Telegram, where they are on disk, and of what kind."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

MAX_PHOTOS = 3
"""GenAIPro takes 1 to 3 ``reference_images``."""

MAX_PIXELS = 50_000_000
"""An image of more pixels is refused (50 megapixels)."""

HEAD_BYTES = 64
"""So many bytes tell the kind of an image."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


class PhotoKind(StrEnum):
    """How Telegram holds the image."""

    PHOTO = "photo"
    """Compressed by Telegram: always JPEG, sent on byte for byte."""
    DOCUMENT = "document"
    """A file as the person sent it: turned upright, freed of its EXIF, HEIC made JPEG."""


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """A photo at Telegram."""

    file_id: str
    unique_id: str
    """Telegram's ``file_unique_id``."""
    kind: PhotoKind
    size: int | None = None
    """Bytes, or None when Telegram does not say."""
    mime_type: str = ""
    """As Telegram says, or empty."""
    file_name: str = ""
    """As the person named it, or empty."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo on disk, ready for the multipart body."""

    path: Path
    """Its name is told to the API: plain ASCII, with the extension of its type."""
    content_type: str
    """``image/jpeg``, ``image/png`` or ``image/webp``."""
    size: int
    """Bytes."""

    @classmethod
    def of(cls, path: Path, content_type: str) -> Self:
        """One of the size that its file has now: to be called in a thread."""
        return cls(path, content_type, path.stat().st_size)


class ImageType(StrEnum):
    """The kinds of image that are taken, told by the first bytes of a file whatever its name says."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIF = "image/heif"

    @property
    def extension(self) -> str:
        """The file name extension."""
        return {"image/jpeg": ".jpg", "image/heif": ".heic"}.get(self.value, f".{self.value[6:]}")

    @classmethod
    def of(cls, head: bytes) -> Self | None:
        """The kind of an image by its first 64 bytes; None for any other (AVIF, which shares HEIF's container)."""
        if head.startswith(b"\xff\xd8\xff"):
            return cls("image/jpeg")
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return cls("image/png")
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return cls("image/webp")
        if head[4:8] == b"ftyp":
            end = min(int.from_bytes(head[:4], "big"), len(head))
            brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
            if head[8:12] in _HEIF_BRANDS and not brands & {b"avif", b"avis"}:
                return cls("image/heif")
        return None


class PhotoProblem(StrEnum):
    """Why an image cannot be used; the text files have one message for each value (``photo-<value>``)."""

    TOO_LARGE = "too-large"
    """Over Telegram's 20 MB for bots."""
    TOO_MANY_PIXELS = "too-many-pixels"
    BROKEN = "broken"
    NOT_AN_IMAGE = "not-an-image"
    """Of a kind that is not taken (GIF, PDF, …)."""
    GONE = "gone"
    """Telegram does not give the file any more."""


class PhotoError(Exception):
    """An image that cannot be used."""

    def __init__(self, problem: PhotoProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem
