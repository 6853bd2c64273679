"""Writes `.env.example` and the README's tables from the settings class, so that they cannot part from it."""

from itertools import groupby
from pathlib import Path

from bot.errors import OperatorError
from bot.settings import Settings, doc_of
from bot.settings_types import Doc

BEGIN = "<!-- settings:begin -->"
END = "<!-- settings:end -->"

_HEAD = """\
# Settings of Pho2Video. Copy this file to .env, and fill in what is empty.
# A value in the environment wins over one in .env. Commented lines show the defaults, or an example.
"""


def _sections() -> list[tuple[str, list[str]]]:
    fields = list(Settings.model_fields)
    return [(section, list(names)) for section, names in groupby(fields, lambda name: doc_of(name).section)]


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
    for section, names in _sections():
        rows = "\n".join(f"| `{name.upper()}` | {doc_of(name).text} | {_shown_default(name)} |" for name in names)
        parts.append(f"**{section}**\n\n| Variable | Meaning | Default |\n| --- | --- | --- |\n{rows}\n")
    return "\n".join(parts)


def _shown_default(name: str) -> str:
    value = default_text(name)
    return doc_of(name).default or (f"`{value}`" if value else "empty")


def _note(doc: Doc) -> str:
    if not doc.default:
        return ""
    return f" {doc.default.capitalize()}." if doc.required else f" Default: {doc.default}."


def render_env_example() -> str:
    """The text of `.env.example`; with its comment marks taken off, every line is a usable setting."""
    lines = [_HEAD]
    for section, names in _sections():
        lines.append(f"# --- {section} ---\n")
        for name in names:
            doc = doc_of(name)
            lines.append(f"# {doc.text}{_note(doc)}".replace("`", ""))
            value = default_text(name)
            lines.append(f"{name.upper()}=\n" if doc.required else f"# {name.upper()}={value or doc.example}\n")
    return "\n".join(lines).rstrip() + "\n"


def with_table(readme: str) -> str:
    """The README with its tables written anew; a section for them is added where there is none."""
    block = f"{BEGIN}\n{render_table()}{END}"
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if begin and end:
        return f"{head}{block}{tail}"
    return f"{readme.rstrip()}\n\n## Settings\n\n{block}\n"


def write(root: Path) -> list[Path]:
    """Write both files under ``root``.

    Returns:
        The files that have changed.

    Raises:
        OperatorError: One of them cannot be read or written.
    """
    readme, example = root / "README.md", root / ".env.example"
    changed = []
    try:
        old = readme.read_text(encoding="utf-8") if readme.exists() else "# Pho2Video\n"
        for path, text in ((readme, with_table(old)), (example, render_env_example())):
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                changed.append(path)
    except OSError as error:
        raise OperatorError(f"The documentation cannot be written: {error.strerror}: {error.filename}") from error
    return changed
