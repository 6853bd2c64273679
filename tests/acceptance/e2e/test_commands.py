"""Commands and menus, in both languages, against servers that are not the sandbox."""

import asyncio
from pathlib import Path

from tests.acceptance.e2e.plain_base import until
from tests.acceptance.e2e.plain_genaipro import Post, Send
from tests.acceptance.e2e.plain_people import Talker, buttons, group
from tests.acceptance.e2e.plain_server import BOT
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together

NAME = BOT["username"]


async def test_commands_do_what_they_say(tmp_path: Path) -> None:
    async with plain_world(tmp_path, ADMIN_USER_IDS="600001") as here:
        await together(*(play(here) for play in PLAYS))
        await statistics(here)


WORDS = {
    "en": ("Photos in, videos out", "How to get a video", "What is kept about you", "nothing to cancel"),
    "vi": ("Gửi ảnh", "Cách", "lưu", "Không có gì"),
    "vi-VN": ("Gửi ảnh",),
    "fr": ("Photos in, videos out",),
}


async def words_in_both_languages(here: PlainWorld) -> None:
    await together(*(words_in(here, language, expected) for language, expected in WORDS.items()))


async def words_in(here: PlainWorld, language: str, expected: tuple[str, ...]) -> None:
    person = here.person(language=language)
    for command, words in zip(("/start", "/help", "/privacy", "/cancel"), expected, strict=False):
        person.text(command)
        await person.reads(words)
    person.text("/no_such_command")
    await person.reads("/help")


async def settings_change_what_follows(here: PlainWorld) -> None:
    anna = here.person()
    anna.text("/settings")
    menu = await anna.reads("Settings")
    for action in (":language:vi", ":count:3", ":atonce:on"):
        assert await anna.answer(anna.press(menu, action)) == ""
    await until(here.telegram, lambda: "3" in menu["text"] and "Tiếng Việt" in menu["text"], "the menu in Vietnamese")
    request = anna.photo(picture(1), "đặt sẵn")
    end = await anna.ended("Xong")
    assert here.genaipro.posts_of("đặt sẵn")[0].texts("number_of_videos") == ["3"]
    assert len([one for one in anna.replies(request) if "sent" in one]) == 3
    assert not any("📷" in (text or "") for one in anna.from_bot() for text in one["texts"]), "no card came"
    await until(here.telegram, lambda: bool(menu["texts"]), "")
    assert await anna.answer(anna.press(menu, ":language:en")) == ""
    anna.text("/cancel")
    await anna.reads("nothing to cancel")
    assert end["text"].startswith("✅ Xong")


async def album_starts_without_asking(here: PlainWorld) -> None:
    anna = here.person()
    anna.text("/settings")
    await anna.answer(anna.press(await anna.reads("Settings"), ":atonce:on"))
    photos = [picture(number) for number in (2, 3, 4)]
    parts = anna.album(photos, ["unasked album"])
    for at in (1, 0, 2):
        anna.tell(parts[at])
    await anna.ended("Done")
    assert here.genaipro.posts_of("unasked album")[0].photos == photos


async def history_sends_again_and_belongs_to_one(here: PlainWorld) -> None:
    anna, bob = here.person(), here.person("Bob")
    anna.text("/history")
    await anna.reads("No videos yet")
    anna.photo(picture(5), "/video x2 story")
    await anna.ended("Done")
    anna.text("/history")
    page = await anna.reads("Your videos")
    (entry_button,) = [data for data in buttons(page) if ":v:" in data]
    await bob.answer(bob.press_data(page, entry_button))
    assert len(sent(anna)) == 2
    assert await anna.answer(anna.press(page, entry_button)) == ""
    await until(here.telegram, lambda: len(sent(anna)) == 4, "the videos once more")
    assert sent(anna) == here.genaipro.films(here.genaipro.posts_of("story")[0]) * 2
    last = anna.calls("sendMediaGroup")[-1]
    assert last.files == {}, "sent again by file id"
    entry = await anna.sees(lambda one: any(data.startswith("h:") for data in buttons(one)) and "story" in one["text"])
    await anna.answer(anna.press(entry, ":again"))
    await here.posted("story", 2)
    await until(here.telegram, lambda: len(sent(anna)) == 6, "the videos of Again")
    assert [one for one in bob.from_bot() if "sent" in one] == []


