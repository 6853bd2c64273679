"""Commands and menus, in both languages."""

from pathlib import Path

from sandbox.botapi import Line
from tests.acceptance.e2e.stage import NAME, Stage, picture, stage, together
from tests.acceptance.e2e.talking import texts
from tests.buttons import actions, has_button


async def test_commands_do_what_they_say(tmp_path: Path) -> None:
    async with stage(tmp_path, admin_user_ids="600001") as here:
        await together(*(play(here) for play in PLAYS))
        await statistics(here)


WORDS = {
    "en": ("Photos in, videos out", "How to get a video", "What is kept about you", "nothing to cancel"),
    "vi": ("Gửi ảnh", "Cách", "lưu", "Không có gì"),
    "vi-VN": ("Gửi ảnh",),
    "fr": ("Photos in, videos out",),
}


async def words_in_both_languages(here: Stage) -> None:
    await together(*(words_in(here, language, expected) for language, expected in WORDS.items()))


async def words_in(here: Stage, language: str, expected: tuple[str, ...]) -> None:
    person = here.person(language=language)
    for command, words in zip(("/start", "/help", "/privacy", "/cancel"), expected, strict=False):
        await person.text(command)
        await person.reads(words)
    await person.text("/no_such_command")
    await person.reads("/help")


async def settings_change_what_follows(here: Stage) -> None:
    anna = here.person()
    await anna.text("/settings")
    menu = await anna.reads("Settings")
    for action in (":language:vi", ":count:3", ":atonce:on"):
        assert await anna.presses(menu, action) == ""

    def is_changed() -> bool:
        return "3" in anna.now(menu).text and "Tiếng Việt" in anna.now(menu).text

    await anna.until(is_changed, "the menu in Vietnamese")
    request = await anna.photo(picture(1), "đặt sẵn")
    end = await anna.ended("Xong")
    assert here.posts_of("đặt sẵn")[0].number_of_videos == "3"
    assert len([one for one in anna.replies(request) if one.kind == "video"]) == 3
    assert not any("📷" in text for one in anna.from_bot() for text in texts(one)), "no card came"
    assert await anna.presses(menu, ":language:en") == ""
    await anna.text("/cancel")
    await anna.reads("nothing to cancel")
    assert end.text.startswith("✅ Xong")


async def album_starts_without_asking(here: Stage) -> None:
    anna = here.person()
    await anna.text("/settings")
    await anna.presses(await anna.reads("Settings"), ":atonce:on")
    photos = [picture(number) for number in (2, 3, 4)]
    parts = await anna.album(photos, ["unasked album"])
    for at in (1, 0, 2):
        anna.tell(parts[at])
    await anna.ended("Done")
    assert here.photos(here.posts_of("unasked album")[0]) == photos


async def history_sends_again_and_belongs_to_one(here: Stage) -> None:
    anna, bob = here.person(), here.person("Bob")
    await anna.text("/history")
    await anna.reads("No videos yet")
    await anna.photo(picture(5), "/video x2 story")
    await anna.ended("Done")
    await anna.text("/history")
    page = await anna.reads("Your videos")
    (entry_button,) = [data for data in actions(page) if ":v:" in data]
    await bob.answer(bob.press_data(page, entry_button))
    assert len(anna.films()) == 2
    assert await anna.presses(page, entry_button) == ""
    await anna.until(lambda: len(anna.videos()) == 4, "the videos once more")
    assert anna.films() == here.films(here.posts_of("story")[0]) * 2
    await anna.until(lambda: len(anna.calls("sendMediaGroup")) == 2, "the second album")
    last = anna.calls("sendMediaGroup")[-1]
    assert last.uploads == {}, "sent again by file id"

    def is_entry(one: Line) -> bool:
        return any(data.startswith("h:") for data in actions(one)) and "story" in one.text

    entry = await anna.sees(is_entry)
    await anna.presses(entry, ":again")
    await here.posted("story", 2)
    await anna.until(lambda: len(anna.videos()) == 6, "the videos of Again")
    assert bob.videos() == []


async def forgetting(here: Stage) -> None:
    anna = here.person()
    await anna.text("/settings")
    await anna.presses(await anna.reads("Settings"), ":language:vi")
    await anna.photo(picture(8), "/video to be forgotten")
    await anna.ended("Xong")
    await anna.text("/forget")
    question = await anna.sees(lambda one: has_button(one, ":yes"))
    bob = here.person("Bob")
    assert await bob.presses(question, ":yes") != ""
    assert await anna.presses(question, ":yes") == ""
    await anna.until(lambda: not actions(anna.now(question)), "the end of the question")
    await anna.text("/history")
    await anna.reads("No videos yet")
    end = next(one for one in anna.from_bot() if has_button(one, ":again"))
    assert await anna.presses(end, ":again") == "This request is no longer kept. Send your photos again."


async def cancelling_the_card_by_command(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(9), "cancelled by command")
    card = await anna.card("cancelled by command")
    await anna.text("/cancel")
    await anna.sees(lambda one: one.message_id != card.message_id and "Cancelled" in one.text)
    await anna.until(lambda: actions(anna.now(card)) == [], "the card without buttons")
    assert here.posts_of("cancelled by command") == []


async def stopping_by_command(here: Stage) -> None:
    here.genaipro.hold(at=3, prompt="stopped by command")
    anna = here.person()
    await anna.photo(picture(10), "/video stopped by command")
    post = await here.posted("stopped by command")
    await anna.text("/cancel")
    await anna.reads("I am stopping your video")
    await anna.ended("Cancelled")
    await here.left(post)


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


async def forged_buttons(here: Stage) -> None:
    anna = here.person()
    await anna.text("/start")
    message = await anna.reads("Photos in")
    for data in FORGED:
        await anna.answer(anna.press_data(message, data.format(id=anna.id)))
    await anna.text("/settings")
    assert "English" in (await anna.reads("Settings")).text


async def press_on_a_message_that_is_gone(here: Stage) -> None:
    """Telegram hands out no more than its id."""
    anna = here.person()
    await anna.text("/start")
    message = await anna.reads("Photos in")
    await anna.delete(message)
    data = "d:0123456789abcdef:go"
    press = anna.press_data(message, data)
    (query,) = [update.payload for update in here.telegram.updates() if update.payload.get("id") == press]
    chat = {"id": anna.id, "type": "private", "first_name": "Anna"}
    assert query["message"] == {"chat": chat, "message_id": message.message_id, "date": 0}
    assert await anna.answer(press) != ""
    await anna.answer(anna.person.press_inline(data))
    await anna.answer(anna.person.press_inline(data, "5"))


async def commands_in_groups(here: Stage) -> None:
    anna = here.person().into(here.group())
    for command, words in (("/help", "Reply to a photo"), ("/settings", "Settings"), ("/history", "No videos yet")):
        asked = await anna.text(f"{command}@{NAME}")
        assert (await anna.reads(words)).reply_to == asked.message_id
    await anna.text(f"/no_such@{NAME}")
    await anna.text(f"/stats@{NAME}")
    await anna.text(f"/start@{NAME}")
    await anna.reads("Photos in, videos out")
    assert len(anna.from_bot()) == 4


async def statistics(here: Stage) -> None:
    boss = here.person("Boss", number=600001)
    await boss.text("/stats")
    told = (await boss.reads("People:")).text
    # One was stopped, and one forgotten.
    assert f"{len(here.genaipro.posts) - 2} done · 1 cancelled" in told
    assert f"Credits left: {here.genaipro.credits_left}" in told


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
