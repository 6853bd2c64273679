"""The phone of the demo's person: a person of the Bot API server that runs in the same process."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.botapi import BotApiServer, CheckoutState, Person
from sandbox.botapi.seen import Event
from sandbox.demo.visit import VisitError


@dataclass(frozen=True, slots=True)
class PersonPhone:
    """What a person does and sees in the private chat with the bot."""

    server: BotApiServer
    person: Person

    async def events(self) -> AsyncIterator[Event]:
        """What happens in the chat, from the beginning on, until the server ends."""
        async for event in self.server.events():
            yield Event.model_validate(event.wire())

    async def send_text(self, text: str) -> None:
        """Send a text."""
        await self.person.send_text(text)

    async def send_photos(self, photos: Sequence[Path], caption: str) -> None:
        """Send one photo, or an album of several, with a caption."""
        if len(photos) == 1:
            await self.person.send_photo(photos[0], caption)
        else:
            await self.person.send_album(photos, caption)

    async def press(self, message_id: int, data: str) -> None:
        """Press the button that sends this data.

        Raises:
            VisitError: The button is gone.
        """
        try:
            await self.person.press(message_id, data=data)
        except LookupError as fault:
            raise VisitError(f"The button is gone: {fault}.") from fault

    async def pay(self, message_id: int) -> None:
        """Pay an invoice, to the end.

        Raises:
            VisitError: Nothing was paid.
        """
        checkout = await self.person.pay(message_id)
        if checkout.state is not CheckoutState.PAID:
            raise VisitError(f"The payment did not go through: {checkout.error}")
