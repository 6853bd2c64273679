"""Everything that can be set, in one class.

`.env.example` and the tables of the README are written from it (``settings_docs.py``). No complaint repeats a value:
whatever was put into a variable by mistake may be a secret.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

PUBLIC_TELEGRAM = "https://api.telegram.org"
ENV_FILE = Path(".env")
"""In the working directory; the environment wins."""
ENCODING = "utf-8-sig"
"""UTF-8, also with the mark that some editors put at the beginning of a `.env`."""
REQUIRED = ("telegram_bot_token", "genaipro_api_key")
"""What ``run`` cannot do without."""


def _like(pattern: str, complaint: str) -> BeforeValidator:
    """A text that matches a pattern as a whole, or is empty."""

    def parse(value: object) -> object:
        if isinstance(value, str) and value and not re.fullmatch(pattern, value, re.IGNORECASE | re.ASCII):
            raise ValueError(complaint)
        return value

    return BeforeValidator(parse)


def _split(value: str, *schemes: str, may_name_user: bool = False) -> SplitResult:
    if re.search(r"[\s\x00-\x1f\x7f]", value):
        raise ValueError("must be a URL without spaces in it")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be a URL with a valid host and port") from None
    if parts.scheme.lower() not in schemes or not host:
        raise ValueError(f"must be a full URL that begins with {' or '.join(f'{one}://' for one in schemes)}")
    if parts.fragment or ("@" in parts.netloc and not may_name_user):
        raise ValueError("must be a URL without a user name and without '#'")
    return parts


def _base_url(value: str) -> str:
    if _split(value, "https", "http").query or "?" in value:
        raise ValueError("must be a URL without '?'")
    return value.rstrip("/")


def _telegram_url(value: str) -> str:
    last = _split(value, "https", "http").path.rstrip("/").rpartition("/")[2]
    if re.fullmatch(r"bot(\d+(:|%3A).*)?", last, re.IGNORECASE):
        raise ValueError("must be the address of the server alone, without the /bot<token> part")
    return _base_url(value)


def _webhook_url(value: str) -> str:
    path = _split(value, "https").path.rstrip("/")
    if path in {"/healthz", "/readyz", "/metrics"}:
        raise ValueError(f"must have a path of its own; {path} is taken")
    return value


def _proxy_url(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if "#" in value or "?" in value:
        raise ValueError("must be a URL without '#' and '?'; in a password, write them as %23 and %3F")
    parts = _split(value, "http", "https", "socks5", "socks5h", may_name_user=True)
    if parts.path not in {"", "/"}:
        raise ValueError("must be a URL that ends with the port; in a password, write / as %2F")
    if "@" in parts.netloc and not parts.username:
        raise ValueError("must name the user before the password, as user:password@")
    if not unquote(parts.netloc).isascii():
        raise ValueError("must have a user name and a password without accents")
    return SecretStr(parts._replace(scheme=parts.scheme.lower(), path="").geturl())


def _database_url(value: str) -> "URL":
    # Commands that need no database start a third faster without these.
    from sqlalchemy.engine import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        return make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("is not a database URL") from None


def usable_database_url(secret: SecretStr) -> SecretStr:
    """The address of a database, once it can be one; ``ValueError`` where it cannot."""
    value = secret.get_secret_value()
    url = _database_url(value)
    if url.drivername == "sqlite":
        if url.host or url.database in {None, "", ":memory:"} or "mode=memory" in value:
            raise ValueError("must name a file: three slashes and a path, or four for a path from the root")
    elif url.drivername != "postgresql" or not re.match(r"postgresql://\S+", value, re.IGNORECASE):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    elif not url.database:
        raise ValueError("must name the database after the host")
    return secret


def _directory(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("must be the path of a directory")
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ where no home directory is known") from None


def _split_ids(value: object) -> object:
    """Numbers between commas; they fit into 52 bits (core.telegram.org/bots/api)."""
    if not isinstance(value, str):
        return value
    parts = [part for part in re.split(r"[,\s]+", value) if part]
    if not all(re.fullmatch(r"-?[0-9]{1,16}", part) for part in parts):
        raise ValueError("must be numbers with commas between them; @names do not work")
    found = frozenset(int(part) for part in parts)
    if 0 in found or any(abs(number) >= 2**52 for number in found):
        raise ValueError("holds a number that is no Telegram id")
    return found


def _of_users(found: frozenset[int]) -> frozenset[int]:
    if any(number < 0 for number in found):
        raise ValueError("holds an id below 0, which is a group's and belongs into ALLOWED_CHAT_IDS")
    return found


ChatIds = Annotated[frozenset[int], NoDecode, BeforeValidator(_split_ids)]
UserIds = Annotated[ChatIds, AfterValidator(_of_users)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
CountOrNone = Annotated[int, Field(ge=0, le=1_000_000)]
# At most 30 days, so that no sum of times overflows.
Seconds = Annotated[float, Field(gt=0, le=30 * 24 * 3600, allow_inf_nan=False)]
Token = Annotated[
    SecretStr,
    _like("[0-9]+:[a-z0-9_-]+", "is no bot token: digits, a colon, then letters, digits, - and _; no quotes or spaces"),
]
Key = Annotated[
    SecretStr,
    _like(r"(?!bearer)[!#-&(-\[\]-~]*", "must be the key alone, without the word Bearer, quotes, spaces or accents"),
]
WebhookSecret = Annotated[
    SecretStr, _like("[a-z0-9_-]{1,256}", "must be 1 to 256 characters of A-Z, a-z, 0-9, _ and -")
]
Host = Annotated[
    str,
    _like(
        r"[a-z0-9._-]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(%[a-z0-9._-]+)?",
        "must be a host name or an IP address, without a scheme and without a port",
    ),
]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
TelegramUrl = Annotated[str, AfterValidator(_telegram_url)]
WebhookUrl = Annotated[str, AfterValidator(_webhook_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy_url)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(usable_database_url)]
Directory = Annotated[Path, AfterValidator(_directory)]
Language = Annotated[Literal["en", "vi"], BeforeValidator(str.lower)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(str.lower)]


class Settings(BaseSettings):
    """The settings, each from the environment variable of its name in capitals; the text below a field documents it."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding=ENCODING,
        frozen=True,
        extra="ignore",
        validate_default=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    telegram_bot_token: Token = Field(SecretStr(""), examples=["123456789:the-rest-of-your-token"])
    """The token of the bot, from @BotFather."""
    telegram_api_url: TelegramUrl = Field(PUBLIC_TELEGRAM, examples=["http://127.0.0.1:8081"])
    """The Bot API server, without the `/bot<token>` part."""
    telegram_local_mode: bool = Field(False, examples=["true"])
    """Whether that server runs in local mode (files up to 2000 MB)."""
    telegram_proxy_url: ProxyUrl = Field(SecretStr(""), examples=["socks5h://user:password@proxy.example.com:1080"])
    """Proxy for everything that goes to Telegram, and for nothing else: `http://`, `https://`, `socks5://` or
    `socks5h://` (the proxy resolves the names), with `user:password@` where it wants them."""

    genaipro_api_key: Key = Field(SecretStr(""), examples=["your-key"])
    """The API key of GenAIPro."""
    genaipro_api_url: BaseUrl = Field("https://genaipro.vn/api/v1", examples=["https://genaipro.vn/api/v1"])
    """The base URL of the API."""
    genaipro_requests_per_minute: Count = Field(30, examples=["30"])
    """The bot's own limit on calls to GenAIPro."""

    data_dir: Directory = Field(Path("data"), examples=["/var/lib/pho2video"])
    """Where the bot keeps its files."""
    database_url: DatabaseUrl = Field(SecretStr(""), examples=["postgresql://user:password@host/pho2video"])
    """The database, as `sqlite:///path` or `postgresql://user:password@host/name`."""

    webhook_url: WebhookUrl = Field("", examples=["https://bot.example.com/updates"])
    """Public https URL for updates, whose path is served as it stands. Without it the bot polls."""
    webhook_secret: WebhookSecret = Field(SecretStr(""), examples=["a-long-random-word"])
    """Proves that a webhook call comes from Telegram: 1 to 256 of A-Z, a-z, 0-9, _ and -."""
    http_host: Host = Field("127.0.0.1", examples=["localhost"])
    """Address that the HTTP endpoints of the bot listen on: webhook and health."""
    http_port: int = Field(8080, ge=0, le=65535, examples=["8080"])
    """Port of these endpoints; 0 turns them off where there is no webhook."""

    open_access: bool = Field(False, examples=["true"])
    """Whether anyone may use the bot."""
    allowed_user_ids: UserIds = Field(frozenset(), examples=["111111111,222222222"])
    """Users who may use the bot: ids with commas between them."""
    allowed_chat_ids: ChatIds = Field(frozenset(), examples=["-1001234567890"])
    """Groups that may use the bot."""
    admin_user_ids: UserIds = Field(frozenset(), examples=["111111111"])
    """Users who administer the bot, and may use it."""

    max_active_generations: Count = Field(20, examples=["20"])
    """Generations that run at once in all; the rest wait in a queue."""
    max_active_per_user: Count = Field(1, examples=["1"])
    """Generations of one user that run at once."""
    # Every request waits in the queue, be it for an instant: with room for none, none could ever start.
    max_queued_per_user: Count = Field(3, examples=["3"])
    """Generations of one user that wait; further ones are refused."""
    daily_videos_per_user: CountOrNone = Field(0, examples=["10"])
    """Videos (not requests) for one user in a day; failed ones are given back. 0 means no limit."""

    stars_per_video: int = Field(0, ge=0, le=10_000, examples=["25"])
    """Price of a video in Telegram Stars; 0 means that nobody pays."""
    free_videos_per_user: CountOrNone = Field(0, examples=["2"])
    """With a price: videos that each person has free, once."""
    payment_timeout: Seconds = Field(3600.0, examples=["3600"])
    """Seconds that a request waits for its payment."""
    payment_check_interval: Seconds = Field(3600.0, examples=["3600"])
    """Seconds between two comparisons with Telegram's own list of payments."""

    stream_idle_timeout: Seconds = Field(300.0, examples=["300"])
    """Silence on the stream after which the result is looked up in the history."""
    generation_timeout: Seconds = Field(1800.0, examples=["1800"])
    """Time for a generation in all, after which the result is looked up in the history."""
    reconcile_interval: Seconds = Field(15.0, examples=["15"])
    """Time between two look-ups of a lost result."""
    reconcile_timeout: Seconds = Field(1800.0, examples=["1800"])
    """Time after which a lost result is given up."""

    default_language: Language = Field("en", examples=["vi"])
    """Language for those whose own is not on offer: `en` or `vi`."""
    log_level: LogLevel = Field("INFO", examples=["DEBUG"])
    """Least important lines that are logged: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`."""
    log_format: LogFormat = Field("console", examples=["json"])
    """Form of the log lines: `console` or `json`."""

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: dict[str, object]) -> dict[str, object]:
        """Trim all values; an empty one is as good as none."""
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in trimmed.items() if value is not None and value != ""}

    @property
    def effective_database_url(self) -> str:
        """``DATABASE_URL``, or the address of the SQLite file in ``DATA_DIR``; may hold a password."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir.absolute() / 'pho2video.sqlite3'}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that must never be seen; without the empty ones."""
        known = (self.telegram_bot_token, self.genaipro_api_key, self.webhook_secret)
        database = _database_url(self.effective_database_url).password
        proxy = urlsplit(self.telegram_proxy_url.get_secret_value()).password or ""
        values = (*(secret.get_secret_value() for secret in known), database, proxy, unquote(proxy))
        return tuple(value for value in dict.fromkeys(values) if value)
