"""People who ask for videos in all the ways there are, and whose patience is long."""

import asyncio
from collections.abc import Sequence
from random import Random

from sandbox.botapi.person import Person
from sandbox.botapi.stars import CheckoutState
from sandbox.botapi.transcript import Line
from tests.buttons import actions, has_button, is_told
from tests.chaos.checks import about
from tests.chaos.world import Request, Scene
from tests.pictures import jpeg

PATIENCE = 3600.0
"""Seconds for anything that a person waits for: they never give up, and the run looks after who still waits."""


def prices(people: Sequence[Person]) -> dict[str, str]:
    """Settings with a price that every third person pays; the others are admins."""
    payers, others = people[::3], [person for number, person in enumerate(people) if number % 3]
    for person in payers:
        person.give_stars(1_000_000)
    admins = ",".join(str(person.user_id) for person in others)
    return {"STARS_PER_VIDEO": "7", "ADMIN_USER_IDS": admins, "PAYMENT_CHECK_INTERVAL": "2"}


class Customer:
    """One person, who asks for one thing after the other.

    Args:
        here: Where they are.
        person: Who.
        random: Decides what they do.
    """

    def __init__(self, here: Scene, person: Person, random: Random) -> None:
        self._here = here
        self._person = person
        self._random = random
        self.wish = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until it is time to stop, and see the last wish through; pay what is asked for meanwhile."""
        purse = asyncio.create_task(self._pay())
        try:
            while not stop.is_set():
                self.wish = f"zebra {next(self._here.prompts):04d} walks"
                await self._one_wish(self.wish)
                self.wish = ""
                await asyncio.sleep(self._random.uniform(0.0, 0.5))
        finally:
            purse.cancel()

    async def _pay(self) -> None:
        """Pay each invoice, again and again until it is paid or its request has ended."""
        settled: set[int] = set()
        while True:
            lines = self._here.telegram.bot_lines(self._person.chat_id)
            for line in lines:
                if line.kind == "invoice" and not line.deleted and line.message_id not in settled:
                    checkout = await self._person.pay(line.message_id)
                    if (
                        checkout.state is CheckoutState.PAID
                        or "has ended" in checkout.error
                        or "paid for already" in checkout.error
                        or "not there any more" in checkout.error
                    ):
                        settled.add(line.message_id)
            await asyncio.sleep(0.3)

    async def _one_wish(self, prompt: str) -> None:
        ways = (self._direct, self._direct, self._draft, self._draft, self._pieces, self._album, self._direct_album)
        request = await self._random.choice(ways)(prompt)
        whim = self._random.random()
        if whim < 0.12:
            await self._cancel(request)
        elif whim < 0.16:
            await self._delete(request)
        end = await self._end(request)
        if self._random.random() < 0.15 and has_button(end, ":again"):
            request.orders += 1
            await self._press(end, ":again")
            await self._end(request)

    async def _direct(self, prompt: str) -> Request:
        return await self._here.ask(prompt, self._random.choice((1, 1, 2, 4)), self._person, is_tall=self._wants_tall())

    async def _draft(self, prompt: str) -> Request:
        sent = await self._person.send_photo(self._photo(), prompt)
        return await self._generate(self._here.asked(prompt, sent.message_id, 1, self._person), may_be_tall=True)

    async def _pieces(self, prompt: str) -> Request:
        sent = await self._person.send_photo(self._photo())
        await asyncio.sleep(self._random.choice((0.0, self._random.uniform(0.0, 1.0))))
        await self._person.send_text(prompt)
        return await self._generate(self._here.asked(prompt, sent.message_id, 1, self._person), may_be_tall=True)

    async def _album(self, prompt: str) -> Request:
        photos = [self._photo() for _ in range(self._random.choice((2, 3)))]
        sent = await self._person.send_album(photos, prompt, between=self._moment)
        return await self._generate(self._here.asked(prompt, sent[0].message_id, 1, self._person))

    async def _direct_album(self, prompt: str) -> Request:
        is_tall = self._wants_tall()
        photos = [self._photo() for _ in range(2 if is_tall else self._random.choice((2, 3)))]
        words = f"/video tall {prompt}" if is_tall else f"/video {prompt}"
        sent = await self._person.send_album(photos, words, between=self._moment)
        return self._here.asked(prompt, sent[0].message_id, 1, self._person, is_tall=is_tall)

    def _wants_tall(self) -> bool:
        return self._random.random() < 0.35

    async def _moment(self) -> None:
        await asyncio.sleep(self._random.choice((0.0, 0.02, 0.3)))

    async def _generate(self, request: Request, *, may_be_tall: bool = False) -> Request:
        card = await self._here.card(request, PATIENCE)
        if self._random.random() < 0.3:
            request.count = 2
            await self._press(card, ":2")
        if may_be_tall and self._wants_tall():
            request.is_tall = await self._press(card, ":tall")
        for _ in range(self._random.choice((1, 1, 1, 2))):
            await self._press(card, ":go")
        return request

    async def _cancel(self, request: Request) -> None:
        """Press Cancel as soon as it can be pressed; that may be too late."""

        def can(line: Line) -> bool:
            return has_button(line, ":cancel") and any(data.startswith("g:") for data in actions(line))

        def look() -> Line | None:
            lines = about(self._here, request)
            return next((line for line in lines if can(line) or is_told(line)), None)

        line = await self._here.telegram.wait_for(look, PATIENCE)
        await asyncio.sleep(self._random.uniform(0.0, 1.5))
        await self._press(line, ":cancel")

    async def _delete(self, request: Request) -> None:
        """Delete the status message."""
        line = await self._here.telegram.wait_for(lambda: next(iter(about(self._here, request)), None), PATIENCE)
        if not is_told(line):
            await self._person.delete(line.message_id)

    async def _press(self, line: Line, action: str) -> bool:
        """Press a button; returns False where it is no longer there."""
        now = self._here.telegram.line(line.chat_id, line.message_id)
        if not has_button(now, action):
            return False
        await self._here.press(now, action, self._person)
        return True

    async def _end(self, request: Request) -> Line:
        def look() -> Line | None:
            told = [line for line in about(self._here, request) if is_told(line)]
            return told[-1] if len(told) >= request.orders else None

        return await self._here.telegram.wait_for(look, PATIENCE)

    def _photo(self) -> bytes:
        return jpeg(self._random.randrange(1000))
