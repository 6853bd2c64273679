"""A bot that has told Telegram about itself before, as at every start but the first of its life."""

from sandbox.botapi import BotApiServer
from services.texts import LANGUAGES, Texts


def introduce(server: BotApiServer) -> None:
    """Let the server know the bot's descriptions.

    A bot without any asks in every language of Telegram's whether its owner has set one, a hundred calls for which
    ``integration/commands/test_profile.py`` is the place.
    """
    texts, profile = Texts("en"), server.backend.world.profile
    for code in ("", *LANGUAGES):
        phrases = texts.into(code)
        profile.descriptions[code] = phrases.plain("bot-description")
        profile.short_descriptions[code] = phrases.plain("bot-short-description")
