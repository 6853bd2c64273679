"""`python -m bot check`: asks everything the bot depends on, and says in a line each what is wrong and what to do."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy.orm import Session
from telegram import Bot, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.data_dir import prepare_data_dir
from bot.errors import STATUS_FAILED, OperatorError
from bot.redaction import Redactor
from bot.settings import Settings
from bot.settings_loading import ignored_proxies
from bot.telegram_session import make_bot
from services.clock import SystemClock
from services.failures import FailureKind
from services.genaipro.client import GenAIProClient
from services.genaipro.events import CreditGrant, GenAIProError
from services.genaipro.rate_limit import ProcessRateLimit
from services.genaipro.upload import paid_session
from services.outgoing import reason
from services.payments.ledger import Totals, faults, totals
from services.store.database import NEWEST, DatabaseError, look_into, revision
from services.telemetry import Contact

ANSWER_SECONDS = 10.0
"""What has not answered by then is reported as silent."""
LEAST_FREE_BYTES = 200 * 1024 * 1024
"""Room for the temporary files of a few generations."""

RECENT = timedelta(minutes=10)
"""A failed delivery that is older was mended since, or is told again by the next."""

_PRIVACY = "privacy mode is on: in groups it sees only commands and replies to it"
_INLINE = "inline mode is on: people can share their videos"
_NO_INLINE = "inline mode is off: for people to share their videos, send /setinline to @BotFather and restart the bot"
_NO_PRIVACY = "privacy mode is off: in groups it sees every message"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    ok: bool
    """Whether the bot can run with it."""
    text: str
    """What there is, or what is wrong."""
    advice: str = ""
    """What to do about it; empty when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is asked."""

    name: str
    ask: Callable[[], Awaitable[Finding]]
    """Finds out; may raise, and may take as long as it likes."""
    silent: str
    """What to do when it does not answer."""


def line(name: str, outcome: Finding) -> str:
    """The line of the report."""
    advice = f"; {outcome.advice}" if outcome.advice else ""
    return f"{'ok' if outcome.ok else 'failed':<8}{name}: {outcome.text}{advice}"


async def run_checks(
    checks: Iterable[Check], say: Callable[[str], object], redact: Callable[[str], str], seconds: float = ANSWER_SECONDS
) -> bool:
    """Ask all at once, report in order, and return whether all are well.

    Args:
        say: Takes a finished line.
        redact: Takes secrets out of a line.
        seconds: How long each may take.
    """

    async def ask(check: Check) -> Finding:
        try:
            async with asyncio.timeout(seconds):
                return await check.ask()
        except TimeoutError:
            return Finding(False, f"no answer within {seconds:g} seconds", check.silent)
        except OperatorError as error:
            return Finding(False, " ".join(error.lines))
        except DatabaseError as error:
            return Finding(False, str(error), "set DATABASE_URL to a database that can be used")
        except Exception as error:  # noqa: BLE001 - one broken part must not hide the others
            return Finding(False, f"unexpected {type(error).__name__}", check.silent)

    asked = list(checks)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(check)) for check in asked]
    for check, task in zip(asked, tasks, strict=True):
        say(redact(line(check.name, task.result())))
    return all(task.result().ok for task in tasks)


async def check_all(settings: Settings, say: Callable[[str], object]) -> int:
    """Check everything that valid settings name, and return the exit status: 0 when all is well, else 1."""
    redact = Redactor(settings.secrets)
    say(line("configuration", Finding(True, "every setting is usable")))
    disk = Check("disk", lambda: _ask_disk(settings), "look at the disk that holds DATA_DIR")
    # The database is often a file in that directory, which this makes.
    well = await run_checks([disk], say, redact)
    others = [
        Check("database", lambda: _ask_database(settings), "see that the server of DATABASE_URL runs"),
        Check("Telegram", lambda: _ask_telegram(settings), "see that TELEGRAM_API_URL can be reached from here"),
        Check("GenAIPro", lambda: _ask_genaipro(settings), "see that GENAIPRO_API_URL can be reached from here"),
    ]
    if settings.stars_per_video:
        others.append(Check("payments", lambda: _ask_books(settings), "see that the server of DATABASE_URL runs"))
    return 0 if await run_checks(others, say, redact) and well else STATUS_FAILED


async def _ask_disk(settings: Settings) -> Finding:
    path = settings.data_dir
    await asyncio.to_thread(prepare_data_dir, path)
    free = (await asyncio.to_thread(shutil.disk_usage, path)).free
    text = f"DATA_DIR {path} can be written, {free // 2**20} MB are free"
    if free < LEAST_FREE_BYTES:
        return Finding(False, text, f"make room: at least {LEAST_FREE_BYTES // 2**20} MB")
    return Finding(True, text)


async def _ask_database(settings: Settings) -> Finding:
    url = settings.effective_database_url
    found = await look_into(url, lambda session: revision(session.connection()), as_writer=True)
    return _tables(url.partition(":")[0], found or "")


async def _ask_books(settings: Settings) -> Finding:
    """Whether what was paid is what became videos, credit and refunds."""
    url, price = settings.effective_database_url, settings.stars_per_video
    books = await look_into(url, _books)
    if books is None:
        return Finding(True, f"a video costs {price} Stars; nothing was sold yet")
    sums, wrong = books
    text = (
        f"a video costs {price} Stars; {sums.taken} Stars were taken, {sums.returned} given back, "
        f"{sums.returning} are on their way back, {sums.credit} videos are credit"
    )
    if wrong:
        return Finding(False, f"{text}; {'; '.join(wrong)}", "keep a copy of the database, and report it")
    return Finding(True, f"{text}; it adds up")


def _books(session: Session) -> tuple[Totals, list[str]] | None:
    return (totals(session), faults(session)) if revision(session.connection()) == NEWEST else None


def _tables(name: str, found: str) -> Finding:
    if not found:
        return Finding(True, f"{name}, can be used; the first start makes its tables")
    if found > NEWEST:
        text = f"{name}, its tables ({found}) were made by a newer version than this one ({NEWEST})"
        return Finding(False, text, "run that version, or restore the backup from before the upgrade")
    if found < NEWEST:
        text = f"{name}, its tables are of {found}; the next start brings them to {NEWEST}"
        return Finding(True, f"{text}, so back it up first")
    return Finding(True, f"{name}, its tables are up to date ({found})")


async def _ask_telegram(settings: Settings) -> Finding:
    bot = make_bot(settings, Contact(SystemClock()))
    try:
        async with bot:
            me, state = bot.bot, await _webhook(settings, bot)
    except InvalidToken:
        return Finding(False, "the token is refused", "set TELEGRAM_BOT_TOKEN to the one that @BotFather shows")
    except TelegramError as error:
        return Finding(False, f"no usable answer ({reason(error)})", _telegram_advice(settings, error))
    privacy = _NO_PRIVACY if me.can_read_all_group_messages else _PRIVACY
    inline = _INLINE if me.supports_inline_queries else _NO_INLINE
    return Finding(state.ok, f"the token belongs to @{me.username}; {privacy}; {inline}; {state.text}", state.advice)


def _telegram_advice(settings: Settings, error: TelegramError) -> str:
    if "TELEGRAM_PROXY_URL" in reason(error):
        return "see that TELEGRAM_PROXY_URL is right: host, port, user name and password"
    advice = "see that TELEGRAM_API_URL is right and can be reached from here"
    if not settings.telegram_proxy_url.get_secret_value() and (names := ignored_proxies()):
        advice += f"; {', '.join(names)} of the environment counts for nothing, set TELEGRAM_PROXY_URL for a proxy"
    return advice


async def _webhook(settings: Settings, bot: Bot) -> Finding:
    try:
        return _compare(settings, await bot.get_webhook_info())
    except TelegramError as error:
        return Finding(True, f"what Telegram knows of a webhook was not to be had ({type(error).__name__})")


def _compare(settings: Settings, info: WebhookInfo) -> Finding:
    """What Telegram knows of the webhook, beside what the settings want. Paths are not told: one may be a secret."""
    waiting = f"{info.pending_update_count} updates wait"
    if not settings.webhook_url:
        if info.url:
            host = urlsplit(info.url).hostname
            return Finding(True, f"a webhook to {host} is set, and the start removes it, for WEBHOOK_URL is not set")
        return Finding(True, f"the bot polls, no webhook is in the way, {waiting}")
    if info.url != settings.webhook_url:
        return Finding(True, f"the webhook is not set yet, the start sets it, {waiting}")
    error = info.last_error_date
    if error is not None and SystemClock().now() - error < RECENT:
        text = f"the webhook is set, {waiting}, and Telegram could not deliver: {info.last_error_message}"
        return Finding(False, text, "see that WEBHOOK_URL leads to HTTP_HOST and HTTP_PORT of the running bot")
    return Finding(True, f"the webhook is set, {waiting}")


async def _ask_genaipro(settings: Settings) -> Finding:
    clock = SystemClock()
    async with aiohttp.ClientSession() as session, paid_session() as paid:
        client = GenAIProClient(
            session,
            paid,
            settings.genaipro_api_url,
            settings.genaipro_api_key.get_secret_value(),
            idle_timeout=ANSWER_SECONDS,
            rate_limit=ProcessRateLimit(settings.genaipro_requests_per_minute, clock),
            clock=clock,
        )
        try:
            grants = await client.credits()
        except GenAIProError as error:
            return _genaipro_trouble(error)
    return _credits(grants, clock)


def _genaipro_trouble(error: GenAIProError) -> Finding:
    if error.failure.kind is FailureKind.KEY:
        return Finding(False, "the key is refused", "set GENAIPRO_API_KEY to a valid key")
    if error.failure.kind is FailureKind.GUARD:
        text = f"a guard in front of the service turns this server away (status {error.status}); the key was not judged"
        return Finding(False, text, "run the bot from another address or country, or ask GenAIPro to let this one in")
    if error.status is None:
        return Finding(False, "cannot be reached", "see that GENAIPRO_API_URL is right and can be reached from here")
    return Finding(False, f"answers with status {error.status}", "see that GENAIPRO_API_URL is right, or try later")


def _credits(grants: Iterable[CreditGrant], clock: SystemClock) -> Finding:
    now = clock.now()
    left = sum(grant.left for grant in grants if grant.expires_at is None or grant.expires_at > now)
    if left == 0:
        return Finding(False, "the key is valid, but no credits are left", "buy credits for the account of the key")
    return Finding(True, f"the key is valid, {left} credits are left")
