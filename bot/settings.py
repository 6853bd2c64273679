"""Everything that can be set, in one class, and how it is loaded: whatever is wrong becomes one clear line each.

`.env.example` and the tables of the README are written from the class (``settings_docs.py``).
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url

from bot import settings_types as kinds
from bot.env_file import ENCODING, misspelt, read_env_file
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.settings_types import Doc, ids, one_of, whole_number

TELEGRAM = "Telegram"
GENAIPRO = "GenAIPro"
STORAGE = "Storage"
HTTP = "Webhook and HTTP endpoints"
ACCESS = "Who may use the bot"
LIMITS = "Limits"
PAYING = "Paying in Telegram Stars"
TIMES = "Times, in seconds"
OUTPUT = "Language and logs"

PUBLIC_TELEGRAM = "https://api.telegram.org"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Ids = Annotated[frozenset[int], NoDecode]


class Settings(BaseSettings):
    """The settings, each from the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", validate_default=False, hide_input_in_errors=True)

    telegram_bot_token: Annotated[
        SecretStr,
        kinds.TOKEN,
        Doc(
            "The token of the bot, from @BotFather.",
            "123456789:the-rest-of-your-token",
            TELEGRAM,
            "required",
            required=True,
        ),
    ] = SecretStr("")
    telegram_api_url: Annotated[
        str,
        kinds.TELEGRAM_URL,
        Doc("The Bot API server, without the `/bot<token>` part.", "http://127.0.0.1:8081", TELEGRAM),
    ] = PUBLIC_TELEGRAM
    telegram_local_mode: Annotated[
        bool, kinds.BOOLEAN, Doc("Whether that server runs in local mode (files up to 2000 MB).", "true", TELEGRAM)
    ] = False
    telegram_proxy_url: Annotated[
        SecretStr,
        kinds.PROXY_URL,
        Doc(
            "Proxy for everything that goes to Telegram, and for nothing else: `http://`, `https://`, `socks5://` or "
            "`socks5h://` (the proxy resolves the names), with `user:password@` where it wants them.",
            "socks5h://user:password@proxy.example.com:1080",
            TELEGRAM,
            default="unset",
        ),
    ] = SecretStr("")

    genaipro_api_key: Annotated[
        SecretStr, kinds.KEY, Doc("The API key of GenAIPro.", "your-key", GENAIPRO, "required", required=True)
    ] = SecretStr("")
    genaipro_api_url: Annotated[
        str, kinds.BASE_URL, Doc("The base URL of the API.", "https://genaipro.vn/api/v1", GENAIPRO)
    ] = "https://genaipro.vn/api/v1"
    genaipro_requests_per_minute: Annotated[
        int, whole_number(1), Doc("The bot's own limit on calls to GenAIPro.", "30", GENAIPRO)
    ] = 30

    data_dir: Annotated[Path, kinds.DIRECTORY, Doc("Where the bot keeps its files.", "/var/lib/pho2video", STORAGE)] = (
        Path("data")
    )
    database_url: Annotated[
        SecretStr,
        kinds.DATABASE_URL,
        Doc(
            "The database, as `sqlite:///path` or `postgresql://user:password@host/name`.",
            "postgresql://user:password@host/pho2video",
            STORAGE,
            default="a SQLite file in `DATA_DIR`",
        ),
    ] = SecretStr("")

    webhook_url: Annotated[
        str,
        kinds.WEBHOOK_URL,
        Doc(
            "Public https URL for updates, whose path is served as it stands. Without it the bot polls.",
            "https://bot.example.com/updates",
            HTTP,
            default="unset",
        ),
    ] = ""
    webhook_secret: Annotated[
        SecretStr,
        kinds.WEBHOOK_SECRET,
        Doc(
            "Proves that a webhook call comes from Telegram: 1 to 256 of A-Z, a-z, 0-9, _ and -.",
            "a-long-random-word",
            HTTP,
            default="unset; required with `WEBHOOK_URL`",
        ),
    ] = SecretStr("")
    http_host: Annotated[
        str,
        kinds.HOST,
        Doc("Address that the HTTP endpoints of the bot listen on: webhook and health.", "localhost", HTTP),
    ] = "127.0.0.1"
    http_port: Annotated[
        int,
        whole_number(0, 65535),
        Doc("Port of these endpoints; 0 turns them off where there is no webhook.", "8080", HTTP),
    ] = 8080

    open_access: Annotated[bool, kinds.BOOLEAN, Doc("Whether anyone may use the bot.", "true", ACCESS)] = False
    allowed_user_ids: Annotated[
        Ids,
        ids(groups=False),
        Doc("Users who may use the bot: ids with commas between them.", "111111111,222222222", ACCESS),
    ] = frozenset()
    allowed_chat_ids: Annotated[
        Ids, ids(groups=True), Doc("Groups that may use the bot.", "-1001234567890", ACCESS)
    ] = frozenset()
    admin_user_ids: Annotated[
        Ids, ids(groups=False), Doc("Users who administer the bot, and may use it.", "111111111", ACCESS)
    ] = frozenset()

    max_active_generations: Annotated[
        int, whole_number(1), Doc("Generations that run at once in all; the rest wait in a queue.", "20", LIMITS)
    ] = 20
    max_active_per_user: Annotated[
        int, whole_number(1), Doc("Generations of one user that run at once.", "1", LIMITS)
    ] = 1
    # Every request waits in the queue, be it for an instant: with room for none, none could ever start.
    max_queued_per_user: Annotated[
        int, whole_number(1), Doc("Generations of one user that wait; further ones are refused.", "3", LIMITS)
    ] = 3
    daily_videos_per_user: Annotated[
        int,
        whole_number(0),
        Doc("Videos (not requests) for one user in a day; failed ones are given back. 0 means no limit.", "10", LIMITS),
    ] = 0

    stars_per_video: Annotated[
        int,
        whole_number(0, 10_000),
        Doc("Price of a video in Telegram Stars; 0 means that nobody pays.", "25", PAYING),
    ] = 0
    free_videos_per_user: Annotated[
        int,
        whole_number(0),
        Doc("With a price: videos that each person has free, once.", "2", PAYING),
    ] = 0
    payment_timeout: Annotated[
        float, kinds.SECONDS, Doc("Seconds that a request waits for its payment.", "3600", PAYING)
    ] = 3600.0
    payment_check_interval: Annotated[
        float,
        kinds.SECONDS,
        Doc("Seconds between two comparisons with Telegram's own list of payments.", "3600", PAYING),
    ] = 3600.0

    stream_idle_timeout: Annotated[
        float,
        kinds.SECONDS,
        Doc("Silence on the stream after which the result is looked up in the history.", "300", TIMES),
    ] = 300.0
    generation_timeout: Annotated[
        float,
        kinds.SECONDS,
        Doc("Time for a generation in all, after which the result is looked up in the history.", "1800", TIMES),
    ] = 1800.0
    reconcile_interval: Annotated[
        float, kinds.SECONDS, Doc("Time between two look-ups of a lost result.", "15", TIMES)
    ] = 15.0
    reconcile_timeout: Annotated[
        float, kinds.SECONDS, Doc("Time after which a lost result is given up.", "1800", TIMES)
    ] = 1800.0

    default_language: Annotated[
        Literal["en", "vi"],
        one_of(("en", "vi"), str.lower),
        Doc("Language for those whose own is not on offer: `en` or `vi`.", "vi", OUTPUT),
    ] = "en"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        one_of(_LEVELS, str.upper),
        Doc(
            "Least important lines that are logged: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.", "DEBUG", OUTPUT
        ),
    ] = "INFO"
    log_format: Annotated[
        Literal["console", "json"],
        one_of(("console", "json"), str.lower),
        Doc("Form of the log lines: `console` or `json`.", "json", OUTPUT),
    ] = "console"

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
    def webhook_path(self) -> str:
        """The path of ``WEBHOOK_URL`` as it stands; ``/`` when it has none, empty without a webhook."""
        return (urlsplit(self.webhook_url).path or "/") if self.webhook_url else ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that must never be seen; without the empty ones."""
        url = self.database_url.get_secret_value()
        known = (self.telegram_bot_token, self.genaipro_api_key, self.webhook_secret)
        proxy = urlsplit(self.telegram_proxy_url.get_secret_value()).password or ""
        passwords = ((make_url(url).password or "") if url else "", proxy, unquote(proxy))
        values = dict.fromkeys((*(secret.get_secret_value() for secret in known), *passwords))
        return tuple(value for value in values if value)


class FixedSettings(Settings):
    """Settings from arguments alone: neither the environment nor `.env` has a say (for the demo and tests)."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave the arguments as the only source."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def doc_of(name: str) -> Doc:
    """The documentation of the setting with that field name."""
    return next(item for item in Settings.model_fields[name].metadata if isinstance(item, Doc))


