from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Bot, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.ext import BaseRateLimiter, ExtBot

from handlers.routing import menus
from sandbox.botapi import BotApiServer, Person
from services.profile import TELEGRAM_LANGUAGES, Profile
from services.texts import Texts
from tests.integration.sandbox.second_opinion import check_calls


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with Bot(server.token, base_url=server.base_url) as bot:
        yield bot


@pytest.fixture
def profile(bot: Bot) -> Profile:
    return Profile(bot, Texts("en"), menus(sells=False))


async def test_commands_are_registered_per_scope_and_language(profile: Profile, bot: Bot, owner: Person) -> None:
    await profile.publish([owner.user_id])
    private = await bot.get_my_commands(BotCommandScopeAllPrivateChats())
    assert [command.command for command in private] == [
        "start", "help", "video", "cancel", "history", "settings", "privacy", "forget",
    ]  # fmt: skip
    group = await bot.get_my_commands(BotCommandScopeAllGroupChats(), language_code="vi")
    assert "video" in [command.command for command in group]
    assert group[0].description == Texts("en").into("vi").plain("command-video")
    admin = await bot.get_my_commands(BotCommandScopeChat(owner.user_id), language_code="en")
    assert [command.command for command in admin][-3:] == ["stats", "allow", "deny"]


async def test_the_language_by_default_is_that_of_the_settings(bot: Bot) -> None:
    await Profile(bot, Texts("vi"), menus(sells=False)).publish([])
    (first, *_rest) = await bot.get_my_commands(BotCommandScopeAllPrivateChats())
    assert first.description == Texts("vi").into("vi").plain("command-start")
    assert (await bot.get_my_commands(BotCommandScopeAllPrivateChats(), "en"))[0].description != first.description


WRITING = ("setMyName", "setMyDescription", "setMyShortDescription")


async def test_descriptions_are_set_where_there_are_none_and_only_then(
    profile: Profile, bot: Bot, server: BotApiServer
) -> None:
    await bot.set_my_name("Another name")
    await profile.publish([])
    texts = Texts("en")
    assert (await bot.get_my_name()).name == "Another name"
    assert (await bot.get_my_description("vi")).description == texts.into("vi").plain("bot-description")
    assert (await bot.get_my_short_description()).short_description == texts.into("en").plain("bot-short-description")
    assert check_calls(server.calls()) > 2 * len(TELEGRAM_LANGUAGES.split())
    before = [len(server.calls(method)) for method in WRITING]
    await profile.publish([])
    assert [len(server.calls(method)) for method in WRITING] == before


@pytest.mark.parametrize("language", [None, "vi", "en", "de"])
async def test_descriptions_of_the_owner_stay(
    profile: Profile, bot: Bot, server: BotApiServer, language: str | None
) -> None:
    await bot.set_my_description("The bot of our film club", language)
    await bot.set_my_short_description("Our film club", language)
    before = [len(server.calls(method)) for method in WRITING]
    await profile.publish([])
    assert (await bot.get_my_description(language)).description == "The bot of our film club"
    assert (await bot.get_my_short_description(language)).short_description == "Our film club"
    assert [len(server.calls(method)) for method in WRITING] == before


async def test_a_refused_step_stops_no_other_one(profile: Profile, bot: Bot, server: BotApiServer) -> None:
    server.fail("getMyShortDescription", status=500, description="Internal Server Error")
    server.fail("setMyCommands", description="Bad Request: chat not found", times=2)
    await profile.publish([4242])
    assert (await bot.get_my_description()).description == Texts("en").into("en").plain("bot-description")
    assert await bot.get_my_commands(BotCommandScopeAllGroupChats())


async def test_the_profile_goes_past_the_rate_limiter(server: BotApiServer) -> None:
    class Closed(BaseRateLimiter[None]):
        """Lets nothing through."""

        async def initialize(self) -> None: ...

        async def shutdown(self) -> None: ...

        async def process_request(self, *_args: Any, **_more: Any) -> Any:
            raise AssertionError("the profile waits with everybody else")

    bot = ExtBot(server.token, base_url=server.base_url, rate_limiter=Closed())
    async with bot.request:
        await Profile(bot, Texts("en"), menus(sells=False)).publish([])
    assert server.calls("setMyDescription")
