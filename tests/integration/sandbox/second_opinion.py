"""A second opinion on what went over the wire: aiogram's typed methods and types must accept it, and what no type
tells, the published page's limits and its HTML, is checked here by other means than the server's own.
"""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

from pydantic import BaseModel, ValidationError

from sandbox.botapi import ReceivedCall
from tests.integration.sandbox.typed import complete, methods, types


class SecondOpinionError(AssertionError):
    """aiogram would not have sent, or understood, this."""


def unknown_fields(value: object, path: str = "") -> Iterator[str]:
    """Fields that were given and that the models do not know, at any depth."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}{name}"
        for name in value.model_fields_set & set(type(value).model_fields):
            yield from unknown_fields(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from unknown_fields(item, f"{path}{number}.")


def check_call(call: ReceivedCall) -> None:
    """Have aiogram build the same request.

    Raises:
        SecondOpinionError: It has no such method, misses a parameter, knows no such parameter or wants another type.
    """
    method = getattr(methods, call.method[0].upper() + call.method[1:], None)
    if method is None:
        raise SecondOpinionError(f"#{call.number}: aiogram has no method {call.method}")
    params = dict(call.params)
    for part, upload in call.uploads.items():
        if part in method.model_fields:
            params[part] = types.BufferedInputFile(b"", upload.file_name or "file")
    try:
        request = complete(method)(**params)
    except ValidationError as error:
        raise SecondOpinionError(f"#{call.number} {call.method}: {error}") from None
    unknown = sorted(unknown_fields(request))
    if unknown:
        raise SecondOpinionError(f"#{call.number} {call.method}: aiogram knows no {', '.join(unknown)}")


def check_calls(calls: Iterable[ReceivedCall]) -> int:
    """Have aiogram build every request of a log, and hold those that were accepted against the page; their number.

    Raises:
        SecondOpinionError: For the first one that is not right.
    """
    count = 0
    answered = set[object]()
    for call in calls:
        check_call(call)
        count += 1
        if call.status != 200:
            continue
        check_limits(call)
        if call.method == "answerCallbackQuery":
            query = call.params["callback_query_id"]
            _must(query not in answered, call, "answers a press twice")
            answered.add(query)
    return count


TAGS = {
    "a", "b", "blockquote", "code", "del", "em", "i", "ins", "pre", "s", "span", "strike", "strong", "tg-emoji",
    "tg-spoiler", "tg-time", "u",
}  # fmt: skip
"""https://core.telegram.org/bots/api#html-style"""

TEXTS = {"text": 4096, "caption": 1024}
"""Characters, after the entities were parsed."""


class _Visible(HTMLParser):
    """Telegram's HTML as people see it; what Telegram would refuse is kept as a fault."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.faults, self._open = "", list[str](), list[str]()
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> stays open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in TAGS:
            self.faults.append(f"<{tag}> is not Telegram's")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes another tag")

    def handle_data(self, data: str) -> None:
        self.text += data


def check_limits(call: ReceivedCall) -> None:
    """Hold a call that the server has accepted against the limits of the published page.

    Raises:
        SecondOpinionError: It is beyond one of them.
    """
    media = call.params.get("media")
    for one in [call.params, *(media if isinstance(media, list) else ())]:
        _check_texts(call, one)
    if call.method == "sendMediaGroup":
        _must(isinstance(media, list) and 2 <= len(media) <= 10, call, "is no album")
        _must("reply_markup" not in call.params, call, "has buttons under an album")
    if call.method == "answerCallbackQuery":
        _must(len(str(call.params.get("text", ""))) <= 200, call, "answers with too many words")
    markup: Any = call.params.get("reply_markup") or {}
    for button in (button for row in markup.get("inline_keyboard", []) for button in row):
        _must(bool(button["text"]), call, "has a button without a label")
        if "callback_data" in button:
            _must(1 <= len(button["callback_data"].encode()) <= 64, call, "has data that no button holds")


def _check_texts(call: ReceivedCall, fields: dict[str, Any]) -> None:
    for name, limit in TEXTS.items():
        if call.method == "answerCallbackQuery" or not isinstance(fields.get(name), str):
            continue
        visible = fields[name]
        if str(fields.get("parse_mode", "")).upper() == "HTML":
            parsed = _Visible(visible)
            _must(not parsed.faults, call, f"has a {name} where {', '.join(parsed.faults)}")
            visible = parsed.text
        least = 1 if name == "text" else 0
        _must(least <= len(visible.strip()) <= limit, call, f"has a {name} of {len(visible)} characters")


def _must(holds: bool, call: ReceivedCall, fault: str) -> None:
    if not holds:
        raise SecondOpinionError(f"#{call.number} {call.method} {fault}")


def check_type(model: type[BaseModel], wire: object) -> None:
    """Have aiogram read an object that the server has answered with.

    Raises:
        SecondOpinionError: It misses a field, knows no such field or wants another type.
    """
    try:
        value = complete(model).model_validate(wire)
    except ValidationError as error:
        raise SecondOpinionError(f"{model.__name__}: {error}") from None
    unknown = sorted(unknown_fields(value))
    if unknown:
        raise SecondOpinionError(f"{model.__name__}: aiogram knows no {', '.join(unknown)}")
