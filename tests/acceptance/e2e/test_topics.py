"""Forums: everything stays in its topic, General included, against servers that are not the sandbox."""

import asyncio
from pathlib import Path

from tests.acceptance.e2e.plain_base import until
from tests.acceptance.e2e.plain_genaipro import Post, Send
from tests.acceptance.e2e.plain_people import Talker, group, topic
from tests.acceptance.e2e.plain_server import BOT
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together

NAME = BOT["username"]


async def test_everything_stays_in_its_topic(tmp_path: Path) -> None:
    async with plain_world(tmp_path) as here:
        await together(*(play(here) for play in PLAYS))


def forum(here: PlainWorld, topics: int) -> list[Talker]:
    """One person in each of several new topics of a new forum."""
    chat = group(here.telegram, forum=True)
    anna = here.person().into(chat)
    return [anna.into(chat, topic(here.telegram, chat, anna)) for _ in range(topics)]


def threads(here: PlainWorld, anna: Talker) -> set[int | None]:
    """Where the bot wrote in the whole forum."""
    return {
        one.get("message_thread_id") for one in anna.telegram.rooms[anna.chat].messages.values() if one["from"] is BOT
    }


async def request_in_a_topic(here: PlainWorld) -> None:
    (anna,) = forum(here, 1)
    request = anna.photo(picture(1), f"/video@{NAME} x2 in a topic")
    end = await anna.ended("Done")
    assert end["reply_to_message"] is request
    assert [one["sent"] for one in anna.replies(request) if "sent" in one] == here.genaipro.films(
        here.genaipro.posts_of("in a topic")[0]
    )
    assert threads(here, anna) == {anna.thread}


async def request_in_general(here: PlainWorld) -> None:
    (other,) = forum(here, 1)
    anna = other.into(other.chat)
    photo = anna.photo(picture(2))
    # In General a reply may name the thread of the message that it answers, and is in no topic.
    anna.text(f"/video@{NAME} in general", photo, message_thread_id=photo["message_id"])
    await anna.ended("Done")
    assert threads(here, anna) == {None}


async def drafts_of_one_person_in_two_topics(here: PlainWorld) -> None:
    first, second = forum(here, 2)
    for number, anna in enumerate((first, second)):
        anna.photo(picture(3 + number), f"@{NAME}")
    cards = [await anna.card(photos=1, ready=False) for anna in (first, second)]
    for number, (anna, card) in enumerate(zip((first, second), cards, strict=True)):
        anna.text(f"topic number {number}", card)
    for number, anna in enumerate((first, second)):
        card = await anna.card(f"topic number {number}", photos=1)
        assert card is cards[number]
        assert await anna.answer(anna.press(card, ":go")) == ""
    for number, anna in enumerate((first, second)):
        await anna.ended("Done")
        assert here.genaipro.posts_of(f"topic number {number}")[0].photos == [picture(3 + number)]
    assert threads(here, first) == {first.thread, second.thread}


async def talk_in_a_topic_opened_by_the_bot(here: PlainWorld) -> None:
    """The topic's creation, which every message in it seems to answer, is nobody's request."""
    chat = group(here.telegram, forum=True)
    anna = here.person().into(chat)
    bots = Talker(here.telegram, BOT, chat)
    anna = anna.into(chat, topic(here.telegram, chat, bots))
    anna.text("just talking")
    anna.photo(picture(6), "just a photo")
    anna.text(f"/help@{NAME}")
    await anna.reads("How to get a video")
    said = [one for one in anna.from_bot() if "forum_topic_created" not in one]
    assert len(said) == 1


async def commands_in_a_topic(here: PlainWorld) -> None:
    (anna,) = forum(here, 1)
    for words, answer in ((f"/settings@{NAME}", "Settings"), (f"/history@{NAME}", "No videos"), ("/cancel", "nothing")):
        anna.text(words)
        await anna.reads(answer)
    assert threads(here, anna) == {anna.thread}


def waiting(here: PlainWorld, prompt: str) -> asyncio.Event:
    """Let requests for a prompt wait for this."""
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses[prompt] = course
    return gate


async def topic_deleted_in_the_middle(here: PlainWorld) -> None:
    """The videos and the end come to General."""
    (anna,) = forum(here, 1)
    gate = waiting(here, "deleted topic")
    anna.photo(picture(7), f"/video@{NAME} deleted topic")
    await here.posted("deleted topic")
    room = here.telegram.rooms[anna.chat]
    for message in [one for one in room.messages.values() if one.get("message_thread_id") == anna.thread]:
        del room.messages[message["message_id"]]
    gate.set()
    general = anna.into(anna.chat)
    films = here.genaipro.films(here.genaipro.posts_of("deleted topic")[0])
    await general.sees(lambda one: one.get("sent") == films[0], "the video in General")
    await general.ended("Done")


async def topic_closed_in_the_middle(here: PlainWorld) -> None:
    """The requester gets the videos in private."""
    (anna,) = forum(here, 1)
    gate = waiting(here, "closed topic")
    anna.photo(picture(8), f"/video@{NAME} closed topic")
    await here.posted("closed topic")
    here.telegram.rooms[anna.chat].closed_topics.add(anna.thread)
    gate.set()
    films = here.genaipro.films(here.genaipro.posts_of("closed topic")[0])
    home = anna.into(anna.id)
    await home.sees(lambda one: one.get("sent") == films[0], "the video in private")
    await until(here.telegram, lambda: "Done" in str([one.get("texts") for one in anna.from_bot()]), "the end")


async def card_for_a_topic_that_is_gone(here: PlainWorld) -> None:
    (anna,) = forum(here, 1)
    anna.photo(picture(9), f"@{NAME}")
    room = here.telegram.rooms[anna.chat]
    del room.messages[anna.thread or 0]
    general = anna.into(anna.chat)
    await general.card(photos=1, ready=False)


PLAYS = (
    request_in_a_topic,
    request_in_general,
    drafts_of_one_person_in_two_topics,
    talk_in_a_topic_opened_by_the_bot,
    commands_in_a_topic,
    topic_deleted_in_the_middle,
    topic_closed_in_the_middle,
    card_for_a_topic_that_is_gone,
)