class SettingsError(OperatorError):
    """Settings that cannot be used.

    Args:
        lines: One line for each problem: the variable, what is wrong, an example. No values.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines), STATUS_CONFIGURATION)


def load_settings(*, run: bool = True, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment, then from ``env_file``; the environment wins.

    Args:
        run: Whether token and key are needed.
        env_file: Relative to the working directory; None for the environment alone.

    Raises:
        SettingsError: With a line for every problem.
    """
    file = read_env_file(env_file)
    if file.problems:
        # What else is wrong cannot be told from a file that was not understood.
        raise SettingsError(list(file.problems))
    typos = misspelt({name.upper() for name in Settings.model_fields}, file.values, os.environ)
    problems = [f"{found} is not a setting; did you mean {meant}? {_example(meant)}" for found, meant in typos]
    given = {name.upper(): value.strip() for name, value in (*file.values.items(), *os.environ.items())}
    if run:
        problems += [
            f"{name} is not set; {_example(name)}"
            for name in (field.upper() for field in Settings.model_fields if doc_of(field).required)
            if not given.get(name) and name not in dict(typos).values()
        ]
    try:
        settings = Settings(_env_file=env_file, _env_file_encoding=ENCODING)
    except ValidationError as error:
        raise SettingsError([*problems, *_complaints(error)]) from None
    problems += _contradictions(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _example(name: str) -> str:
    return f"for example {name}={doc_of(name.lower()).example}"


def _complaints(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=False):
        name = str(item["loc"][0]).upper()
        lines.append(f"{name} {item.get('ctx', {}).get('error', 'cannot be used')}; {_example(name)}")
    return lines


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong only together."""
    lines = []
    token = settings.telegram_bot_token.get_secret_value()
    if settings.webhook_url and not settings.webhook_secret.get_secret_value():
        lines.append(f"WEBHOOK_SECRET is required with WEBHOOK_URL; {_example('WEBHOOK_SECRET')}")
    if settings.webhook_url and settings.http_port == 0:
        lines.append(f"HTTP_PORT must not be 0 with WEBHOOK_URL; {_example('HTTP_PORT')}")
    if token and token in unquote(settings.webhook_url):
        lines.append(f"WEBHOOK_URL must not hold the token; {_example('WEBHOOK_URL')}")
    if settings.telegram_local_mode and settings.telegram_api_url == PUBLIC_TELEGRAM:
        lines.append(f"TELEGRAM_LOCAL_MODE needs a Bot API server of your own; {_example('TELEGRAM_API_URL')}")
    return lines
