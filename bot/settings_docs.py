"""Writes `.env.example` and the README's tables from the settings class, so that they cannot part from it."""

from pathlib import Path

from bot.errors import OperatorError
from bot.settings import REQUIRED, Settings

BEGIN = "<!-- settings:begin -->"
END = "<!-- settings:end -->"

SECTIONS = {
    "telegram_bot_token": "Telegram",
    "genaipro_api_key": "GenAIPro",
    "data_dir": "Storage",
    "webhook_url": "Webhook and HTTP endpoints",
    "open_access": "Who may use the bot",
    "max_active_generations": "Limits",
    "stars_per_video": "Paying in Telegram Stars",
    "stream_idle_timeout": "Times, in seconds",
    "default_language": "Language and logs",
}
"""Headings, by the first setting under each."""

DEFAULTS = {
    **dict.fromkeys(REQUIRED, "required"),
    "telegram_proxy_url": "unset",
    "database_url": "a SQLite file in `DATA_DIR`",
    "webhook_url": "unset",
    "webhook_secret": "unset; required with `WEBHOOK_URL`",
}
"""How a default is told where its value does not tell it."""

_HEAD = """\
# Settings of Pho2Video. Copy this file to .env, and fill in what is empty.
# A value in the environment wins over one in .env. Commented lines show the defaults, or an example.
"""


def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for name in Settings.model_fields:
        if name in SECTIONS:
            names = sections[SECTIONS[name]] = []
        names.append(name)
    return sections


def _meaning(name: str) -> str:
    return " ".join((Settings.model_fields[name].description or "").split())


def default_text(name: str) -> str:
    """The default as a value of the environment; empty where there is none."""
    default = Settings.model_fields[name].default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:g}"
    if isinstance(default, Path):
        return f"./{default}"
    return default if isinstance(default, str) else ""


def render_table() -> str:
    """All settings as Markdown, one table for each section."""
    parts = []
    for section, names in _sections().items():
        rows = "\n".join(f"| `{name.upper()}` | {_meaning(name)} | {_shown_default(name)} |" for name in names)
        parts.append(f"**{section}**\n\n| Variable | Meaning | Default |\n| --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


def _shown_default(name: str) -> str:
    value = default_text(name)
    return DEFAULTS.get(name) or (f"`{value}`" if value else "empty")


def _note(name: str) -> str:
    if name in REQUIRED:
        return " Required."
    return f" Default: {DEFAULTS[name]}." if name in DEFAULTS else ""


def render_env_example() -> str:
    """The text of `.env.example`; with its comment marks taken off, every line is a usable setting."""
    lines = [_HEAD]
    for section, names in _sections().items():
        lines.append(f"# --- {section} ---\n")
        for name in names:
            lines.append(f"# {_meaning(name)}{_note(name)}".replace("`", ""))
            value = default_text(name) or (Settings.model_fields[name].examples or [""])[0]
            lines.append(f"{name.upper()}=\n" if name in REQUIRED else f"# {name.upper()}={value}\n")
    return "\n".join(lines).rstrip() + "\n"


def with_table(readme: str) -> str:
    """The README with its tables written anew."""
    head, _, rest = readme.partition(BEGIN)
    return f"{head}{BEGIN}\n{render_table()}{END}{rest.partition(END)[2]}"


def write(root: Path) -> list[Path]:
    """Write both files under ``root``, and return those that have changed."""
    readme, example = root / "README.md", root / ".env.example"
    try:
        texts = {readme: with_table(readme.read_text("utf-8")), example: render_env_example()}
        changed = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
        for path in changed:
            path.write_text(texts[path], "utf-8")
    except OSError as error:
        raise OperatorError(f"The documentation cannot be written: {error.strerror}: {error.filename}") from error
    return changed
