"""The files that Telegram holds: on disk, by id."""

import asyncio
import hashlib
import mimetypes
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sandbox.botapi.errors import WRONG_FILE, bad_request
from sandbox.botapi.model import Media, Photo, PhotoSize, StoredFile
from sandbox.botapi.pictures import dimensions, smaller_sizes

_FOLDERS = {
    "photo": "photos",
    "video": "videos",
    "document": "documents",
    "sticker": "stickers",
    "voice": "voice",
    "audio": "music",
    "animation": "animations",
    "video_note": "video_notes",
    "thumbnail": "thumbnails",
}
_PREFIXES = {"photo": "AgACAgIAAxkBAAI", "video": "BAACAgIAAxkBAAI", "document": "BQACAgIAAxkBAAI"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that has come in, not yet anybody's: its bytes on disk, its name and its content type."""

    path: Path
    size: int
    file_name: str = ""
    mime_type: str = ""


class FileStore:
    """Files on disk, each known by its id.

    Args:
        root: A directory of the store's own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._media: dict[str, Media] = {}
        self._released: set[str] = set()
        self._numbers = count(1)
        self._scratch = count(1)

    def prepare(self) -> None:
        """Make the directories."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        for folder in _FOLDERS.values():
            (self.root / folder).mkdir(exist_ok=True)

    def scratch(self) -> Path:
        """A path where a file may come in."""
        return self.incoming / f"{next(self._scratch):06d}"

    async def receive(self, content: bytes | Path, *, file_name: str = "", mime_type: str = "") -> Incoming:
        """Take in bytes or a copy of a file, as a phone would upload them."""
        path = self.scratch()
        if isinstance(content, bytes):
            await asyncio.to_thread(path.write_bytes, content)
        else:
            await asyncio.to_thread(shutil.copyfile, content, path)
            file_name = file_name or content.name
        size = (await asyncio.to_thread(path.stat)).st_size
        mime_type = mime_type or mimetypes.guess_type(file_name)[0] or ""
        return Incoming(path, size, file_name, mime_type)

    async def keep(self, incoming: Incoming, kind: str) -> StoredFile:
        """Make a file of ``kind`` of what came in; its bytes stay as they are."""
        number = next(self._numbers)
        suffix = ".jpg" if kind in {"photo", "thumbnail"} else _suffix(incoming)
        file_path = f"{_FOLDERS[kind]}/file_{number}{suffix}"
        target = self.root / file_path
        await asyncio.to_thread(incoming.path.replace, target)
        return self._register(number, kind, target, incoming, file_path)

    async def keep_photo(self, incoming: Incoming) -> Photo:
        """Make a photo of what came in: smaller sizes, and the original as the largest.

        Raises:
            ApiError: 400 for what is no image, or one of impossible shape.
        """
        width, height = await asyncio.to_thread(dimensions, incoming.path)
        sizes = []
        for scaled in await asyncio.to_thread(smaller_sizes, incoming.path):
            part = await self.keep(await self.receive(scaled.data, mime_type="image/jpeg"), "photo")
            sizes.append(PhotoSize(part, scaled.width, scaled.height))
        original = await self.keep(incoming, "photo")
        return Photo((*sizes, PhotoSize(original, width, height)))

    def find(self, file_id: str) -> StoredFile | None:
        """The file of that id."""
        return self._by_id.get(file_id)

    def of_kind(self, file_id: str, kind: str) -> StoredFile:
        """The file of that id, which must be of that kind.

        Raises:
            ApiError: 400, as Telegram words it for an id that is none, or another kind's.
        """
        file = self._by_id.get(file_id)
        if file is None:
            raise bad_request(WRONG_FILE)
        if file.kind != kind:
            raise bad_request(f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}")
        return file

    def remember(self, media: Media) -> None:
        """Let the medium be found by the ids of its files, so that it can be sent again."""
        files = [size.file for size in media.sizes] if isinstance(media, Photo) else [media.file]
        self._media.update({file.file_id: media for file in files})

    def media_of(self, file_id: str) -> Media | None:
        """The medium that the file belongs to."""
        return self._media.get(file_id)

    def release(self, file: StoredFile) -> None:
        """Allow the download of a file; ``getFile`` does."""
        self._released.add(file.file_path)

    def downloadable(self, file_path: str) -> StoredFile | None:
        """The file at that path, when ``getFile`` has given the path out."""
        return self._by_path.get(file_path) if file_path in self._released else None

    def _register(self, number: int, kind: str, path: Path, incoming: Incoming, file_path: str) -> StoredFile:
        digest = hashlib.sha256(f"{number}:{kind}".encode()).hexdigest()
        file_id = f"{_PREFIXES.get(kind, 'CAACAgIAAxkBAAI')}{number:05d}{digest[:40]}"
        unique_id = f"AQAD{number:04d}{digest[40:50]}"
        name, mime = incoming.file_name, incoming.mime_type
        file = StoredFile(file_id, unique_id, kind, path, incoming.size, file_path, name, mime)
        self._by_id[file_id] = file
        self._by_path[file_path] = file
        return file


def _suffix(incoming: Incoming) -> str:
    own = Path(incoming.file_name).suffix
    return own if own.isascii() and own else mimetypes.guess_extension(incoming.mime_type) or ""
