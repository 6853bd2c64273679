"""``answerInlineQuery`` (https://core.telegram.org/bots/api#answerinlinequery): cached media by file id, and texts."""

from collections.abc import Mapping

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import QUERY_TOO_OLD, bad_request
from sandbox.botapi.inline import InlineAnswer, InlineResult
from sandbox.botapi.keyboards import parse_keyboard
from sandbox.botapi.methods.base import TEXT_LIMIT, Handler, caption_text, rich_text
from sandbox.botapi.methods.payments import START_PARAMETER
from sandbox.botapi.model import JsonObject, RichText
from sandbox.botapi.params import Call

MAX_RESULTS = 50
MAX_ID = 64
MAX_OFFSET = 64
USUAL_CACHE_TIME = 300
_CAPTION = {"caption", "parse_mode", "caption_entities", "show_caption_above_media"}
_COMMON = {"type", "id", "title", "description", "reply_markup", "input_message_content"}
_FILES = {"video": "video_file_id", "photo": "photo_file_id", "document": "document_file_id"}
_FIELDS = {kind: _COMMON | _CAPTION | {name} for kind, name in _FILES.items()} | {
    "article": _COMMON | {"url", "thumbnail_url", "thumbnail_width", "thumbnail_height"}
}
_TITLED = {"video", "document", "article"}


async def answer_inline(backend: Backend, call: Call) -> object:
    """Answer an inline query, once and in time."""
    query = backend.inline.queries.get(call.text("inline_query_id"))
    now = backend.clock.monotonic()
    results = call.array("results") or []
    if len(results) > MAX_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    parsed = tuple(_result(backend, wire) for wire in results)
    if len({one.result_id for one in parsed}) < len(parsed):
        raise bad_request("RESULT_ID_DUPLICATE")
    next_offset = call.text("next_offset")
    if len(next_offset.encode()) > MAX_OFFSET:
        raise bad_request("NEXT_OFFSET_INVALID")
    cache_time = call.number("cache_time", USUAL_CACHE_TIME)
    if cache_time < 0:
        raise bad_request("parameter cache_time must be non-negative")
    button = _button(call.structure("button"))
    if query is None or query.answer is not None or now - query.asked_at > backend.options.inline_ttl:
        raise bad_request(QUERY_TOO_OLD)
    answer = InlineAnswer(parsed, next_offset, button, cache_time, call.flag("is_personal"))
    backend.inline.answer(query, answer, now)
    details: JsonObject = {"query_id": query.query_id, "user_id": query.user_id, "results": len(parsed)}
    backend.note_other("inline_answered", "bot", details)
    return True


def _result(backend: Backend, wire: object) -> InlineResult:
    if not isinstance(wire, dict):
        raise bad_request("can't parse inline query result: InlineQueryResult must be an Object")
    kind, result_id = wire.get("type"), wire.get("id")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise bad_request("can't parse inline query result: unallowed inline query result type specified")
    if not isinstance(result_id, str) or not 1 <= len(result_id.encode()) <= MAX_ID:
        raise bad_request("RESULT_ID_INVALID")
    unknown = sorted(set(wire) - _FIELDS[kind])
    if unknown and backend.options.strict:
        raise bad_request(f'unknown field "{unknown[0]}" of an inline query result (strict mode)')
    title, description = _text(wire, "title"), _text(wire, "description")
    if kind in _TITLED and not title.strip():
        raise bad_request(f"{kind.upper()}_TITLE_EMPTY")
    markup = wire.get("reply_markup")
    keyboard = parse_keyboard(markup if isinstance(markup, dict) else None, inline_only=True)
    media = None
    if kind in _FILES:
        file = backend.files.of_kind(_text(wire, _FILES[kind]), kind)
        media = backend.files.media_of(file.file_id)
    text = wire.get("input_message_content")
    if text is not None or kind == "article":
        return InlineResult(result_id, kind, title, description, _message(text), None, keyboard)
    entities = wire.get("caption_entities")
    caption = caption_text(
        _text(wire, "caption"), _text(wire, "parse_mode"), entities if isinstance(entities, list) else None
    )
    return InlineResult(result_id, kind, title, description, caption, media, keyboard)


def _text(wire: Mapping[str, object], name: str) -> str:
    value = wire.get(name, "")
    if not isinstance(value, str):
        raise bad_request(f'can\'t parse inline query result: Field "{name}" must be of type String')
    return value


def _message(wire: object) -> RichText:
    """The text that a result sends."""
    known = {"message_text", "parse_mode", "entities", "link_preview_options"}
    if not isinstance(wire, dict) or set(wire) - known:
        raise bad_request("can't parse inline query result: InputTextMessageContent expected")
    entities = wire.get("entities")
    content = rich_text(
        _text(wire, "message_text"), _text(wire, "parse_mode"), entities if isinstance(entities, list) else None
    )
    if not content.text:
        raise bad_request("MESSAGE_EMPTY")
    if len(content.text) > TEXT_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    return content


def _button(wire: JsonObject | None) -> JsonObject | None:
    if wire is None:
        return None
    text, start = wire.get("text"), wire.get("start_parameter")
    if set(wire) - {"text", "start_parameter", "web_app"} or len({"start_parameter", "web_app"} & set(wire)) != 1:
        raise bad_request("can't parse inline query results button: exactly one action must be given")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("SWITCH_PM_TEXT_EMPTY")
    if "start_parameter" in wire and not (isinstance(start, str) and start and START_PARAMETER.fullmatch(start)):
        raise bad_request("START_PARAM_INVALID")
    return wire


METHODS: dict[str, Handler] = {"answerInlineQuery": answer_inline}
