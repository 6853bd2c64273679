"""From the question before a payment to the bot's answer, while a hundred streams are open, seen from outside.

The people of the streams pay at the same moment, which is the worst case; then others pay one after the other, while an
event of some stream is shown every fifth of a second. Run with ``python -m benchmarks.checkout``; about three minutes.
"""

import asyncio
import sys
import time

from benchmarks.stage import Stage, photo, report, share, stage
from sandbox.botapi import Person
from sandbox.botapi.stars import CheckoutState
from sandbox.genaipro import End, Script, status

OPEN = 100
PAYERS = 150
PAUSE = 0.1
SECONDS_BETWEEN_EVENTS = 20.0
PATIENCE = 120.0


async def invoiced(here: Stage, name: str) -> tuple[Person, int]:
    """Somebody new who asks for a video; they, and their invoice."""
    person = here.telegram.add_person(name)
    person.give_stars(10)
    await person.send_photo(photo(), "/video waves roll in")

    def invoice() -> int | None:
        lines = here.telegram.bot_lines(person.chat_id)
        return next((line.message_id for line in lines if line.kind == "invoice"), None)

    return person, await here.telegram.wait_for(invoice, PATIENCE)


async def pay(person: Person, invoice: int) -> float:
    """Pay; milliseconds from the press to the bot's answer."""
    began = time.perf_counter()
    checkout = await person.pay(invoice)
    assert checkout.state is CheckoutState.PAID, checkout.error
    return 1000 * (time.perf_counter() - began)


async def main() -> int:
    """Print the figures; 1 when one is missed."""
    words = tuple(status(f"word {number}", SECONDS_BETWEEN_EVENTS) for number in range(20))
    async with stage(stars_per_video="1") as here:
        for _ in range(OPEN + PAYERS):
            here.genaipro.enqueue(Script(frames=(status("processing"), *words), end=End.SILENCE))
        first = await asyncio.gather(*(invoiced(here, f"P{number}") for number in range(OPEN)))
        together = await asyncio.gather(*(pay(*one) for one in first))
        async with asyncio.timeout(PATIENCE):
            await here.genaipro.until(lambda: sum(bool(post.events) for post in here.genaipro.posts) >= OPEN)
        single = []
        for number in range(PAYERS):
            one = await invoiced(here, f"Q{number}")
            single.append(await pay(*one))
            await asyncio.sleep(PAUSE)
    reached = [
        report(f"{OPEN} pay at once: question -> answer, slowest", max(together), "ms", 3000),
        report(f"{OPEN} streams open: question -> answer, p50", share(single, 50), "ms", 300),
        report(f"{OPEN} streams open: question -> answer, p99", share(single, 99), "ms", 300),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
