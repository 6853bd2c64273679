from tests.unit.drafts.conftest import database, room, time  # noqa: F401 - orders are made of drafts
