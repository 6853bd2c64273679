"""A chat with the bot in a browser: a thin face on the sandbox's Telegram, beside a log of every call."""

from sandbox.web.actions import BotProcess
from sandbox.web.cast import Cast
from sandbox.web.passthrough import PassThrough
from sandbox.web.screens import ScreenCard
from sandbox.web.server import ChatOptions, ChatServer

__all__ = ["BotProcess", "Cast", "ChatOptions", "ChatServer", "PassThrough", "ScreenCard"]
