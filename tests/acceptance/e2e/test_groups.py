"""Groups, supergroups and mixed crowds, all at once, against servers that are not the sandbox."""

import asyncio
from pathlib import Path

from tests.acceptance.e2e.plain_base import Json, until
from tests.acceptance.e2e.plain_genaipro import Post, Send
from tests.acceptance.e2e.plain_people import Talker, buttons, group
from tests.acceptance.e2e.plain_server import BOT
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together

NAME = BOT["username"]


async def test_groups_of_every_kind_are_served_and_left_in_peace(tmp_path: Path) -> None:
    async with plain_world(tmp_path) as here:
        await together(*(play(here) for play in PLAYS))


def crowd(here: PlainWorld, *names: str, kind: str = "supergroup") -> list[Talker]:
    """People who are in one new group."""
    chat = group(here.telegram, kind)
    return [here.person(name).into(chat) for name in names]


async def quiet(anna: Talker) -> None:
    """What was said so far has been handled: what comes next is answered."""
    last = anna.text(f"/help@{NAME}")
    await anna.sees(lambda one: one.get("reply_to_message") is last, "the help")


async def silence_unless_addressed(here: PlainWorld) -> None:
    anna, bob = crowd(here, "Anna", "Bob", kind="group")
    hello = anna.text("hello /video")
    photo = anna.photo(picture(1), "a nice day")
    for part in bob.album([picture(2), picture(3)], ["more"]):
        bob.tell(part)
    bob.text("/video@other_bot leaves", photo)
    bob.text("@other_bot leaves", photo)
    bob.text("well", hello)
    bob.write(
        sticker={
            "file_id": "s",
            "file_unique_id": "s",
            "type": "regular",
            "width": 1,
            "height": 1,
            "is_animated": False,
            "is_video": False,
        }
    )
    bob.document(picture(4), "a.jpg", mime="image/jpeg")
    bob.text("me@plain_video_bot.com")
    anna.edit(hello, f"hello @{NAME}")
    anna.edit(hello, "/video hello")
    anna.write(new_chat_title="Friends 2")
    anna.write(new_chat_members=[bob.user])
    await quiet(bob)
    assert len(anna.from_bot()) == 1


async def reply_to_another_persons_photo(here: PlainWorld) -> None:
    for number, words in enumerate(
        (f"/video@{NAME} x2 a", f"/video@{NAME.upper()} x2 b", f"@{NAME} x2 c", "/video x2 d")
    ):
        anna, bob = crowd(here, "Anna", "Bob")
        photo = bob.photo(picture(10 + number), seen=number % 2 == 0)
        request = anna.text(words, photo)
        assert await at_once(here, anna, request, words[-1], count=2) == [picture(10 + number)]
        assert not [one for one in anna.from_bot() if one.get("reply_to_message") is not request]


async def captions(here: PlainWorld) -> None:
    for number, words in enumerate((f"/video@{NAME} e", f"@{NAME} f", f"g @{NAME}", f"@{NAME}, h")):
        (anna,) = crowd(here, "Anna")
        request = anna.photo(picture(20 + number), words)
        prompt = "efgh"[number]
        assert await at_once(here, anna, request, prompt) == [picture(20 + number)]


async def album_captioned(here: PlainWorld) -> None:
    (anna,) = crowd(here, "Anna")
    photos = [picture(30 + number) for number in range(3)]
    parts = anna.album(photos, ["", f"/video@{NAME} whole album"])
    for at in (2, 1, 0):
        anna.tell(parts[at])
    assert await at_once(here, anna, parts[0], "whole album") == photos


async def album_captioned_in_privacy_mode(here: PlainWorld) -> None:
    (anna,) = crowd(here, "Anna")
    parts = anna.album([picture(33), picture(34)], ["", f"/video@{NAME} one part seen"])
    anna.tell(parts[1])
    assert await at_once(here, anna, parts[1], "one part seen") == [picture(34)]


async def reply_to_an_album(here: PlainWorld) -> None:
    anna, bob = crowd(here, "Anna", "Bob")
    photos = [picture(36 + number) for number in range(3)]
    parts = bob.album(photos)
    for part in parts:
        bob.tell(part)
    await quiet(bob)
    request = anna.text(f"/video@{NAME} seen album", parts[2])
    assert await at_once(here, anna, request, "seen album") == photos


async def reply_to_an_album_in_privacy_mode(here: PlainWorld) -> None:
    anna, bob = crowd(here, "Anna", "Bob")
    parts = bob.album([picture(40), picture(41)])
    request = anna.text(f"/video@{NAME} unseen album", parts[1])
    assert await at_once(here, anna, request, "unseen album") == [picture(41)]