async def forgetting(here: PlainWorld) -> None:
    anna = here.person()
    anna.text("/settings")
    await anna.answer(anna.press(await anna.reads("Settings"), ":language:vi"))
    anna.photo(picture(8), "/video to be forgotten")
    await anna.ended("Xong")
    anna.text("/forget")
    question = await anna.sees(lambda one: any(data.endswith(":yes") for data in buttons(one)))
    bob = here.person("Bob")
    assert await bob.answer(bob.press(question, ":yes")) != ""
    assert await anna.answer(anna.press(question, ":yes")) == ""
    await until(here.telegram, lambda: not buttons(question), "the end of the question")
    anna.text("/history")
    await anna.reads("No videos yet")
    end = next(one for one in anna.from_bot() if any(data.endswith(":again") for data in buttons(one)))
    assert await anna.answer(anna.press(end, ":again")) == "This request is no longer kept. Send your photos again."


async def cancelling_the_card_by_command(here: PlainWorld) -> None:
    anna = here.person()
    anna.photo(picture(9), "cancelled by command")
    card = await anna.card("cancelled by command")
    anna.text("/cancel")
    await anna.sees(lambda one: one is not card and "Cancelled" in one["text"])
    await until(here.telegram, lambda: buttons(card) == [], "the card without buttons")
    assert here.genaipro.posts_of("cancelled by command") == []


async def stopping_by_command(here: PlainWorld) -> None:
    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await asyncio.Event().wait()

    here.genaipro.courses["stopped by command"] = course
    anna = here.person()
    anna.photo(picture(10), "/video stopped by command")
    post = await here.posted("stopped by command")
    anna.text("/cancel")
    await anna.reads("I am stopping your video")
    await anna.ended("Cancelled")
    await until(here.genaipro, lambda: post.left, "the end of the stream")


FORGED = """
x
d:
d:0123456789abcdef:go
d:0123456789abcdef:9
d:99999999999999999999999999999999999999999999999999999999999999
g:0123456789abcdef:again
g:0123456789abcdef:edit
g:0123456789abcdef:cancel
g:' OR 1=1 --:again
s:1:language:vi
s:{id}:language:xx
s:{id}:count:9
h:{id}:p:999999
h:{id}:p:-1
h:{id}:v:0123456789abcdef:0
f:{id}:maybe
f:1:yes
""".splitlines()


async def forged_buttons(here: PlainWorld) -> None:
    anna = here.person()
    anna.text("/start")
    message = await anna.reads("Photos in")
    for data in FORGED:
        await anna.answer(anna.press_data(message, data.format(id=anna.id)))
    anna.text("/settings")
    assert "English" in (await anna.reads("Settings"))["text"]


async def press_on_a_message_that_is_gone(here: PlainWorld) -> None:
    """Telegram hands out no more than its id."""
    anna = here.person()
    query = {"id": "gone-1", "from": anna.user, "chat_instance": "1", "data": "d:0123456789abcdef:go"}
    chat = here.telegram.rooms[anna.chat].wire
    here.telegram.push(callback_query=query | {"message": {"chat": chat, "message_id": 1, "date": 0}})
    assert await anna.answer("gone-1") != ""
    here.telegram.push(callback_query=query | {"id": "gone-2"})
    await anna.answer("gone-2")
    here.telegram.push(callback_query=query | {"id": "gone-3", "inline_message_id": "5"})
    await anna.answer("gone-3")


async def commands_in_groups(here: PlainWorld) -> None:
    anna = here.person().into(group(here.telegram))
    for command, words in (("/help", "Reply to a photo"), ("/settings", "Settings"), ("/history", "No videos yet")):
        asked = anna.text(f"{command}@{NAME}")
        assert (await anna.reads(words))["reply_to_message"] is asked
    anna.text(f"/no_such@{NAME}")
    anna.text(f"/stats@{NAME}")
    anna.text(f"/start@{NAME}")
    await anna.reads("Photos in, videos out")
    assert len(anna.from_bot()) == 4


async def statistics(here: PlainWorld) -> None:
    boss = here.person("Boss", number=600001)
    boss.text("/stats")
    told = (await boss.reads("People:"))["text"]
    # One was stopped, and one forgotten.
    assert f"{len(here.genaipro.posts) - 2} done · 1 cancelled" in told
    assert "Credits left: 77" in told


PLAYS = (
    words_in_both_languages,
    settings_change_what_follows,
    album_starts_without_asking,
    history_sends_again_and_belongs_to_one,
    forgetting,
    cancelling_the_card_by_command,
    stopping_by_command,
    forged_buttons,
    press_on_a_message_that_is_gone,
    commands_in_groups,
)


def sent(anna: Talker) -> list[bytes]:
    return [one["sent"] for one in anna.from_bot() if "sent" in one]
