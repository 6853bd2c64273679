"""A strict Bot API server on loopback that keeps chats, files and flood limits."""

from sandbox.botapi.channel import Channel
from sandbox.botapi.faults import Fault, FaultKind
from sandbox.botapi.inline import InlineAnswer, InlineQuery, InlineResult
from sandbox.botapi.journal import Event, Press, ReceivedCall
from sandbox.botapi.model import Chat, ChatKind, Message, Standing
from sandbox.botapi.options import BotApiOptions, FloodLimits
from sandbox.botapi.person import Person
from sandbox.botapi.server import BotApiServer
from sandbox.botapi.stars import Checkout, CheckoutState, Payment
from sandbox.botapi.transcript import ButtonView, Line, Version
from sandbox.botapi.updates import Update

__all__ = [
    "BotApiOptions",
    "BotApiServer",
    "ButtonView",
    "Channel",
    "Chat",
    "ChatKind",
    "Checkout",
    "CheckoutState",
    "Event",
    "Fault",
    "FaultKind",
    "FloodLimits",
    "InlineAnswer",
    "InlineQuery",
    "InlineResult",
    "Line",
    "Message",
    "Payment",
    "Person",
    "Press",
    "ReceivedCall",
    "Standing",
    "Update",
    "Version",
]
