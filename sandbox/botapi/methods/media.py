"""Methods that send photos, videos, documents and albums, and ``getFile``."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.botapi.backend import LOCAL_LIMIT, Backend
from sandbox.botapi.errors import ApiError, bad_request
from sandbox.botapi.fetch import FETCH_FAILED, WRONG_CONTENT
from sandbox.botapi.methods.base import (
    Handler,
    call_caption,
    caption_text,
    check_rights,
    draft_message,
    publish,
)
from sandbox.botapi.methods.sources import Facts, take
from sandbox.botapi.model import Chat, JsonObject, Media, Message, RichText
from sandbox.botapi.params import Call
from sandbox.botapi.wire import message_wire

_ALBUM = (2, 10)
_IN_ALBUM = {
    FETCH_FAILED: "WEBPAGE_CURL_FAILED",
    WRONG_CONTENT: "WEBPAGE_MEDIA_EMPTY",
}
_COMMON = {"type", "media", "caption", "parse_mode", "caption_entities"}
_FIELDS = {
    "photo": _COMMON | {"show_caption_above_media", "has_spoiler"},
    "video": _COMMON
    | {"show_caption_above_media", "has_spoiler", "thumbnail", "cover", "start_timestamp", "width", "height"}
    | {"duration", "supports_streaming"},
    "document": _COMMON | {"thumbnail", "disable_content_type_detection"},
}


def _call_reference(call: Call, name: str, used: set[str]) -> str:
    """What the parameter ``name`` points at, an upload of that very name included."""
    if name in call.uploads:
        used.add(name)
        return f"attach://{name}"
    return call.text(name)


def _nothing_unused(backend: Backend, call: Call, used: set[str]) -> None:
    unused = sorted(set(call.uploads) - used)
    if unused and backend.options.strict:
        raise bad_request(f'uploaded file "{unused[0]}" is not referred to (strict mode)')


def _thumbnails(call: Call, used: set[str]) -> None:
    """Thumbnails are taken and not shown."""
    for name in ("thumbnail", "cover"):
        if call.params.get(name) or name in call.uploads:
            used.add(_call_reference(call, name, used).removeprefix("attach://"))


async def _send(backend: Backend, call: Call, kind: str, facts: Facts) -> object:
    chat = backend.world.open_chat(call.chat_id)
    message = draft_message(backend, call, chat)
    message.content = call_caption(call)
    check_rights(chat, kind)
    used: set[str] = set()
    _thumbnails(call, used)
    reference = _call_reference(call, kind, used)
    _nothing_unused(backend, call, used | {reference.removeprefix("attach://")})
    backend.admit(chat)
    message.media = await take(backend, call, kind, reference, facts, used)
    return message_wire(backend.world, publish(backend, chat, message))


async def send_photo(backend: Backend, call: Call) -> object:
    """Send a photo."""
    return await _send(backend, call, "photo", Facts())


async def send_document(backend: Backend, call: Call) -> object:
    """Send a file as it is."""
    return await _send(backend, call, "document", Facts())


async def send_video(backend: Backend, call: Call) -> object:
    """Send a video."""
    width, height, duration = call.number("width"), call.number("height"), call.number("duration")
    return await _send(backend, call, "video", Facts(width, height, duration, call.flag("supports_streaming")))


@dataclass(frozen=True, slots=True)
class _Item:
    """One part of an album."""

    kind: str
    reference: str
    content: RichText
    facts: Facts


def _album_item(wire: object) -> _Item:
    if not isinstance(wire, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind, reference = wire.get("type"), wire.get("media")
    if kind not in _FIELDS or not isinstance(reference, str):
        raise bad_request("can't parse InputMedia: type or media is wrong")
    unknown = sorted(set(wire) - _FIELDS[kind])
    if unknown:
        raise bad_request(f'can\'t parse InputMedia: unknown field "{unknown[0]}" (strict mode)')
    entities = wire.get("caption_entities")
    content = caption_text(
        str(wire.get("caption") or ""),
        str(wire.get("parse_mode") or ""),
        entities if isinstance(entities, list) else None,
    )
    return _Item(kind, reference, content, _item_facts(wire))


def _item_facts(wire: Mapping[str, object]) -> Facts:
    numbers = [wire.get(name, 0) for name in ("width", "height", "duration")]
    width, height, duration = (number if isinstance(number, int) else 0 for number in numbers)
    return Facts(width, height, duration, wire.get("supports_streaming") is True)


def _album_items(call: Call) -> list[_Item]:
    items = [_album_item(wire) for wire in call.array("media") or []]
    low, high = _ALBUM
    if len(items) > high:
        raise bad_request("too many messages to send as an album")
    if len(items) < low:
        raise bad_request(f"an album must hold {low}-{high} items (strict mode)")
    kinds = {item.kind for item in items}
    if "document" in kinds and len(kinds) > 1:
        raise bad_request("document can't be mixed with other media types")
    return items


async def send_album(backend: Backend, call: Call) -> object:
    """Send an album: all of it or nothing."""
    chat = backend.world.open_chat(call.chat_id)
    items = _album_items(call)
    draft_message(backend, call, chat)
    check_rights(chat, *sorted({item.kind for item in items}))
    used = _album_parts(call)
    _nothing_unused(backend, call, used)
    backend.admit(chat)
    media = []
    for number, item in enumerate(items, 1):
        try:
            media.append(await take(backend, call, item.kind, item.reference, item.facts, used))
        except ApiError as error:
            raise _album_error(error, number) from None
    group = backend.world.next_album()
    return [_post_item(backend, call, chat, item, one, group) for item, one in zip(items, media, strict=True)]


def _album_parts(call: Call) -> set[str]:
    """The uploads that an album refers to."""
    names = set()
    for wire in call.array("media") or []:
        if isinstance(wire, dict):
            names |= {str(wire.get(name, "")).removeprefix("attach://") for name in ("media", "thumbnail", "cover")}
    return names


def _album_error(error: ApiError, number: int) -> ApiError:
    reason = error.description.removeprefix("Bad Request: ")
    if reason not in _IN_ALBUM:
        return error
    return bad_request(f'failed to send message #{number} with the error message "{_IN_ALBUM[reason]}"')


def _post_item(backend: Backend, call: Call, chat: Chat, item: _Item, media: Media, group: str) -> JsonObject:
    message: Message = draft_message(backend, call, chat)
    message.content, message.media, message.media_group_id = item.content, media, group
    return message_wire(backend.world, publish(backend, chat, message))


async def get_file(backend: Backend, call: Call) -> object:
    """Where a file can be downloaded."""
    file = backend.files.find(call.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if file.size > (LOCAL_LIMIT if backend.options.local_mode else backend.options.download_limit):
        raise bad_request("file is too big")
    backend.files.release(file)
    path = str(file.path.absolute()) if backend.options.local_mode else file.file_path
    return {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size, "file_path": path}


METHODS: dict[str, Handler] = {
    "sendPhoto": send_photo,
    "sendVideo": send_video,
    "sendDocument": send_document,
    "sendMediaGroup": send_album,
    "getFile": get_file,
}
