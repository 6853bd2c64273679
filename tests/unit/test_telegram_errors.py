import pytest
from telegram.error import BadRequest

from services.telegram_errors import Refusal, is_closed, refusal_of


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Bad Request: TOPIC_CLOSED", Refusal.CLOSED),
        ("Bad Request: chat not found", Refusal.CLOSED),
        ("Bad Request: not enough rights to send text messages to the chat", Refusal.CLOSED),
        ("Bad Request: have no rights to send a message", Refusal.CLOSED),
        ("Bad Request: not enough rights to send videos to the chat", Refusal.NO_MEDIA_HERE),
        ("Bad Request: CHAT_SEND_VIDEOS_FORBIDDEN", Refusal.NO_MEDIA_HERE),
        ("Bad Request: message thread not found", Refusal.TOPIC_GONE),
        ("Bad Request: TOPIC_DELETED", Refusal.TOPIC_GONE),
        ("Bad Request: message to be replied not found", Refusal.REPLY_GONE),
        ("Bad Request: replied message not found", Refusal.REPLY_GONE),
        ("Bad Request: message to edit not found", Refusal.MESSAGE_GONE),
        ("Bad Request: message can't be edited", Refusal.MESSAGE_GONE),
        ("Bad Request: MESSAGE_ID_INVALID", Refusal.MESSAGE_GONE),
        ("Bad Request: message to react not found", Refusal.MESSAGE_GONE),
        ("Bad Request: query is too old and response timeout expired", Refusal.PRESS_TOO_OLD),
        ("Bad Request: message is not modified: specified new message content", Refusal.UNCHANGED),
        ("Bad Request: wrong file identifier/HTTP URL specified", Refusal.OTHER),
    ],
)
def test_words_of_refusals(text: str, refusal: Refusal) -> None:
    assert refusal_of(BadRequest(text)) is refusal
    assert is_closed(BadRequest(text)) == (refusal in {Refusal.CLOSED, Refusal.NO_MEDIA_HERE})
