"""Inline mode and the Share button: one's own videos, found by words, sent to any chat, and nobody else's."""

import unicodedata
from pathlib import Path

from sandbox.botapi import BotApiOptions, InlineQuery, Line, Standing
from sandbox.botapi.person import Person
from tests.acceptance.e2e.world import World, world
from tests.database_file import writing
from tests.pictures import jpeg

INLINE = BotApiOptions(inline_mode=True)
OPEN = {"text": "Make a video", "start_parameter": "inline"}


async def made(here: World, prompt: str, person: Person | None = None, count: int = 1) -> Line:
    """Have videos made; the status message in its final state."""
    who = person or here.anna
    asked = await who.send_photo(jpeg(), f"/video x{count} {prompt}")

    def is_end(line: Line) -> bool:
        return line.reply_to == asked.message_id and any(":again" in (one.data or "") for one in line.buttons[0])

    return await here.telegram.wait_for_message(who.chat_id, lambda line: bool(line.buttons) and is_end(line))


async def found(here: World, person: Person, text: str = "") -> list[str]:
    """The titles that a query offers somebody."""
    return [one.title for one in (await here.telegram.wait_for_inline(person.type_inline(text))).results]


async def nothing(here: World, query: InlineQuery) -> None:
    """See that a query finds nothing but the way to the bot."""
    answer = await here.telegram.wait_for_inline(query)
    assert (answer.results, answer.button, answer.is_personal) == ((), OPEN, True)


async def test_share_button_sends_exactly_that_request_to_any_chat(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=INLINE) as here, here.clock.hurried(0.05):
        bob = here.telegram.add_person("Bob")
        first, second = await made(here, "a red boat"), await made(here, "a red boat", count=2)
        elsewhere = here.telegram.add_group("Family", [here.anna, bob], bot=Standing.LEFT).chat_id
        offered = [
            await here.telegram.wait_for_inline(here.anna.share(line.message_id, "Share", elsewhere))
            for line in (first, second)
        ]
        assert [len(one.results) for one in offered] == [1, 2]
        assert not {one.result_id for one in offered[0].results} & {one.result_id for one in offered[1].results}
        assert all(one.cache_time <= 30 and one.is_personal for one in offered)
        query = here.anna.share(first.message_id, "Share", elsewhere)
        (result,) = (await here.telegram.wait_for_inline(query)).results
        sent = here.telegram.line(elsewhere, here.anna.choose(query, result.result_id).message_id)
        assert (sent.kind, sent.text, sent.via_bot) == ("video", "a red boat", True)
        # Another's finger on a button, and a query that was seen.
        await nothing(here, bob.type_inline(query.text, chat=elsewhere))


async def test_words_are_found_without_accents_case_and_order(tmp_path: Path) -> None:
    prompt = "Chiếc thuyền ĐỎ trôi trên sông"
    async with world(tmp_path, telegram=INLINE) as here, here.clock.hurried(0.05):
        await made(here, prompt)
        await made(here, "hoa nở")
        for text in ("", " "):
            assert await found(here, here.anna, text) == ["hoa nở", prompt]
        for text in ("do thuyen", "THUYỀN đỏ", unicodedata.normalize("NFD", "sông đỏ"), "Do", "song chiec"):
            assert await found(here, here.anna, text) == [prompt], text
        await nothing(here, here.anna.type_inline("thuyền hoa"))
        bob = here.telegram.add_person("Bob")
        for text in ("", "thuyền", "#"):
            await nothing(here, bob.type_inline(text))


async def test_pages_hold_each_video_once_newest_first(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=INLINE) as here, here.clock.hurried(0.05):
        await made(here, "a red boat")
        copied(here, 119)
        seen: list[str] = []
        sizes, offset = [], ""
        while True:
            answer = await here.telegram.wait_for_inline(here.anna.type_inline("boat", offset=offset))
            seen += [one.result_id for one in answer.results]
            sizes.append(len(answer.results))
            offset = answer.next_offset
            if not offset:
                break
        assert sizes == [50, 50, 20]
        assert len(set(seen)) == 120
        assert seen[1:] == [f"copy{number}-0" for number in range(119)]
        answer = await here.telegram.wait_for_inline(here.anna.type_inline("boat", offset="nonsense"))
        assert (answer.results, answer.next_offset) == ((), "")


