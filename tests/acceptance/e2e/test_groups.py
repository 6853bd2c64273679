"""Groups, supergroups and mixed crowds, all at once."""

from pathlib import Path

from sandbox.botapi import ChatKind, Line, Message, Standing
from tests.acceptance.e2e.stage import NAME, Stage, picture, stage, together
from tests.acceptance.e2e.talking import Talker, content
from tests.buttons import has_button


async def test_groups_of_every_kind_are_served_and_left_in_peace(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await together(*(play(here) for play in PLAYS))


async def quiet(anna: Talker) -> None:
    """What was said so far has been handled: what comes next is answered."""
    last = await anna.text(f"/help@{NAME}")
    await anna.sees(lambda one: one.reply_to == last.message_id, "the help")


async def silence_unless_addressed(here: Stage) -> None:
    anna, bob = here.crowd("Anna", "Bob", kind=ChatKind.GROUP)
    hello = await anna.text("hello /video")
    photo = await anna.photo(picture(1), "a nice day")
    bob.tell(*await bob.album([picture(2), picture(3)], ["more"]))
    await bob.text("/video@other_bot leaves", photo)
    await bob.text("@other_bot leaves", photo)
    await bob.text("well", hello)
    await bob.person.send_other("sticker", chat=bob.chat)
    await bob.document(picture(4), "a.jpg", mime="image/jpeg")
    await bob.text("me@plain_video_bot.com")
    await anna.edit(hello, f"hello @{NAME}")
    await anna.edit(hello, "/video hello")
    await anna.person.send_fields({"new_chat_title": "Friends 2"}, chat=anna.chat)
    here.telegram.join(anna.chat, bob.person)
    await quiet(bob)
    assert len(anna.from_bot()) == 1


async def reply_to_another_persons_photo(here: Stage) -> None:
    for number, words in enumerate(
        (f"/video@{NAME} x2 a", f"/video@{NAME.upper()} x2 b", f"@{NAME} x2 c", "/video x2 d")
    ):
        anna, bob = here.crowd("Anna", "Bob", privacy=number % 2 == 1)
        photo = await bob.photo(picture(10 + number))
        # Where it had not seen the photo, it sees all from now on.
        here.telegram.set_bot_standing(anna.chat, Standing.ADMINISTRATOR)
        request = await anna.text(words, photo)
        assert await at_once(here, anna, request, words[-1], count=2) == [picture(10 + number)]
        assert not [one for one in anna.from_bot() if one.reply_to != request.message_id]


async def captions(here: Stage) -> None:
    for number, words in enumerate((f"/video@{NAME} e", f"@{NAME} f", f"g @{NAME}", f"@{NAME}, h")):
        (anna,) = here.crowd("Anna")
        request = await anna.photo(picture(20 + number), words)
        prompt = "efgh"[number]
        assert await at_once(here, anna, request, prompt) == [picture(20 + number)]


async def album_captioned(here: Stage) -> None:
    (anna,) = here.crowd("Anna")
    photos = [picture(30 + number) for number in range(3)]
    parts = await anna.album(photos, ["", f"/video@{NAME} whole album"])
    for at in (2, 1, 0):
        anna.tell(parts[at])
    assert await at_once(here, anna, parts[0], "whole album") == photos


async def album_captioned_in_privacy_mode(here: Stage) -> None:
    (anna,) = here.crowd("Anna", privacy=True)
    parts = await anna.album([picture(33), picture(34)], ["", f"/video@{NAME} one part seen"])
    anna.tell(*parts)
    assert await at_once(here, anna, parts[1], "one part seen") == [picture(34)]


async def reply_to_an_album(here: Stage) -> None:
    anna, bob = here.crowd("Anna", "Bob")
    photos = [picture(36 + number) for number in range(3)]
    parts = await bob.album(photos)
    bob.tell(*parts)
    await quiet(bob)
    request = await anna.text(f"/video@{NAME} seen album", parts[2])
    assert await at_once(here, anna, request, "seen album") == photos


async def reply_to_an_album_in_privacy_mode(here: Stage) -> None:
    anna, bob = here.crowd("Anna", "Bob")
    parts = await bob.album([picture(40), picture(41)])
    request = await anna.text(f"/video@{NAME} unseen album", parts[1])
    assert await at_once(here, anna, request, "unseen album") == [picture(41)]


async def reply_with_an_album_to_the_bot(here: Stage) -> None:
    """What always works under privacy mode: the bot sees every answer to its own messages."""
    (anna,) = here.crowd("Anna")
    await anna.text(f"/video@{NAME} nothing to see")
    how = await anna.reads("reply to this message")
    photos = [picture(42), picture(43)]
    parts = await anna.album(photos, ["", "answered with an album"], how)
    anna.tell(*parts)
    card = await anna.card("answered with an album", photos=2)
    assert card.reply_to == parts[0].message_id
    await anna.presses(card, ":go")
    assert await at_once(here, anna, parts[0], "answered with an album") == photos


async def how_to_ask_is_said_once(here: Stage) -> None:
    anna, bob = here.crowd("Anna", "Bob")
    await anna.text("/video here")
    await bob.text(f"@{NAME} here")
    await anna.reads("I see no photo here")
    await quiet(bob)
    assert len(anna.from_bot()) == 2


async def unusable_when_addressed(here: Stage) -> None:
    (anna,) = here.crowd("Anna")
    sent = await anna.person.send_other("video", f"/video@{NAME} leaves", chat=anna.chat)
    told = await anna.reads("I cannot use a video")
    assert told.reply_to == sent.message_id


async def three_people_at_once(here: Stage) -> None:
    """Albums and texts of three people in between each other; each is told of their own."""
    people = here.crowd("Anna", "Bob", "Chi")
    people[2].person.user.language_code = "vi"
    anna = people[0]
    await anna.text("/video nothing")
    how = await anna.reads("reply to this message")
    albums = [
        await person.album([picture(50 + 3 * number + at) for at in range(2 + number % 2)], [f"wish {number}"], how)
        for number, person in enumerate(people)
    ]
    for at in (0, -1):
        for person, album in zip(people, albums, strict=True):
            person.tell(album[at])
    people[1].tell(albums[1][1])
    cards = [await anna.card(f"wish {number}", photos=len(album)) for number, album in enumerate(albums)]
    assert "Ảnh" in cards[2].text
    notice = await people[1].answer(people[1].press(cards[0], ":go"))
    assert notice == "This is someone else’s request. Send photos of your own."
    assert await people[2].answer(people[2].press(cards[0], ":cancel")) not in {"", notice}
    for person, card in zip(people, cards, strict=True):
        assert await person.presses(card, ":go") == ""
    for number, parts in enumerate(albums):
        assert len((await here.posted(f"wish {number}")).photos) == len(parts)
    await at_once(here, anna, albums[0][0], "wish 0")


async def only_the_requester_may_stop_it(here: Stage) -> None:
    anna, bob = here.crowd("Anna", "Bob")
    here.genaipro.hold(at=3, prompt="stop me")
    request = await anna.photo(picture(60), f"/video@{NAME} stop me")
    status = await anna.sees(lambda one: has_button(one, ":cancel"))
    post = await here.posted("stop me")
    assert status.reply_to == request.message_id
    for action in (":cancel",):
        assert "someone else" in await bob.presses(status, action)
    assert await anna.presses(status, ":cancel") == "Stopping…"
    await here.left(post)
    end = await anna.ended("Cancelled")
    assert end.message_id == status.message_id
    for action in (":again", ":edit"):
        assert "someone else" in await bob.presses(end, action)
    assert len(here.posts_of("stop me")) == 1


async def nobody_in_particular(here: Stage) -> None:
    """Anonymous admins and channels are asked to write as themselves; posts of the linked channel are left alone."""
    (anna,) = here.crowd("Anna")
    sent = await anna.photo(picture(61), f"/video@{NAME} hidden", hidden=True)
    told = await anna.reads("anonymous")
    assert told.reply_to == sent.message_id
    channel = here.telegram.add_channel("News")
    await channel.send_photo(picture(62), f"/video@{NAME} channel", chat=anna.chat)
    await anna.sees(lambda one: one.message_id != told.message_id and "anonymous" in one.text)
    linked = here.telegram.add_channel("News", linked=True)
    await linked.send_photo(picture(63), f"/video@{NAME} linked", chat=anna.chat)
    await quiet(anna)
    assert len(anna.from_bot()) == 3
    assert not [post for post in here.genaipro.posts if post.prompt in {"hidden", "channel", "linked"}]


async def a_group_that_becomes_a_supergroup(here: Stage) -> None:
    """A draft and a generation under way both live on."""
    anna, bob = here.crowd("Anna", "Bob", kind=ChatKind.GROUP)
    gate = here.genaipro.hold(at=3, prompt="under way")
    await bob.photo(picture(64), f"/video@{NAME} under way")
    await here.posted("under way")
    await anna.photo(picture(65), f"@{NAME}")
    await anna.card(photos=1, ready=False)
    later = anna.into(here.telegram.migrate(anna.chat).chat_id)
    card = await later.card(photos=1, ready=False)
    gate.release()
    await later.sees(lambda one: here.is_film(one, "under way"), "the video in the supergroup")
    await later.ended("Done")
    prompt = await later.text("after the move", card)
    card = await later.card("after the move", photos=1)
    await later.presses(card, ":go")
    assert await at_once(here, later, prompt, "after the move") == [picture(65)]


async def a_group_that_is_closed_in_the_middle(here: Stage) -> None:
    """Kicked: the requester gets the videos and the end in private; the group nothing more."""
    (anna,) = here.crowd("Anna")
    gate = here.genaipro.hold(at=3, prompt="kicked")
    await anna.photo(picture(66), f"/video@{NAME} x2 kicked")
    await here.posted("kicked")
    here.telegram.set_bot_standing(anna.chat, Standing.KICKED)
    gate.release()
    home = anna.into(anna.id)
    await home.ended("Done")
    sent = home.films()
    assert sent == here.films(here.posts_of("kicked")[0])
    assert anna.videos() == []


async def a_requester_who_blocked_the_bot(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(67), "/video blocked")
    await anna.person.block()
    await here.posted("blocked")
    bob = here.person("Bob")
    request = await bob.photo(picture(68), "/video still alive")
    assert await at_once(here, bob, request, "still alive") == [picture(68)]


async def no_videos_allowed(here: Stage) -> None:
    """A group where the bot may write and not send media: the video comes in private, and the end says so."""
    (anna,) = here.crowd("Anna")
    here.telegram.forbid(anna.chat, "video")
    await anna.photo(picture(69), f"/video@{NAME} only words")
    end = await anna.ended("I sent it to the one who asked, in private")
    assert "Done" in end.text


async def a_group_that_is_muted_in_the_middle(here: Stage) -> None:
    """Nothing can be sent any more, and somebody deleted the status message: all of it comes in private."""
    (anna,) = here.crowd("Anna")
    gate = here.genaipro.hold(at=3, prompt="muted")
    await anna.photo(picture(90), f"/video@{NAME} muted")
    status = await anna.sees(lambda one: has_button(one, ":cancel"))
    await here.posted("muted")
    here.telegram.forbid(anna.chat, "text", "photo", "video", "document")
    await anna.delete(status)
    gate.release()
    home = anna.into(anna.id)
    await home.ended("Done")
    assert home.films() == here.films(here.posts_of("muted")[0])


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


async def at_once(here: Stage, anna: Talker, request: Message, prompt: str, *, count: int = 1) -> list[bytes]:
    """The photos of the one request for a prompt, once its videos have come in reply to a message."""

    def videos() -> list[Line]:
        return [one for one in anna.replies(request) if one.kind == "video"]

    await anna.until(lambda: len(videos()) == count, f"the videos of {prompt!r}")
    (post,) = here.posts_of(prompt)
    assert [content(one) for one in videos()] == here.films(post)
    return here.photos(post)
