"""Messages that come from the page: fields and files of a form, and the sending of them."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web

from sandbox.botapi.errors import ApiError
from sandbox.botapi.person import Person
from sandbox.demo.compress import as_sent

MAX_FILES = 30
ALBUM = 10
"""Parts of an album at most."""
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
FILE_LIMIT = 200 * 1024 * 1024
_PIECE = 256 * 1024


class RefusedError(Exception):
    """Something the page cannot do.

    Args:
        key: Of the page's words.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(slots=True)
class Parcel:
    """A message to be sent: its fields, and its files in the order they were chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def number(self, name: str) -> int | None:
        """A field that is a number, or None where there is none.

        Raises:
            ValueError: It is something else.
        """
        value = self.fields.get(name, "")
        return int(value) if value else None


async def read_parcel(request: web.Request, directory: Path) -> Parcel:
    """Read a form; its files go to ``directory``.

    Raises:
        RefusedError: Too much.
    """
    parcel = Parcel()
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name:
            raise RefusedError("error-form")
        if part.filename is None:
            parcel.fields[part.name] = (await part.read(decode=True)).decode()
        elif len(parcel.files) == MAX_FILES:
            raise RefusedError("error-too-many")
        else:
            parcel.files.append(await _save(part, part.filename, directory / str(len(parcel.files))))
    return parcel


async def _save(part: BodyPartReader, name: str, folder: Path) -> Path:
    await asyncio.to_thread(folder.mkdir)
    plain = name.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip(". ") or "file"
    target = folder / plain.encode()[-200:].decode(errors="ignore")
    size = 0
    with target.open("wb") as file:
        while piece := await part.read_chunk(_PIECE):
            size += len(piece)
            if size > FILE_LIMIT:
                raise RefusedError("error-too-large")
            await asyncio.to_thread(file.write, piece)
    return target


@dataclass(frozen=True, slots=True)
class Destination:
    """Who sends where, in answer to what."""

    person: Person
    chat_id: int
    reply_to: int | None


async def send(parcel: Parcel, to: Destination, directory: Path) -> None:
    """Send text and files as Telegram's apps do: photos compressed unless they are to be files, several as albums.

    Raises:
        RefusedError: It cannot be sent.
    """
    text = parcel.fields.get("text", "").strip()
    if not parcel.files:
        if not text:
            raise RefusedError("error-empty")
        for start in range(0, len(text), TEXT_LIMIT):
            await to.person.send_text(text[start : start + TEXT_LIMIT], chat=to.chat_id, reply_to=to.reply_to)
        return
    if len(text) > CAPTION_LIMIT:
        raise RefusedError("error-caption")
    photos, files = await _sorted(parcel, directory)
    try:
        text = await _send_all(photos, text, to, as_files=False)
        await _send_all(files, text, to, as_files=True)
    except ApiError:
        raise RefusedError("error-image") from None


async def _sorted(parcel: Parcel, directory: Path) -> tuple[list[Path], list[Path]]:
    """The files that go as photos, compressed, and those that go as they are."""
    if parcel.fields.get("as_files") == "true":
        return [], parcel.files
    photos, files = list[Path](), list[Path]()
    for path in parcel.files:
        if path.suffix.lower() == ".gif":
            files.append(path)
            continue
        try:
            photos.append(await asyncio.to_thread(as_sent, path, directory))
        except (OSError, ValueError, SyntaxError):
            files.append(path)
    return photos, files


async def _send_all(paths: list[Path], text: str, to: Destination, *, as_files: bool) -> str:
    """Send files as single messages or albums; gives the text that is still to be sent."""
    for start in range(0, len(paths), ALBUM):
        part = paths[start : start + ALBUM]
        if len(part) > 1:
            await to.person.send_album(part, text, as_documents=as_files, chat=to.chat_id, reply_to=to.reply_to)
        elif as_files:
            await to.person.send_document(part[0], text, chat=to.chat_id, reply_to=to.reply_to)
        else:
            await to.person.send_photo(part[0], text, chat=to.chat_id, reply_to=to.reply_to)
        text = ""
    return text
