"""`python -m bot check`: asks everything the bot depends on, and says in a line each what is wrong and what to do."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy.orm import Session
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.data_dir import prepare_data_dir
from bot.errors import STATUS_FAILED, OperatorError
from bot.redaction import Redactor
from bot.settings import Settings
from bot.settings_loading import ignored_proxies
from bot.telegram_session import make_bot
from services.clock import Clock
from services.failures import FailureKind
from services.genaipro.client import GenAIProClient
from services.genaipro.events import GenAIProError
from services.genaipro.rate_limit import ProcessRateLimit
from services.genaipro.stream import paid_session
from services.http_requests import reason
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
class Check:
    """One thing that is asked."""

    name: str
    ask: Callable[[], Awaitable[str]]
    """Tells what there is, or raises: an :class:`OperatorError` says what is wrong and what to do, others need not."""
    silent: str
    """What to do when it does not answer."""


def line(name: str, text: str, *, ok: bool = True) -> str:
    """The line of the report."""
    return f"{'ok' if ok else 'failed':<8}{name}: {text}"


async def run_checks(checks: Sequence[Check], say: Callable[[str], object], redact: Callable[[str], str]) -> bool:
    """Ask all at once, report in order, a line each without secrets, and return whether all are well."""

    async def ask(check: Check) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return True, await check.ask()
        except TimeoutError:
            return False, f"no answer within {ANSWER_SECONDS:g} seconds; {check.silent}"
        except OperatorError as error:
            return False, " ".join(error.lines)
        except DatabaseError as error:
            return False, f"{error}; set DATABASE_URL to a database that can be used"
        except Exception as error:  # noqa: BLE001 - one broken part must not hide the others
            return False, f"unexpected {type(error).__name__}; {check.silent}"

    outcomes = await asyncio.gather(*map(ask, checks))
    for check, (ok, text) in zip(checks, outcomes, strict=True):
        say(redact(line(check.name, text, ok=ok)))
    return all(ok for ok, _ in outcomes)


async def check_all(settings: Settings, say: Callable[[str], object]) -> int:
    """Check everything that valid settings name, and return the exit status: 0 when all is well, else 1."""
    redact = Redactor(settings.secrets)
    say(line("configuration", "every setting is usable"))
    disk = Check("disk", partial(_ask_disk, settings.data_dir), "look at the disk that holds DATA_DIR")
    # The database is often a file in that directory, which this makes.
    well = await run_checks([disk], say, redact)
    url, server = settings.effective_database_url, "see that the server of DATABASE_URL runs"
    reach = "see that {} can be reached from here"
    others = [
        Check("database", partial(_ask_database, url), server),
        Check("Telegram", partial(_ask_telegram, settings), reach.format("TELEGRAM_API_URL")),
        Check("GenAIPro", partial(_ask_genaipro, settings), reach.format("GENAIPRO_API_URL")),
    ]
    if settings.stars_per_video:
        others.append(Check("payments", partial(_ask_books, url, settings.stars_per_video), server))
    return 0 if await run_checks(others, say, redact) and well else STATUS_FAILED


async def _ask_disk(path: Path) -> str:
    await asyncio.to_thread(prepare_data_dir, path)
    free = (await asyncio.to_thread(shutil.disk_usage, path)).free
    text = f"DATA_DIR {path} can be written, {free // 2**20} MB are free"
    if free < LEAST_FREE_BYTES:
        raise OperatorError(f"{text}; make room: at least {LEAST_FREE_BYTES // 2**20} MB")
    return text


async def _ask_database(url: str) -> str:
    name = url.partition(":")[0]
    found = await look_into(url, lambda session: revision(session.connection()), as_writer=True)
    if not found:
        return f"{name}, can be used; the first start makes its tables"
    if found > NEWEST:
        raise OperatorError(
            f"{name}, its tables ({found}) were made by a newer version than this one ({NEWEST}); "
            "run that version, or restore the backup from before the upgrade"
        )
    if found < NEWEST:
        return f"{name}, its tables are of {found}; the next start brings them to {NEWEST}, so back it up first"
    return f"{name}, its tables are up to date ({found})"


def _books(session: Session) -> tuple[Totals, list[str]] | None:
    return (totals(session), faults(session)) if revision(session.connection()) == NEWEST else None


async def _ask_books(url: str, price: int) -> str:
    """Whether what was paid is what became videos, credit and refunds."""
    books = await look_into(url, _books)
    if books is None:
        return f"a video costs {price} Stars; nothing was sold yet"
    sums, wrong = books
    text = (
        f"a video costs {price} Stars; {sums.taken} Stars were taken, {sums.returned} given back, "
        f"{sums.returning} are on their way back, {sums.credit} videos are credit"
    )
    if wrong:
        raise OperatorError(f"{text}; {'; '.join(wrong)}; keep a copy of the database, and report it")
    return f"{text}; it adds up"


async def _ask_telegram(settings: Settings) -> str:
    bot = make_bot(settings, Contact(Clock()))
    try:
        async with bot:
            return await _describe(settings.webhook_url, bot)
    except InvalidToken:
        advice = "set TELEGRAM_BOT_TOKEN to the one that @BotFather shows"
        raise OperatorError(f"the token is refused; {advice}") from None
    except TelegramError as error:
        raise OperatorError(f"no usable answer ({reason(error)}); {_telegram_advice(settings, error)}") from None


def _telegram_advice(settings: Settings, error: TelegramError) -> str:
    if "TELEGRAM_PROXY_URL" in reason(error):
        return "see that TELEGRAM_PROXY_URL is right: host, port, user name and password"
    advice = "see that TELEGRAM_API_URL is right and can be reached from here"
    if not settings.telegram_proxy_url.get_secret_value() and (names := ignored_proxies()):
        advice += f"; {', '.join(names)} of the environment counts for nothing, set TELEGRAM_PROXY_URL for a proxy"
    return advice


async def _describe(webhook_url: str, bot: Bot) -> str:
    """Whose the token is, and what Telegram knows of the webhook, beside what the settings want.

    Paths are not told: one may be a secret.
    """
    privacy = _NO_PRIVACY if bot.can_read_all_group_messages else _PRIVACY
    inline = _INLINE if bot.supports_inline_queries else _NO_INLINE
    text = f"the token belongs to @{bot.username}; {privacy}; {inline}"
    try:
        info = await bot.get_webhook_info()
    except TelegramError as error:
        return f"{text}; what Telegram knows of a webhook was not to be had ({type(error).__name__})"
    waiting = f"{info.pending_update_count} updates wait"
    if not webhook_url and info.url:
        host = urlsplit(info.url).hostname
        return f"{text}; a webhook to {host} is set, and the start removes it, for WEBHOOK_URL is not set"
    if not webhook_url:
        return f"{text}; the bot polls, no webhook is in the way, {waiting}"
    if info.url != webhook_url:
        return f"{text}; the webhook is not set yet, the start sets it, {waiting}"
    text += f"; the webhook is set, {waiting}"
    failed_at = info.last_error_date
    if failed_at is not None and Clock().now() - failed_at < RECENT:
        advice = "see that WEBHOOK_URL leads to HTTP_HOST and HTTP_PORT of the running bot"
        raise OperatorError(f"{text}, and Telegram could not deliver: {info.last_error_message}; {advice}")
    return text


async def _ask_genaipro(settings: Settings) -> str:
    clock = Clock()
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
            left = await client.credits_left()
        except GenAIProError as error:
            raise OperatorError(_genaipro_trouble(error)) from None
    if left == 0:
        raise OperatorError("the key is valid, but no credits are left; buy credits for the account of the key")
    return f"the key is valid, {left} credits are left"


def _genaipro_trouble(error: GenAIProError) -> str:
    if error.failure.kind is FailureKind.KEY:
        return "the key is refused; set GENAIPRO_API_KEY to a valid key"
    if error.failure.kind is FailureKind.GUARD:
        return (
            f"a guard in front of the service turns this server away (status {error.status}); the key was not judged; "
            "run the bot from another address or country, or ask GenAIPro to let this one in"
        )
    if error.status is None:
        return "cannot be reached; see that GENAIPRO_API_URL is right and can be reached from here"
    return f"answers with status {error.status}; see that GENAIPRO_API_URL is right, or try later"
