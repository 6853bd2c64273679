"""How the bot names itself to the video service and to the host of its files."""

from typing import Final

VERSION = "0.2.0"
"""Of this release; the project file takes it from here."""

USER_AGENT: Final = f"Pho2Video/{VERSION}"
"""On every request to the service and its file host: a library's own name was turned away there."""
