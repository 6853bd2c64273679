"""Tables of an earlier version, brought to the newest form by Alembic; imported only where there are some."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from services.store.database import NewerTablesError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    """Run every migration that is missing, in the connection's transaction.

    Raises:
        NewerTablesError: A newer version was here.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerTablesError from error
