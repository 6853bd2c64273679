"""Who is let in, from the first start on, against servers that are not the sandbox."""

import asyncio
from pathlib import Path
from typing import Any

from tests.acceptance.e2e.plain_base import until
from tests.acceptance.e2e.plain_genaipro import Post, Send
from tests.acceptance.e2e.plain_people import Talker, buttons, group
from tests.acceptance.e2e.plain_server import BOT
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together

NAME = BOT["username"]


async def refused(person: Talker, times: int = 1) -> None:
    """They were told so once, in one sentence with their id."""
    told = [one["text"] for one in person.from_bot()]
    assert len(told) == times
    assert all(str(person.id) in text and text.count(". ") == 0 for text in told)


NO_ADMIN = "no admin yet: whoever opens this link first is the admin"


async def test_closed_until_claimed(tmp_path: Path) -> None:
    async with plain_world(tmp_path, OPEN_ACCESS="false") as here:
        link = str((await here.bot.logged(NO_ADMIN)).fields["link"])
        assert link.startswith(f"https://t.me/{NAME}?start=claim_")
        code = link.rpartition("=")[2]
        stranger, boss, late = here.person("Stranger"), here.person("Boss"), here.person("Late")
        stranger.text("/start claim_wrong")
        await stranger.reads("This bot is private")
        boss.text(f"/start {code}")
        await boss.reads("You are now the admin")
        late.text(f"/start {code}")
        await late.reads("This bot is private")
        await here.bot.kill()
        await here.bot.start()
        assert here.bot.events(NO_ADMIN, this_life=True) == []
        boss.text("/stats")
        await boss.reads("People:")
        assert code not in " ".join(call.params.get("text", "") for call in here.telegram.calls)


ADMINS = range(600_011, 600_016)
LISTS: dict[str, Any] = {
    "OPEN_ACCESS": "false",
    "ADMIN_USER_IDS": ",".join(map(str, ADMINS)),
    "ALLOWED_USER_IDS": "600002, 600003",
    "ALLOWED_CHAT_IDS": "-1009000000001",
}


async def test_opened_by_lists_and_admins(tmp_path: Path) -> None:
    async with plain_world(tmp_path, **LISTS) as here:
        assert here.bot.events(NO_ADMIN) == []
        bosses = [here.person("Boss", number=number) for number in ADMINS]
        await together(
            strangers_stay_out(here),
            admin_lets_people_in(here, bosses[0]),
            admin_lets_a_group_in(here, bosses[1]),
            commands_of_admins_are_theirs(here, bosses[2]),
            those_on_the_lists_are_in(here, bosses[3]),
            admin_lets_somebody_in_by_reply(here, bosses[4]),
        )


async def strangers_stay_out(here: PlainWorld) -> None:
    eve = here.person("Eve")
    eve.photo(picture(1), "/video no")
    for part in eve.album([picture(2), picture(3)], ["no"]):
        eve.tell(part)
    told = await eve.reads("This bot is private")
    assert str(eve.id) in told["text"]
    assert await eve.answer(eve.press_data(told, "d:0123456789abcdef:go")) != ""
    await refused(eve)
    chat = eve.into(group(here.telegram))
    chat.photo(picture(4), f"/video@{NAME} no")
    chat.text(f"/help@{NAME}")
    eve.text("/help")
    await until(here.telegram, lambda: len(eve.from_bot()) == 2, "the answer to a command")
    assert chat.from_bot() == []
    assert here.genaipro.posts_of("no") == []


async def admin_lets_people_in(here: PlainWorld, boss: Talker) -> None:
    dan = here.person("Dan")
    boss.text(f"/allow {dan.id}")
    await boss.reads(f"{dan.id} may use the bot now")
    dan.photo(picture(5), "/video allowed")
    await dan.ended("Done")
    boss.text(f"/deny {dan.id}")
    await boss.reads(f"{dan.id} may no longer")
    end = dan.from_bot()[0]
    assert str(dan.id) in await dan.answer(dan.press(end, ":again"))
    dan.photo(picture(5), "/video denied")
    await dan.reads("This bot is private")
    assert here.genaipro.posts_of("denied") == []


