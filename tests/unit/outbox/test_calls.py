import asyncio
import io

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMediaPhoto, InputMediaVideo

from services.outbox.calls import Call, Priority, Said, classify, is_group, said, sending

FILE = InputFile(io.BytesIO(b"x"), filename="v.mp4", read_file_handle=False)


NOTHING = Said()


def read(endpoint: str, what: Said = NOTHING, **data: object) -> Call:
    return classify(endpoint, data, what)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("getMe", "getFile", "answerCallbackQuery", "setMyCommands", "getChat", "deleteMessage"),
        *("answerPreCheckoutQuery", "answerInlineQuery", "refundStarPayment"),
    ],
)
def test_calls_that_are_no_messages_are_not_counted(endpoint: str) -> None:
    assert not read(endpoint, chat_id=1).counted


@pytest.mark.parametrize("endpoint", ["setMessageReaction", "sendChatAction"])
def test_reactions_and_actions_are_signs(endpoint: str) -> None:
    assert read(endpoint, Said(Priority.ANSWER), chat_id=1).is_sign
    assert not read("sendMessage", Said(Priority.SIGN), chat_id=1).is_sign


@pytest.mark.parametrize("endpoint", ["sendMessage", "sendVideo", "sendMediaGroup", "sendInvoice", "editMessageText"])
def test_messages_are_counted(endpoint: str) -> None:
    assert read(endpoint, chat_id=1, message_id=2).counted


@pytest.mark.parametrize(
    ("chat_id", "chat", "group"),
    [(7, 7, False), (-7, -7, True), ("-1007", -1007, True), ("7", 7, False)],
)
def test_a_chat_is_known_in_every_spelling(chat_id: int | str, chat: int, group: bool) -> None:
    call = read("sendMessage", chat_id=chat_id)
    assert call.chat == chat
    assert is_group(call.chat) is group


def test_an_album_is_as_many_messages_as_it_has_parts() -> None:
    album = [InputMediaVideo("id1"), InputMediaVideo("id2"), InputMediaVideo("id3")]
    assert read("sendMediaGroup", chat_id=1, media=album).units == 3
    assert read("sendMessage", chat_id=1, text="four").units == 1


def test_files_in_the_body_make_an_upload() -> None:
    assert read("sendVideo", chat_id=1, video=FILE).upload
    assert read("sendMediaGroup", chat_id=1, media=[InputMediaVideo("id"), InputMediaVideo(b"bytes")]).upload
    assert read("sendMediaGroup", chat_id=1, media=[InputMediaPhoto("id")]).upload is False
    assert not read("sendVideo", chat_id=1, video="https://example.org/v.mp4").upload


def test_the_endpoint_decides_where_nothing_was_said() -> None:
    assert read("answerCallbackQuery", callback_query_id="1").priority is Priority.ANSWER
    assert read("sendMessage", chat_id=1, text="t").priority is Priority.ANSWER
    assert read("editMessageText", chat_id=1, message_id=2, text="t").priority is Priority.ANSWER
    assert read("sendVideo", chat_id=1, video=FILE).priority is Priority.RESULT
    assert read("sendMediaGroup", chat_id=1, media=[InputMediaVideo("id")]).priority is Priority.RESULT


def test_what_was_said_counts() -> None:
    call = read("editMessageText", Said(Priority.RESULT, 4), chat_id=1, message_id=2, text="t")
    assert call.priority is Priority.RESULT
    assert call.edit is not None
    assert call.edit.key == (1, 2)
    assert call.edit.version == 4
    assert call.edit.final


def test_equal_edits_have_equal_fingerprints() -> None:
    def fingerprint(text: str, label: str, style: str = "danger") -> object:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data="x", style=style)]])
        edit = read("editMessageText", chat_id=1, message_id=2, text=text, reply_markup=markup).edit
        assert edit is not None
        return edit.fingerprint

    assert fingerprint("a", "b") == fingerprint("a", "b")
    assert len({fingerprint("a", "b"), fingerprint("a", "c"), fingerprint("c", "b"), fingerprint("a", "b", "")}) == 4


async def test_a_saying_belongs_to_its_block_and_task() -> None:
    inside, other_done = asyncio.Event(), asyncio.Event()

    async def other() -> Said:
        await inside.wait()
        other_done.set()
        return said.get()

    task = asyncio.create_task(other())
    with sending(Priority.PROGRESS, version=1):
        with sending(Priority.RESULT):
            assert said.get() == Said(Priority.RESULT)
        assert said.get() == Said(Priority.PROGRESS, 1)
        inside.set()
        await other_done.wait()
    assert said.get() == Said()
    assert await task == Said()
