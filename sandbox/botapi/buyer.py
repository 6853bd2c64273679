"""What a person does with invoices: pays them, forwards them, and what the owner and Telegram do behind the bot."""

import asyncio
from dataclasses import replace

from sandbox.botapi import checkout
from sandbox.botapi.backend import Backend
from sandbox.botapi.delivery import deliver
from sandbox.botapi.model import Button, Invoice, Message, User
from sandbox.botapi.stars import Checkout, Payment
from sandbox.botapi.wire import user_wire


class Buyer:
    """The part of a person that has Stars."""

    _backend: Backend
    user: User

    @property
    def stars(self) -> int:
        """Stars that the person has; see ``give_stars``."""
        return self.user.stars

    def give_stars(self, amount: int) -> None:
        """Let the person buy Stars from Telegram."""
        self.user.stars += amount

    def open_invoice(self, message_id: int, *, chat: int | None = None) -> Invoice:
        """Open the form of an invoice, which can then be paid even when its message is gone.

        Raises:
            LookupError: The message is no invoice, is gone, or its button only leads to the bot.
        """
        message = self._backend.world.chats[self.user.user_id if chat is None else chat].messages[message_id]
        payable = any("pay" in button.wire for row in message.keyboard for button in row)
        if message.invoice is None or message.deleted or not payable:
            raise LookupError(f"message {message_id} cannot be paid")
        return message.invoice

    def begin_payment(self, invoice: int | Invoice, *, chat: int | None = None) -> Checkout:
        """Press Pay and confirm, without waiting for what the bot says.

        Args:
            invoice: The invoice's message, or the form that was opened.
            chat: Where the message is, the private chat when None.
        """
        form = self.open_invoice(invoice, chat=chat) if isinstance(invoice, int) else invoice
        return checkout.begin(self._backend, self.user, form)

    async def pay(self, invoice: int | Invoice, *, chat: int | None = None) -> Checkout:
        """Press Pay, confirm and wait for the end, at most as long as Telegram waits for the bot."""
        begun = self.begin_payment(invoice, chat=chat)
        return await self.finish_payment(begun)

    async def finish_payment(self, begun: Checkout) -> Checkout:
        """Wait until a payment has come to an end, or waits in ``hold_payments``."""
        try:
            async with asyncio.timeout(self._backend.options.checkout_ttl):
                await self._backend.signal.until(lambda: begun.state.over or self._backend.stars.holding)
        except TimeoutError:
            checkout.expire(self._backend, begun)
        return begun

    def pay_unasked(self, amount: int, payload: str) -> Payment:
        """Pay an invoice that this run of the bot knows nothing of: one of another program with the same token."""
        return checkout.charge(self._backend, self.user, amount, payload)

    async def forward(self, message_id: int, to: int, *, chat: int | None = None) -> Message:
        """Forward a message to another chat.

        The copy of an invoice can be paid there too, unless the invoice has a start parameter: then its button leads to
        the bot.
        """
        world = self._backend.world
        original = world.chats[self.user.user_id if chat is None else chat].messages[message_id]
        place = world.chats[to]
        copy = world.new_message(place, self.user)
        copy.content, copy.media, copy.invoice = original.content, original.media, original.invoice
        origin = {
            "type": "user",
            "date": int(original.date.timestamp()),
            "sender_user": user_wire(original.sender),
        }
        copy.fields = dict(original.fields) | {"forward_origin": origin}
        if original.invoice is not None:
            copy.keyboard = (tuple(_forwarded(one, original.invoice, world.bot) for one in original.keyboard[0][:1]),)
        world.post(place, copy)
        self._backend.note("message_sent", "person", copy)
        deliver(self._backend, copy)
        return copy


def _forwarded(button: Button, invoice: Invoice, bot: User) -> Button:
    if not invoice.start_parameter:
        return button
    url = f"https://t.me/{bot.username}?start={invoice.start_parameter}"
    return replace(button, url=url, wire={"text": button.label, "url": url})


class Treasury:
    """The part of a server that moves the bot's Stars behind its back."""

    backend: Backend

    @property
    def star_balance(self) -> int:
        """The bot's Stars."""
        return self.backend.stars.balance

    @property
    def payments(self) -> list[Payment]:
        """All payments, oldest first."""
        return list(self.backend.stars.payments.values())

    def refund_elsewhere(self, charge_id: str) -> None:
        """Refund a payment by another way than this bot's own call."""
        checkout.refund(self.backend, self.backend.stars.payments[charge_id])

    def withdraw_stars(self, amount: int) -> None:
        """Let the owner take Stars out, so that they lack for refunds."""
        self.backend.stars.withdraw(amount, self.backend.clock.now())

    def hold_payments(self) -> None:
        """Keep payments that the bot agrees to from going through, until ``release_payments``."""
        self.backend.stars.holding = True

    def release_payments(self, *, paid: bool = True) -> None:
        """Let held payments go through, or have their payers turn away."""
        self.backend.stars.holding = False
        for one in self.backend.stars.checkouts.values():
            if one.state is one.state.APPROVED and paid:
                checkout.pay(self.backend, one)
            elif one.state is one.state.APPROVED:
                checkout.abandon(self.backend, one)
