"""Forums: everything stays in its topic, General included."""

from pathlib import Path

from tests.acceptance.e2e.stage import NAME, Stage, picture, stage, together
from tests.acceptance.e2e.talking import Talker, content, texts


async def test_everything_stays_in_its_topic(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await together(*(play(here) for play in PLAYS))


def forum(here: Stage, topics: int, *, privacy: bool = False) -> list[Talker]:
    """One person in each of several new topics of a new forum."""
    chat = here.group(forum=True, privacy=privacy)
    anna = here.person().into(chat)
    return [anna.into(chat, here.topic(chat)) for _ in range(topics)]


def topic_of(anna: Talker) -> int:
    assert anna.thread is not None
    return anna.thread


def threads(here: Stage, anna: Talker) -> set[int | None]:
    """Where the bot wrote in the whole forum."""
    return {one.thread_id for one in here.telegram.bot_lines(anna.chat)}


async def request_in_a_topic(here: Stage) -> None:
    (anna,) = forum(here, 1)
    request = await anna.photo(picture(1), f"/video@{NAME} x2 in a topic")
    end = await anna.ended("Done")
    assert end.reply_to == request.message_id
    sent = [content(one) for one in anna.replies(request) if one.kind == "video"]
    assert sent == here.films(here.posts_of("in a topic")[0])
    assert threads(here, anna) == {anna.thread}


async def request_in_general(here: Stage) -> None:
    (other,) = forum(here, 1)
    anna = other.into(other.chat)
    photo = await anna.photo(picture(2))
    # In General a reply names the thread of the message that it answers, and is in no topic.
    asked = await anna.text(f"/video@{NAME} in general", photo)
    assert (asked.thread_id, asked.in_topic) == (photo.message_id, False)
    await anna.ended("Done")
    assert threads(here, anna) == {None}


async def drafts_of_one_person_in_two_topics(here: Stage) -> None:
    first, second = forum(here, 2)
    for number, anna in enumerate((first, second)):
        await anna.photo(picture(3 + number), f"@{NAME}")
    cards = [await anna.card(photos=1, ready=False) for anna in (first, second)]
    for number, (anna, card) in enumerate(zip((first, second), cards, strict=True)):
        await anna.text(f"topic number {number}", card)
    for number, anna in enumerate((first, second)):
        card = await anna.card(f"topic number {number}", photos=1)
        assert card.message_id == cards[number].message_id
        assert await anna.presses(card, ":go") == ""
    for number, anna in enumerate((first, second)):
        await anna.ended("Done")
        assert here.photos(here.posts_of(f"topic number {number}")[0]) == [picture(3 + number)]
    assert threads(here, first) == {first.thread, second.thread}


async def talk_in_a_topic_opened_by_the_bot(here: Stage) -> None:
    """The topic's creation, which every message in it seems to answer, is nobody's request."""
    chat = here.group(forum=True)
    anna = here.person().into(chat)
    anna = anna.into(chat, here.topic(chat, by_bot=True))
    await anna.text("just talking")
    await anna.photo(picture(6), "just a photo")
    await anna.text(f"/help@{NAME}")
    await anna.reads("How to get a video")
    said = [one for one in anna.from_bot() if one.kind != "forum_topic_created"]
    assert len(said) == 1


async def commands_in_a_topic(here: Stage) -> None:
    (anna,) = forum(here, 1)
    for words, answer in ((f"/settings@{NAME}", "Settings"), (f"/history@{NAME}", "No videos"), ("/cancel", "nothing")):
        await anna.text(words)
        await anna.reads(answer)
    assert threads(here, anna) == {anna.thread}


async def topic_deleted_in_the_middle(here: Stage) -> None:
    """The videos and the end come to General."""
    (anna,) = forum(here, 1)
    gate = here.genaipro.hold(at=3, prompt="deleted topic")
    await anna.photo(picture(7), f"/video@{NAME} deleted topic")
    await here.posted("deleted topic")
    here.telegram.close_topic(anna.chat, topic_of(anna), deleted=True)
    gate.release()
    general = anna.into(anna.chat)
    await general.sees(lambda one: here.is_film(one, "deleted topic"), "the video in General")
    await general.ended("Done")


async def topic_closed_in_the_middle(here: Stage) -> None:
    """The requester gets the videos in private."""
    (anna,) = forum(here, 1, privacy=True)
    gate = here.genaipro.hold(at=3, prompt="closed topic")
    await anna.photo(picture(8), f"/video@{NAME} closed topic")
    await here.posted("closed topic")
    here.telegram.close_topic(anna.chat, topic_of(anna))
    gate.release()
    home = anna.into(anna.id)
    await home.sees(lambda one: here.is_film(one, "closed topic"), "the video in private")
    await anna.until(lambda: "Done" in str([texts(one) for one in anna.from_bot()]), "the end")


async def card_for_a_topic_that_is_gone(here: Stage) -> None:
    (anna,) = forum(here, 1)
    await anna.photo(picture(9), f"@{NAME}")
    here.telegram.close_topic(anna.chat, topic_of(anna), deleted=True)
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