async def admin_lets_somebody_in_by_reply(here: PlainWorld, boss: Talker) -> None:
    fay = here.person("Fay").into(group(here.telegram))
    chief = boss.into(fay.chat)
    said = fay.text("may I?")
    chief.text(f"/allow@{NAME}", said)
    await chief.reads(f"{fay.id} may use the bot now")
    fay.photo(picture(6), f"/video@{NAME} person in a group")
    await fay.ended("Done")


async def admin_lets_a_group_in(here: PlainWorld, boss: Talker) -> None:
    fay = here.person("Fay").into(group(here.telegram))
    chief = boss.into(fay.chat)
    chief.text(f"/deny@{NAME}", fay.text("may I?"))
    await chief.reads(f"{fay.id} may no longer")
    chief.text(f"/allow@{NAME}")
    await chief.reads(f"{fay.chat} may use the bot now")
    gus = here.person("Gus").into(fay.chat)

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await asyncio.Event().wait()

    here.genaipro.courses["anyone in a group"] = course
    gus.photo(picture(7), f"/video@{NAME} anyone in a group")
    await here.posted("anyone in a group")
    status = await gus.sees(lambda one: any(data.endswith(":cancel") for data in buttons(one)))
    assert await chief.answer(chief.press(status, ":cancel")) == "Stopping…"
    await gus.ended("Cancelled")
    fay.photo(picture(8), f"/video@{NAME} still denied")
    chief.text(f"/deny@{NAME}")
    await chief.reads(f"no longer works in the group {fay.chat}")
    before = len(chief.from_bot())
    gus.text(f"/help@{NAME}")
    chief.text(f"/help@{NAME}")
    await chief.sees(lambda one: "How to get a video" in one.get("text", ""))
    assert here.genaipro.posts_of("still denied") == []
    new = chief.from_bot()[before:]
    assert [
        one
        for one in new
        if one.get("reply_to_message", {}).get("from") == gus.user and "text" in one and "How to" in one["text"]
    ] == []


async def commands_of_admins_are_theirs(here: PlainWorld, boss: Talker) -> None:
    hal = here.person("Hal")
    boss.text(f"/allow {hal.id}")
    await boss.reads(f"{hal.id} may use the bot now")
    for words in ("/stats", "/allow 1", "/deny 1"):
        hal.text(words)
    await until(here.telegram, lambda: len(hal.from_bot()) == 3, "three answers")
    assert {one["text"] for one in hal.from_bot()} == {"I do not know this command. /help shows what I can do."}
    for words in ("/allow", "/allow me 1", "/deny x"):
        boss.text(words)
    boss.text(f"/deny {boss.id}")
    await boss.reads("cannot shut yourself out")
    assert sum("Who may" in one["text"] for one in boss.from_bot()) == 3


async def those_on_the_lists_are_in(here: PlainWorld, boss: Talker) -> None:
    ann, bob = (here.person(name, number=number) for name, number in (("Ann", 600002), ("Bob", 600003)))
    eve = here.person("Eve")
    for person in (boss, ann, bob):
        person.text("/help")
        await person.reads("How to get a video")
    assert "For admins" in boss.from_bot()[0]["text"]
    eve.text("/start claim_anything")
    await eve.reads("This bot is private")
    inside, outside = (eve.into(group(here.telegram, number=number)) for number in (-1009000000001, -1009000000002))
    for chat in (outside, inside):
        chat.text(f"/help@{NAME}")
    await inside.reads("How to get a video")
    assert outside.from_bot() == []
    ann.text(f"/deny {bob.id}")
    await ann.reads("I do not know this command")
    boss.text(f"/deny {bob.id}")
    await boss.reads("may no longer")
    bob.text("/help")
    await bob.reads("This bot is private")