async def reply_with_an_album_to_the_bot(here: PlainWorld) -> None:
    """What always works under privacy mode: the bot sees every answer to its own messages."""
    (anna,) = crowd(here, "Anna")
    anna.text(f"/video@{NAME} nothing to see")
    how = await anna.reads("reply to this message")
    photos = [picture(42), picture(43)]
    parts = anna.album(photos, ["", "answered with an album"], how)
    for part in parts:
        anna.tell(part)
    card = await anna.card("answered with an album", photos=2)
    assert card["reply_to_message"] is parts[0]
    await anna.answer(anna.press(card, ":go"))
    assert await at_once(here, anna, parts[0], "answered with an album") == photos


async def how_to_ask_is_said_once(here: PlainWorld) -> None:
    anna, bob = crowd(here, "Anna", "Bob")
    anna.text("/video here")
    bob.text(f"@{NAME} here")
    await anna.reads("I see no photo here")
    await quiet(bob)
    assert len(anna.from_bot()) == 2


async def unusable_when_addressed(here: PlainWorld) -> None:
    (anna,) = crowd(here, "Anna")
    clip = {"file_id": "v", "file_unique_id": "v", "width": 9, "height": 9, "duration": 1}
    caption = f"/video@{NAME} leaves"
    sent = anna.write(video=clip, caption=caption, caption_entities=[])
    told = await anna.reads("I cannot use a video")
    assert told["reply_to_message"] is sent


async def three_people_at_once(here: PlainWorld) -> None:
    """Albums and texts of three people in between each other; each is told of their own."""
    people = crowd(here, "Anna", "Bob", "Chi")
    people[2].user["language_code"] = "vi"
    anna = people[0]
    anna.text("/video nothing")
    how = await anna.reads("reply to this message")
    albums = [
        person.album([picture(50 + 3 * number + at) for at in range(2 + number % 2)], [f"wish {number}"], how)
        for number, person in enumerate(people)
    ]
    for at in (0, -1):
        for person, album in zip(people, albums, strict=True):
            person.tell(album[at])
    people[1].tell(albums[1][1])
    cards = [await anna.card(f"wish {number}", photos=len(album)) for number, album in enumerate(albums)]
    assert "Ảnh" in cards[2]["text"]
    notice = await people[1].answer(people[1].press(cards[0], ":go"))
    assert notice == "This is someone else’s request. Send photos of your own."
    assert await people[2].answer(people[2].press(cards[0], ":cancel")) not in {"", notice}
    for person, card in zip(people, cards, strict=True):
        assert await person.answer(person.press(card, ":go")) == ""
    for number, parts in enumerate(albums):
        assert len((await here.posted(f"wish {number}")).photos) == len(parts)
    await at_once(here, anna, albums[0][0], "wish 0")


async def only_the_requester_may_stop_it(here: PlainWorld) -> None:
    anna, bob = crowd(here, "Anna", "Bob")
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()

    here.genaipro.courses["stop me"] = course
    request = anna.photo(picture(60), f"/video@{NAME} stop me")
    status = await anna.sees(lambda one: any(data.endswith(":cancel") for data in buttons(one)))
    post = await here.posted("stop me")
    assert status["reply_to_message"] is request
    for action in (":cancel",):
        assert "someone else" in await bob.answer(bob.press(status, action))
    assert await anna.answer(anna.press(status, ":cancel")) == "Stopping…"
    await until(here.genaipro, lambda: post.left, "the end of the stream")
    end = await anna.ended("Cancelled")
    assert end is status
    for action in (":again", ":edit"):
        assert "someone else" in await bob.answer(bob.press(end, action))
    assert len(here.genaipro.posts_of("stop me")) == 1


async def nobody_in_particular(here: PlainWorld) -> None:
    """Anonymous admins and channels are asked to write as themselves; posts of the linked channel are left alone."""
    (anna,) = crowd(here, "Anna")
    sent = anna.photo(picture(61), f"/video@{NAME} hidden", hidden=True)
    told = await anna.reads("anonymous")
    assert told["reply_to_message"] is sent
    channel = {"id": -1001, "type": "channel", "title": "News"}
    bot = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    Talker(here.telegram, bot, anna.chat).photo(picture(62), f"/video@{NAME} channel", sender_chat=channel)
    await anna.sees(lambda one: one is not told and "anonymous" in one["text"])
    Talker(here.telegram, {"id": 777000, "is_bot": False, "first_name": "Telegram"}, anna.chat).photo(
        picture(63), f"/video@{NAME} linked", sender_chat=channel, is_automatic_forward=True
    )
    await quiet(anna)
    assert len(anna.from_bot()) == 3
    assert not [post for post in here.genaipro.posts if post.prompt in {"hidden", "channel", "linked"}]


