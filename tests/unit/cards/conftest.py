from tests.unit.drafts.conftest import database, room, time  # noqa: F401 - cards are made of drafts
