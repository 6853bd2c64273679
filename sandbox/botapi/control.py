"""The person's side over HTTP (``/control/…``, JSON), for programs in other processes."""

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from sandbox.botapi.server import BotApiServer


def add_control(app: web.Application, server: "BotApiServer") -> None:
    """Add the addresses below ``/control/``."""
    del app, server