async def a_group_that_becomes_a_supergroup(here: PlainWorld) -> None:
    """A draft and a generation under way both live on."""
    anna, bob = crowd(here, "Anna", "Bob", kind="group")
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["under way"] = course
    bob.photo(picture(64), f"/video@{NAME} under way")
    await here.posted("under way")
    anna.photo(picture(65), f"@{NAME}")
    await anna.card(photos=1, ready=False)
    new = group(here.telegram)
    here.telegram.rooms[anna.chat].moved_to = new
    anna.write(migrate_to_chat_id=new)
    later = anna.into(new)
    later.write(migrate_from_chat_id=anna.chat)
    card = await later.card(photos=1, ready=False)
    gate.set()
    post = here.genaipro.posts_of("under way")[0]
    await later.sees(lambda one: one.get("sent") == here.genaipro.films(post)[0], "the video in the supergroup")
    await later.ended("Done")
    prompt = later.text("after the move", card)
    card = await later.card("after the move", photos=1)
    await later.answer(later.press(card, ":go"))
    assert await at_once(here, later, prompt, "after the move") == [picture(65)]


async def a_group_that_is_closed_in_the_middle(here: PlainWorld) -> None:
    """Kicked: the requester gets the videos and the end in private; the group nothing more."""
    (anna,) = crowd(here, "Anna")
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["kicked"] = course
    anna.photo(picture(66), f"/video@{NAME} x2 kicked")
    await here.posted("kicked")
    here.telegram.rooms[anna.chat].closed = (403, "Forbidden: bot was kicked from the supergroup chat")
    gate.set()
    home = anna.into(anna.id)
    await home.ended("Done")
    sent = [one["sent"] for one in home.from_bot() if "sent" in one]
    assert sent == here.genaipro.films(here.genaipro.posts_of("kicked")[0])
    assert [one for one in anna.from_bot() if "sent" in one] == []


async def a_requester_who_blocked_the_bot(here: PlainWorld) -> None:
    anna = here.person()
    anna.photo(picture(67), "/video blocked")
    here.telegram.rooms[anna.chat].closed = (403, "Forbidden: bot was blocked by the user")
    await here.posted("blocked")
    bob = here.person("Bob")
    request = bob.photo(picture(68), "/video still alive")
    assert await at_once(here, bob, request, "still alive") == [picture(68)]


async def no_videos_allowed(here: PlainWorld) -> None:
    """A group where the bot may write and not send media: the video comes in private, and the end says so."""
    (anna,) = crowd(here, "Anna")
    here.telegram.rooms[anna.chat].no_media = "Bad Request: not enough rights to send videos to the chat"
    anna.photo(picture(69), f"/video@{NAME} only words")
    end = await anna.ended("I sent it to the one who asked, in private")
    assert "Done" in end["text"]


async def a_group_that_is_muted_in_the_middle(here: PlainWorld) -> None:
    """Nothing can be sent any more, and somebody deleted the status message: all of it comes in private."""
    (anna,) = crowd(here, "Anna")
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["muted"] = course
    anna.photo(picture(90), f"/video@{NAME} muted")
    status = await anna.sees(lambda one: any(data.endswith(":cancel") for data in buttons(one)))
    await here.posted("muted")
    room = here.telegram.rooms[anna.chat]
    room.no_sends = "Bad Request: not enough rights to send text messages to the chat"
    del room.messages[status["message_id"]]
    gate.set()
    home = anna.into(anna.id)
    await home.ended("Done")
    assert [one["sent"] for one in home.from_bot() if "sent" in one] == here.genaipro.films(
        here.genaipro.posts_of("muted")[0]
    )


PLAYS = (
    a_group_that_is_muted_in_the_middle,
    silence_unless_addressed,
    reply_to_another_persons_photo,
    captions,
    album_captioned,
    album_captioned_in_privacy_mode,
    reply_to_an_album,
    reply_to_an_album_in_privacy_mode,
    reply_with_an_album_to_the_bot,
    how_to_ask_is_said_once,
    unusable_when_addressed,
    three_people_at_once,
    only_the_requester_may_stop_it,
    nobody_in_particular,
    a_group_that_becomes_a_supergroup,
    a_group_that_is_closed_in_the_middle,
    a_requester_who_blocked_the_bot,
    no_videos_allowed,
)


async def at_once(here: PlainWorld, anna: Talker, request: Json, prompt: str, *, count: int = 1) -> list[bytes]:
    """The photos of the one request for a prompt, once its videos have come in reply to a message."""

    def videos() -> list[Json]:
        return [one for one in anna.replies(request) if "video" in one]

    await until(here.telegram, lambda: len(videos()) == count, f"the videos of {prompt!r}", anna.from_bot)
    (post,) = here.genaipro.posts_of(prompt)
    assert [one["sent"] for one in videos()] == here.genaipro.films(post)
    return post.photos
