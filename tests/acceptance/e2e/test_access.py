"""Who is let in, from the first start on."""

from pathlib import Path
from typing import Any

from tests.acceptance.e2e.stage import NAME, Stage, picture, process_stage, stage, together
from tests.acceptance.e2e.talking import Talker
from tests.buttons import has_button


async def refused(person: Talker, times: int = 1) -> None:
    """They were told so once, in one sentence with their id."""
    told = [one.text for one in person.from_bot()]
    assert len(told) == times
    assert all(str(person.id) in text and text.count(". ") == 0 for text in told)


NO_ADMIN = "no admin yet: whoever opens this link first is the admin"


async def test_closed_until_claimed(tmp_path: Path) -> None:
    async with process_stage(tmp_path, OPEN_ACCESS="false") as here:
        link = str((await here.bot.logged(NO_ADMIN)).fields["link"])
        assert link.startswith(f"https://t.me/{NAME}?start=claim_")
        code = link.rpartition("=")[2]
        stranger, boss, late = here.person("Stranger"), here.person("Boss"), here.person("Late")
        await stranger.text("/start claim_wrong")
        await stranger.reads("This bot is private")
        await boss.text(f"/start {code}")
        await boss.reads("You are now the admin")
        await late.text(f"/start {code}")
        await late.reads("This bot is private")
        await here.bot.kill()
        await here.bot.start()
        assert here.bot.events(NO_ADMIN, this_life=True) == []
        await boss.text("/stats")
        await boss.reads("People:")
        assert code not in " ".join(str(call.params.get("text", "")) for call in here.telegram.calls())


ADMINS = range(600_011, 600_016)
LISTS: dict[str, Any] = {
    "open_access": False,
    "admin_user_ids": ",".join(map(str, ADMINS)),
    "allowed_user_ids": "600002, 600003",
    "allowed_chat_ids": "-1009000000001",
}


async def test_opened_by_lists_and_admins(tmp_path: Path) -> None:
    async with stage(tmp_path, **LISTS) as here:
        assert [line for line in here.log if line.event == NO_ADMIN] == []
        bosses = [here.person("Boss", number=number) for number in ADMINS]
        await together(
            strangers_stay_out(here),
            admin_lets_people_in(here, bosses[0]),
            admin_lets_a_group_in(here, bosses[1]),
            commands_of_admins_are_theirs(here, bosses[2]),
            those_on_the_lists_are_in(here, bosses[3]),
            admin_lets_somebody_in_by_reply(here, bosses[4]),
        )


async def strangers_stay_out(here: Stage) -> None:
    eve = here.person("Eve")
    await eve.photo(picture(1), "/video no")
    eve.tell(*await eve.album([picture(2), picture(3)], ["no"]))
    told = await eve.reads("This bot is private")
    assert str(eve.id) in told.text
    assert await eve.answer(eve.press_data(told, "d:0123456789abcdef:go")) != ""
    await refused(eve)
    chat = eve.into(here.group())
    await chat.photo(picture(4), f"/video@{NAME} no")
    await chat.text(f"/help@{NAME}")
    await eve.text("/help")
    await eve.until(lambda: len(eve.from_bot()) == 2, "the answer to a command")
    assert chat.from_bot() == []
    assert here.posts_of("no") == []


async def admin_lets_people_in(here: Stage, boss: Talker) -> None:
    dan = here.person("Dan")
    await boss.text(f"/allow {dan.id}")
    await boss.reads(f"{dan.id} may use the bot now")
    await dan.photo(picture(5), "/video allowed")
    await dan.ended("Done")
    await boss.text(f"/deny {dan.id}")
    await boss.reads(f"{dan.id} may no longer")
    end = dan.from_bot()[0]
    assert str(dan.id) in await dan.presses(end, ":again")
    await dan.photo(picture(5), "/video denied")
    await dan.reads("This bot is private")
    assert here.posts_of("denied") == []


async def admin_lets_somebody_in_by_reply(here: Stage, boss: Talker) -> None:
    fay = here.person("Fay").into(here.group())
    chief = boss.into(fay.chat)
    said = await fay.text("may I?")
    await chief.text(f"/allow@{NAME}", said)
    await chief.reads(f"{fay.id} may use the bot now")
    await fay.photo(picture(6), f"/video@{NAME} person in a group")
    await fay.ended("Done")


async def admin_lets_a_group_in(here: Stage, boss: Talker) -> None:
    fay = here.person("Fay").into(here.group())
    chief = boss.into(fay.chat)
    await chief.text(f"/deny@{NAME}", await fay.text("may I?"))
    await chief.reads(f"{fay.id} may no longer")
    await chief.text(f"/allow@{NAME}")
    await chief.reads(f"{fay.chat} may use the bot now")
    gus = here.person("Gus").into(fay.chat)
    here.genaipro.hold(at=3, prompt="anyone in a group")
    await gus.photo(picture(7), f"/video@{NAME} anyone in a group")
    await here.posted("anyone in a group")
    status = await gus.sees(lambda one: has_button(one, ":cancel"))
    assert await chief.presses(status, ":cancel") == "Stopping…"
    await gus.ended("Cancelled")
    await fay.photo(picture(8), f"/video@{NAME} still denied")
    await chief.text(f"/deny@{NAME}")
    await chief.reads(f"no longer works in the group {fay.chat}")
    before = len(chief.from_bot())
    await gus.text(f"/help@{NAME}")
    await chief.text(f"/help@{NAME}")
    await chief.sees(lambda one: "How to get a video" in one.text)
    assert here.posts_of("still denied") == []
    new = chief.from_bot()[before:]
    asked = {message.message_id for message in gus.sent}
    assert [one for one in new if one.reply_to in asked and one.kind == "text" and "How to" in one.text] == []


async def commands_of_admins_are_theirs(here: Stage, boss: Talker) -> None:
    hal = here.person("Hal")
    await boss.text(f"/allow {hal.id}")
    await boss.reads(f"{hal.id} may use the bot now")
    for words in ("/stats", "/allow 1", "/deny 1"):
        await hal.text(words)
    await hal.until(lambda: len(hal.from_bot()) == 3, "three answers")
    assert {one.text for one in hal.from_bot()} == {"I do not know this command. /help shows what I can do."}
    for words in ("/allow", "/allow me 1", "/deny x"):
        await boss.text(words)
    await boss.text(f"/deny {boss.id}")
    await boss.reads("cannot shut yourself out")
    assert sum("Who may" in one.text for one in boss.from_bot()) == 3


async def those_on_the_lists_are_in(here: Stage, boss: Talker) -> None:
    ann, bob = (here.person(name, number=number) for name, number in (("Ann", 600002), ("Bob", 600003)))
    eve = here.person("Eve")
    for person in (boss, ann, bob):
        await person.text("/help")
        await person.reads("How to get a video")
    assert "For admins" in boss.from_bot()[0].text
    await eve.text("/start claim_anything")
    await eve.reads("This bot is private")
    inside, outside = (eve.into(here.group(number=number)) for number in (-1009000000001, -1009000000002))
    for chat in (outside, inside):
        await chat.text(f"/help@{NAME}")
    await inside.reads("How to get a video")
    assert outside.from_bot() == []
    await ann.text(f"/deny {bob.id}")
    await ann.reads("I do not know this command")
    await boss.text(f"/deny {bob.id}")
    await boss.reads("may no longer")
    await bob.text("/help")
    await bob.reads("This bot is private")
