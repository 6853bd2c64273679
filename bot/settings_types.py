"""The kinds of values settings have, each with a parser whose complaint says what is wanted.

A complaint is a predicate that follows the variable's name (``must be a whole number of at least 1``). It never repeats
the value: whatever was put into a variable by mistake may be a secret.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import BeforeValidator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

MOST = 1_000_000
"""No count may be larger."""
LONGEST_WAIT = 30 * 24 * 3600.0
"""Seconds: no timeout may be longer (30 days), so that no sum of times overflows."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?")
_POSTGRESQL_HOST = re.compile(r"postgresql://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Doc:
    """What the documentation says of one setting.

    Attributes:
        text: Its meaning, one sentence.
        example: A usable value.
        section: The heading it stands under.
        default: How the default is told where the value itself does not tell.
        required: Whether ``run`` needs it; ``default`` says so.
    """

    text: str
    example: str
    section: str
    default: str = ""
    required: bool = False


def whole_number(low: int, high: int = MOST) -> BeforeValidator:
    """A decimal whole number from ``low`` to ``high``."""
    wanted = f"must be a whole number of at least {low}" if high == MOST else f"must be a whole number, {low} to {high}"

    def parse(value: object) -> object:
        if isinstance(value, str):
            if not re.fullmatch(r"[+-]?[0-9]+", value):
                raise ValueError(wanted)
            value = int(value[:20])
        if isinstance(value, int) and value < low:
            raise ValueError(wanted)
        if isinstance(value, int) and value > high:
            raise ValueError(f"must be a whole number of at most {high}")
        return value

    return BeforeValidator(parse)


def _parse_seconds(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", value):
            raise ValueError("must be a number of seconds")
        value = float(value)
    if isinstance(value, int | float) and not 0 < value <= LONGEST_WAIT:
        raise ValueError(f"must be a number of seconds above 0 and at most {LONGEST_WAIT:.0f}")
    return value


def _parse_boolean(value: object) -> object:
    if not isinstance(value, str):
        return value
    word = value.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return word in _TRUE


def one_of(words: tuple[str, ...], fold: Callable[[str], str]) -> BeforeValidator:
    """One of a few words, whatever their capitals; ``fold`` brings them into the form of ``words``."""

    def parse(value: object) -> object:
        folded = fold(value) if isinstance(value, str) else value
        if folded not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return folded

    return BeforeValidator(parse)


def ids(*, groups: bool) -> BeforeValidator:
    """A set of Telegram ids: users are above 0, groups below; ids fit into 52 bits (core.telegram.org/bots/api)."""

    def parse(value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part for part in re.split(r"[,\s]+", value) if part]
        if not all(re.fullmatch(r"-?[0-9]{1,16}", part) for part in parts):
            raise ValueError("must be numbers with commas between them; @names do not work")
        found = frozenset(int(part) for part in parts)
        if 0 in found or any(abs(number) >= 2**52 for number in found):
            raise ValueError("holds a number that is no Telegram id")
        if not groups and any(number < 0 for number in found):
            raise ValueError("holds an id below 0, which is a group's and belongs into ALLOWED_CHAT_IDS")
        return found

    return BeforeValidator(parse)


def _split(value: str, schemes: tuple[str, ...], *, may_name_user: bool = False) -> SplitResult:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    if _UNPRINTABLE.search(value):
        raise ValueError("must be a URL without spaces in it")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL with a valid host and port") from None
    if parts.scheme.lower() not in schemes or not host:
        raise ValueError(f"must be a full URL that begins with {wanted}")
    if parts.fragment or ("@" in parts.netloc and not may_name_user):
        raise ValueError("must be a URL without a user name and without '#'")
    return parts


def _parse_base_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    if _split(value, ("https", "http")).query or "?" in value:
        raise ValueError("must be a URL without '?'")
    return value.rstrip("/")


def _parse_telegram_url(value: object) -> object:
    if not isinstance(value, str):
        return value
    last = _split(value, ("https", "http")).path.rstrip("/").rpartition("/")[2]
    if re.fullmatch(r"bot(\d+(:|%3A).*)?", last, re.IGNORECASE):
        raise ValueError("must be the address of the server alone, without the /bot<token> part")
    return _parse_base_url(value)


def _parse_webhook_url(value: object) -> object:
    if isinstance(value, str):
        path = _split(value, ("https",)).path.rstrip("/")
        if path in {"/healthz", "/readyz", "/metrics"}:
            raise ValueError(f"must have a path of its own; {path} is taken")
    return value


def _parse_proxy_url(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    if "#" in value or "?" in value:
        raise ValueError("must be a URL without '#' and '?'; in a password, write them as %23 and %3F")
    parts = _split(value, ("http", "https", "socks5", "socks5h"), may_name_user=True)
    if parts.path not in {"", "/"}:
        raise ValueError("must be a URL that ends with the port; in a password, write / as %2F")
    if "@" in parts.netloc and not parts.username:
        raise ValueError("must name the user before the password, as user:password@")
    if not unquote(parts.netloc).isascii():
        raise ValueError("must have a user name and a password without accents")
    return parts._replace(scheme=parts.scheme.lower(), path="").geturl()


def _parse_host(value: object) -> object:
    if isinstance(value, str) and not _HOST.fullmatch(value):
        raise ValueError("must be a host name or an IP address, without a scheme and without a port")
    return value


def _parse_token(value: object) -> object:
    if isinstance(value, str) and value and not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", value):
        raise ValueError("is not a bot token: digits, a colon, then letters, digits, - and _, with no quotes or spaces")
    return value


def _parse_key(value: object) -> object:
    if isinstance(value, str):
        if value.lower().startswith("bearer"):
            raise ValueError("must be the key alone, without the word Bearer")
        if not re.fullmatch(r"[!#-&(-\[\]-~]*", value):
            raise ValueError("must be the key alone, with no quotes, spaces or accents in it")
    return value


def _parse_webhook_secret(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value):
        raise ValueError("must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -")
    return value


def _parse_database_url(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("is not a database URL") from None
    if url.drivername == "sqlite":
        if url.host or url.database in {None, "", ":memory:"} or "mode=memory" in value:
            raise ValueError("must name a file: three slashes and a path, or four for a path from the root")
        return value
    if url.drivername != "postgresql" or not _POSTGRESQL_HOST.match(value):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if not url.database:
        raise ValueError("must name the database after the host")
    return value


def _parse_directory(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "\x00" in value:
        raise ValueError("must be the path of a directory")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ where no home directory is known") from None


SECONDS = BeforeValidator(_parse_seconds)
BOOLEAN = BeforeValidator(_parse_boolean)
BASE_URL = BeforeValidator(_parse_base_url)
TELEGRAM_URL = BeforeValidator(_parse_telegram_url)
WEBHOOK_URL = BeforeValidator(_parse_webhook_url)
PROXY_URL = BeforeValidator(_parse_proxy_url)
HOST = BeforeValidator(_parse_host)
TOKEN = BeforeValidator(_parse_token)
KEY = BeforeValidator(_parse_key)
WEBHOOK_SECRET = BeforeValidator(_parse_webhook_secret)
DATABASE_URL = BeforeValidator(_parse_database_url)
DIRECTORY = BeforeValidator(_parse_directory)