def copied(here: World, number: int) -> None:
    """Put more requests of Anna's with the same video into the database, each older than the one before."""
    with writing(here.settings.data_dir) as other:
        names = [row[1] for row in other.execute("PRAGMA table_info(generations)")]
        new = {
            "id": "'copy' || ?1",
            "request_key": "'copy' || ?1",
            "queued_at": "datetime(queued_at, '-' || (?1 + 1) || ' minutes')",
        }
        values = ", ".join(new.get(name, f'"{name}"') for name in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        (key,) = other.execute("SELECT id FROM generations").fetchone()
        for one in range(number):
            other.execute(
                f"INSERT INTO generations ({quoted}) SELECT {values} FROM generations WHERE id = ?2", (one, key)
            )
            other.execute(
                "INSERT INTO videos (generation_id, position, url, state, send_attempts, message_id, file_id)"
                " SELECT 'copy' || ?1, position, url, state, send_attempts, message_id, file_id"
                " FROM videos WHERE generation_id = ?2",
                (one, key),
            )


async def test_forgotten_videos_are_offered_no_more(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=INLINE) as here, here.clock.hurried(0.05):
        await made(here, "a red boat")
        assert await found(here, here.anna) == ["a red boat"]
        await here.anna.send_text("/forget")
        asked = await here.card(with_button="f:")
        await here.press(asked, "yes")
        await here.telegram.wait_for_message(here.anna.chat_id, "Nothing about you is kept")
        await nothing(here, here.anna.type_inline())


async def test_those_who_may_not_use_the_bot_are_offered_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=INLINE, start=False) as here, here.clock.hurried(0.05):
        here.settings = here.settings.model_copy(
            update={"open_access": False, "admin_user_ids": frozenset({here.anna.user_id})}
        )
        await here.start()
        bob = here.telegram.add_person("Bob")
        await here.anna.send_text(f"/allow {bob.user_id}")
        await here.telegram.wait_for_message(here.anna.chat_id, str(bob.user_id))
        await made(here, "a red boat", bob)
        assert await found(here, bob) == ["a red boat"]
        denied = await here.anna.send_text(f"/deny {bob.user_id}")
        await here.telegram.wait_for_message(here.anna.chat_id, str(bob.user_id), after=denied.message_id)
        await nothing(here, bob.type_inline())


async def test_what_is_shared_where_the_bot_is_asks_for_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=INLINE) as here, here.clock.hurried(0.05):
        await made(here, "a red boat")
        group = here.telegram.add_group("Friends", [here.anna]).chat_id
        lines = len(here.telegram.bot_lines(here.anna.chat_id))
        for chat in (group, here.anna.chat_id):
            query = here.anna.type_inline(chat=chat)
            (result,) = (await here.telegram.wait_for_inline(query)).results
            here.anna.choose(query, result.result_id)
        await here.telegram.wait_until_idle()
        await here.anna.send_text("/privacy")
        await here.telegram.wait_for_message(here.anna.chat_id, "What is kept")
        new = here.telegram.bot_lines(here.anna.chat_id)[lines:]
        assert [line.text[:12] for line in new if not line.via_bot] == ["What is kept"]
        assert [line for line in here.telegram.bot_lines(group) if not line.via_bot] == []


async def test_without_inline_mode_nothing_is_shared(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        end = await made(here, "a red boat")
        assert not [button for row in end.buttons for button in row if button.action != "callback_data"]
        await here.anna.send_text("/help")
        shown = await here.telegram.wait_for_message(here.anna.chat_id, "How to get a video")
        assert "Share" not in shown.text
