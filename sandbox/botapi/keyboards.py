"""Inline keyboards, checked as Telegram checks them (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

from collections.abc import Mapping

from sandbox.botapi.errors import bad_request
from sandbox.botapi.model import Button, JsonObject, Keyboard

ACTIONS = {
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
}
"""What a button can do, by the name of its field; each does exactly one of these."""
_LOOKS = {"text", "icon_custom_emoji_id", "style"}
_STYLES = {"danger", "primary", "success"}
_CHOSEN_CHATS = {"allow_user_chats", "allow_bot_chats", "allow_group_chats", "allow_channel_chats"}
_OTHER_MARKUPS = (
    {"keyboard", "is_persistent", "resize_keyboard", "one_time_keyboard", "input_field_placeholder", "selective"},
    {"remove_keyboard", "selective"},
    {"force_reply", "input_field_placeholder", "selective"},
)
MAX_BUTTONS = 100
MAX_DATA_BYTES = 64
MAX_QUERY = 256


def parse_keyboard(markup: Mapping[str, object] | None, *, inline_only: bool, pay: bool = False) -> Keyboard:
    """The inline buttons of a ``reply_markup``; none for the other kinds of markup.

    Args:
        markup: The parameter, or None when it was not given.
        inline_only: Whether other kinds are refused, as in all edits.
        pay: Whether it belongs to an invoice, whose first button must be a Pay button.

    Raises:
        ApiError: 400, with Telegram's words where it has some.
    """
    if markup is None:
        return ()
    if "inline_keyboard" not in markup:
        if not inline_only and any(markup.keys() <= fields for fields in _OTHER_MARKUPS):
            return ()
        raise bad_request("inline keyboard expected")
    if set(markup) != {"inline_keyboard"}:
        raise bad_request("can't parse inline keyboard: unknown fields")
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    keyboard = tuple(tuple(_button(button) for button in row) for row in rows if row)
    if sum(len(row) for row in keyboard) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    buttons = [button for row in keyboard for button in row]
    if pay and buttons and "pay" not in buttons[0].wire:
        raise bad_request("REPLY_MARKUP_BUY_EMPTY")
    if any("pay" in button.wire for button in buttons[1 if pay else 0 :]):
        raise bad_request("BUTTON_TYPE_INVALID")
    return keyboard


def _button(wire: object) -> Button:
    if not isinstance(wire, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = wire.get("text")
    if not isinstance(text, str):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not text.strip():
        raise bad_request("can't parse inline keyboard button: Text buttons must be non-empty")
    actions = set(wire) & ACTIONS
    unknown = set(wire) - ACTIONS - _LOOKS
    if unknown or len(actions) != 1:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data, url = wire.get("callback_data"), wire.get("url")
    if "callback_data" in wire and not (isinstance(data, str) and 1 <= len(data.encode()) <= MAX_DATA_BYTES):
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in wire and not (isinstance(url, str) and url.startswith(("http://", "https://", "tg://"))):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    style = wire.get("style", "")
    if style and style not in _STYLES:
        raise bad_request("can't parse inline keyboard button: Invalid button style specified")
    _check_switch(wire)
    return Button(text, data, url, wire, style)


def _check_switch(wire: Mapping[str, object]) -> None:
    """Refuse a button for an inline query that no client could use."""
    for name in ("switch_inline_query", "switch_inline_query_current_chat"):
        if name in wire and not isinstance(wire[name], str):
            raise bad_request(f'can\'t parse inline keyboard button: Field "{name}" must be of type String')
    chosen = wire.get("switch_inline_query_chosen_chat")
    if "switch_inline_query_chosen_chat" not in wire:
        return
    if not isinstance(chosen, dict) or set(chosen) - _CHOSEN_CHATS - {"query"}:
        raise bad_request("can't parse inline keyboard button: SwitchInlineQueryChosenChat must be an Object")
    if not isinstance(chosen.get("query", ""), str) or len(str(chosen.get("query", ""))) > MAX_QUERY:
        raise bad_request("can't parse inline keyboard button: SwitchInlineQueryChosenChat has a wrong query")
    if not any(chosen.get(name) is True for name in _CHOSEN_CHATS):
        raise bad_request("can't parse inline keyboard button: At least one chat type must be allowed")


def keyboard_wire(keyboard: Keyboard) -> JsonObject:
    """The keyboard as ``InlineKeyboardMarkup``."""
    return {"inline_keyboard": [[dict(button.wire) for button in row] for row in keyboard]}
