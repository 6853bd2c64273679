"""The command line, `python -m bot`: `run`, `web`, `worker`, `check`, `migrate-data`, `demo`, `chat` and others."""

import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import structlog
import typer

from bot.errors import STATUS_CONFIGURATION, STATUS_FAILED, STATUS_INTERRUPTED, OperatorError
from bot.logs import configure_logging, install_hooks
from bot.redaction import Redactor
from bot.settings_loading import SettingsError, load_settings

_ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(
    name="pho2video",
    help="A Telegram bot that turns one to three photos and a caption into videos.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
log = structlog.get_logger(__name__)

Language: TypeAlias = Literal["en", "vi"]


def _run_as(role: str) -> None:
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    install_hooks()
    # What is imported stays: looking for garbage in it takes a fifth of the time.
    gc.disable()
    from bot.app import Role, run_bot

    gc.enable()
    # What a video needs lives for minutes: looking for garbage every 700 objects finds next to none.
    gc.set_threshold(10_000)
    raise typer.Exit(run_bot(settings, Role(role)))


@app.command()
def run() -> None:
    """Run the bot: everything in one process, with the settings of the environment and of .env."""
    _run_as("run")


@app.command()
def web() -> None:
    """Take updates: one of several processes on one PostgreSQL, behind a webhook."""
    _run_as("web")


@app.command()
def worker() -> None:
    """Work on generations: one of several processes on one PostgreSQL."""
    _run_as("worker")


@app.command()
def check() -> None:
    """Check settings, token, key, database and disk: a line each."""
    try:
        settings = load_settings()
    except SettingsError as error:
        for line in error.lines:
            typer.echo(f"{'failed':<8}configuration: {line}")
        raise typer.Exit(STATUS_CONFIGURATION) from None
    # The report is the output; what the parts log beside it would only repeat it.
    level = "DEBUG" if settings.log_level == "DEBUG" else "CRITICAL"
    configure_logging(level, settings.log_format, settings.secrets)
    from bot.check import check_all

    raise typer.Exit(asyncio.run(check_all(settings, typer.echo)))


@app.command()
def demo(
    photo: Annotated[
        list[Path] | None, typer.Option(help="A photo to send; up to three times.", metavar="FILE")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What should happen in the video.", metavar="TEXT")] = None,
    videos: Annotated[int, typer.Option(help="How many videos, 1 to 4.", metavar="NUMBER")] = 1,
    language: Annotated[Language, typer.Option(help="The language of the person.")] = "en",
    out: Annotated[Path, typer.Option(help="Where the videos are saved.", metavar="DIR")] = Path("demo-output"),
    shape: Annotated[Literal["wide", "tall"], typer.Option(help="The shape of the video.")] = "wide",
    pay: Annotated[bool, typer.Option("--pay", help="Show a purchase and a refund in Telegram Stars.")] = False,
) -> None:
    """Show the whole bot at work on this machine: no token, no key, no network."""
    install_hooks()
    from bot.demo import Order, run_demo

    raise typer.Exit(run_demo(Order(tuple(photo or ()), prompt, videos, language, out, tall=shape == "tall", pay=pay)))


@app.command()
def chat(
    port: Annotated[
        int, typer.Option(help="The page's port; 0 takes a free one.", min=0, max=65535, metavar="NUMBER")
    ] = 0,
    language: Annotated[Language, typer.Option(help="The language of the page and its people.")] = "en",
    genaipro: Annotated[
        bool, typer.Option("--genaipro", help="Make real videos, with GENAIPRO_API_KEY: they cost credits.")
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Open no browser.")] = False,
    tiny_videos: Annotated[bool, typer.Option("--tiny-videos", hidden=True)] = False,
) -> None:
    """Talk to the bot in a browser, on this machine: no Telegram, and no key unless you want real videos."""
    install_hooks()
    from bot.chat import ChatSetup, real_service, run_chat

    service = real_service() if genaipro else None
    setup = ChatSetup(port, language, service, opens=not no_open, quick=tiny_videos)
    raise typer.Exit(asyncio.run(run_chat(setup)))


@app.command()
def screens(
    section: Annotated[str, typer.Option(help="Only sections with this in their name, such as Status.")] = "",
) -> None:
    """Print everything the bot says, in every state and language."""
    from bot.screens import as_lines, exhibits

    for shown in exhibits():
        if section.lower() in shown.section.lower():
            typer.echo("\n".join(as_lines(shown)))


@app.command(name="migrate-data")
def migrate_data(
    to: Annotated[
        str,
        typer.Option(
            envvar="MOVE_TO",
            help="The empty database that everything is copied into, as DATABASE_URL names one. MOVE_TO says it, too, "
            "and is not seen in the list of processes.",
        ),
    ],
) -> None:
    """Copy everything into another database, such as from SQLite to PostgreSQL. The bot must not run."""
    settings = load_settings(run=False)
    configure_logging("CRITICAL", settings.log_format, settings.secrets)
    from bot.move_database import move_database

    asyncio.run(move_database(settings, to, typer.echo))


@app.command()
def settings(
    write: Annotated[bool, typer.Option("--write", help="Write .env.example and the README's tables anew.")] = False,
) -> None:
    """Print every setting, its meaning and its default."""
    from bot import settings_docs

    if not write:
        typer.echo(settings_docs.render_table(), nl=False)
        return
    for path in settings_docs.write(_ROOT):
        typer.echo(f"written: {path.name}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `python -m bot` and of the `pho2video` script."""
    # Until the settings are read, and for commands that read none.
    configure_logging("DEBUG" if os.environ.get("LOG_LEVEL", "").strip().upper() == "DEBUG" else "WARNING")
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command; whatever it raises becomes a line or two and an exit status, never a traceback."""
    try:
        status = app(args=arguments, prog_name="python -m bot", standalone_mode=False)
    except OperatorError as error:
        # What is said of settings holds examples and no values.
        redact = str if isinstance(error, SettingsError) else Redactor()
        for line in error.lines:
            typer.echo(redact(line), err=True)
        return error.exit_status
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):
            show()
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return STATUS_INTERRUPTED
    except Exception as error:
        log.critical("unexpected error; LOG_LEVEL=DEBUG shows where it comes from", exc_info=error)
        return STATUS_FAILED
    return status if isinstance(status, int) else 0
