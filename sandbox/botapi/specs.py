"""Which methods there are and which parameters they take (Bot API 10.0).

Each parameter is written ``name:type``, with ``!`` for a required one. Types: ``int``, ``bool``, ``float``, ``str``,
``id`` (a number or ``@username``), ``json`` (an object or an array), ``file`` (an upload, a URL or a file id).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a method."""

    name: str
    kind: str
    required: bool


_TARGET = "business_connection_id:str chat_id:id! message_thread_id:int direct_messages_topic_id:int"
_INVOICE_TARGET = "chat_id:id! message_thread_id:int direct_messages_topic_id:int"
_SENDING = (
    "disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:str "
    "suggested_post_parameters:json reply_parameters:json reply_markup:json"
)
_CAPTION = "caption:str parse_mode:str caption_entities:json show_caption_above_media:bool"
_EDITED = "business_connection_id:str chat_id:id message_id:int inline_message_id:str"
_SCOPE = "scope:json language_code:str"

_TABLE = {
    "getMe": "",
    "getUpdates": "offset:int limit:int timeout:int allowed_updates:json",
    "setWebhook": "url:str! certificate:file ip_address:str max_connections:int allowed_updates:json "
    "drop_pending_updates:bool secret_token:str",
    "deleteWebhook": "drop_pending_updates:bool",
    "getWebhookInfo": "",
    "logOut": "",
    "close": "",
    "sendMessage": f"{_TARGET} text:str! parse_mode:str entities:json link_preview_options:json {_SENDING}",
    "sendPhoto": f"{_TARGET} photo:file! {_CAPTION} has_spoiler:bool {_SENDING}",
    "sendVideo": f"{_TARGET} video:file! duration:int width:int height:int thumbnail:file cover:file "
    f"start_timestamp:int {_CAPTION} has_spoiler:bool supports_streaming:bool {_SENDING}",
    "sendDocument": f"{_TARGET} document:file! thumbnail:file caption:str parse_mode:str caption_entities:json "
    f"disable_content_type_detection:bool {_SENDING}",
    "sendMediaGroup": f"{_TARGET} media:json! disable_notification:bool protect_content:bool "
    "allow_paid_broadcast:bool message_effect_id:str reply_parameters:json",
    "copyMessage": "chat_id:id! message_thread_id:int direct_messages_topic_id:int from_chat_id:id! message_id:int! "
    f"video_start_timestamp:int {_CAPTION} {_SENDING}",
    "editMessageText": f"{_EDITED} text:str! parse_mode:str entities:json link_preview_options:json reply_markup:json",
    "editMessageCaption": f"{_EDITED} {_CAPTION} reply_markup:json",
    "editMessageReplyMarkup": f"{_EDITED} reply_markup:json",
    "deleteMessage": "chat_id:id! message_id:int!",
    "deleteMessages": "chat_id:id! message_ids:json!",
    "setMessageReaction": "chat_id:id! message_id:int! reaction:json is_big:bool",
    "answerCallbackQuery": "callback_query_id:str! text:str show_alert:bool url:str cache_time:int",
    "sendInvoice": f"{_INVOICE_TARGET} title:str! description:str! payload:str! provider_token:str currency:str! "
    "prices:json! max_tip_amount:int suggested_tip_amounts:json start_parameter:str provider_data:str photo_url:str "
    "photo_size:int photo_width:int photo_height:int need_name:bool need_phone_number:bool need_email:bool "
    "need_shipping_address:bool send_phone_number_to_provider:bool send_email_to_provider:bool is_flexible:bool "
    f"{_SENDING}",
    "answerInlineQuery": "inline_query_id:str! results:json! cache_time:int is_personal:bool next_offset:str "
    "button:json",
    "answerPreCheckoutQuery": "pre_checkout_query_id:str! ok:bool! error_message:str",
    "refundStarPayment": "user_id:int! telegram_payment_charge_id:str!",
    "getStarTransactions": "offset:int limit:int",
    "getMyStarBalance": "",
    "getFile": "file_id:str!",
    "sendChatAction": "business_connection_id:str chat_id:id! message_thread_id:int action:str!",
    "setMyCommands": f"commands:json! {_SCOPE}",
    "getMyCommands": _SCOPE,
    "deleteMyCommands": _SCOPE,
    "setMyName": "name:str language_code:str",
    "getMyName": "language_code:str",
    "setMyDescription": "description:str language_code:str",
    "getMyDescription": "language_code:str",
    "setMyShortDescription": "short_description:str language_code:str",
    "getMyShortDescription": "language_code:str",
    "getChat": "chat_id:id!",
    "getChatMember": "chat_id:id! user_id:int!",
    "getChatMemberCount": "chat_id:id!",
    "leaveChat": "chat_id:id!",
    "createForumTopic": "chat_id:id! name:str! icon_color:int icon_custom_emoji_id:str",
}


def _params(text: str) -> dict[str, Param]:
    params = {}
    for word in text.split():
        name, kind = word.rstrip("!").split(":")
        params[name] = Param(name, kind, word.endswith("!"))
    return params


SPECS: dict[str, dict[str, Param]] = {method: _params(text) for method, text in _TABLE.items()}
"""Parameters by name, by method."""

PROPER_NAMES = {method.lower(): method for method in SPECS}
"""Methods are found whatever their letter case, as at Telegram."""
