"""The commands that need no menu."""

import re

from telegram import Update

from handlers.context import Context, caller_of
from handlers.visitors import admit, for_persons, for_visitors
from services.access import CLAIM_PREFIX
from services.drafts.presses import cancel_open
from services.orders import newest_running
from services.retention import KEEP_DRAFTS, KEEP_GENERATIONS, KEEP_SEEN_PHOTOS
from services.screens import Screen


async def start(update: Update, context: Context) -> None:
    """``/start``: what the bot does; behind the claim link, it makes the first admin."""
    claimed = await _claim(update, context)
    if not await admit(update, context):
        return
    visitor, services = context.visitor, context.services
    lines = [visitor.phrases.html("claimed")] if claimed else []
    key = "start-private" if visitor.caller.is_private else "start-group"
    lines.append(visitor.phrases.html(key, bot=context.bot.username))
    await context.answer(Screen("\n\n".join(lines)))
    if claimed:
        # Beside the handler: a call that Telegram lets hang must not hold up what the new admin writes next.
        services.tasks.start(services.profile.publish_for_admin(visitor.caller.user_id), name="commands-of-new-admin")


@for_visitors
async def help_(_update: Update, context: Context) -> None:
    """``/help``: how to ask, to share and to pay, as far as this bot does it."""
    visitor, sales, bot = context.visitor, context.services.sales, context.bot
    say, is_private = visitor.phrases.html, visitor.caller.is_private
    lines: list[str] = [say("help-private" if is_private else "help-group", bot=bot.username)]
    if bot.supports_inline_queries:
        lines.append(say("help-share", bot=bot.username))
    if is_private and sales.is_open:
        lines.append(say("help-payments", stars=sales.tariff.stars))
    if is_private and visitor.is_admin:
        lines.append(say("help-admin") + (f"\n{say('help-refund')}" if sales.is_open else ""))
    await context.answer(Screen("\n\n".join(lines)))


@for_visitors
async def privacy(_update: Update, context: Context) -> None:
    """``/privacy``: what is kept, how long, and where it goes."""
    await context.answer_text(
        "privacy", requests=KEEP_GENERATIONS.days, drafts=KEEP_DRAFTS.days, photos=KEEP_SEEN_PHOTOS.days
    )


@for_persons
async def cancel(_update: Update, context: Context) -> None:
    """``/cancel``: end the open draft, or else the newest generation that runs."""
    caller, services = context.visitor.caller, context.services
    draft_id = await services.database.write(cancel_open, caller.owner, services.clock.now())
    if draft_id is not None:
        services.card_timers.now(draft_id)
        await context.answer_text("cancel-draft")
        return
    running = await services.database.read(newest_running, caller.owner)
    is_cancelled = running is not None and await services.orders.cancel(running)
    await context.answer_text("cancel-running" if is_cancelled else "cancel-nothing")


async def unknown(update: Update, context: Context) -> None:
    """Any other command in private, unless it is meant for another bot."""
    text = update.message.text if update.message else None
    addressed = re.match(r"/\w+@(\w+)", text or "")
    if addressed and addressed[1].lower() != context.bot.username.lower():
        return
    if await admit(update, context):
        await say_unknown(context)


async def say_unknown(context: Context) -> None:
    """One sentence in private, silence in groups."""
    if context.visitor.caller.is_private:
        await context.answer_text("unknown-command")


async def _claim(update: Update, context: Context) -> bool:
    caller, arguments = caller_of(update), context.args or []
    if caller is None or not caller.is_private or len(arguments) != 1 or not arguments[0].startswith(CLAIM_PREFIX):
        return False
    return await context.services.access.claim(arguments[0].removeprefix(CLAIM_PREFIX), caller.user_id)
