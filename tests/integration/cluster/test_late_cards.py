"""A card whose edit waits in one process while another one sends the draft off."""

from services.store.database import Database
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, Room, item


async def test_a_card_that_became_a_status_message_meanwhile_is_left_to_it(postgres_database: Database) -> None:
    room = Room(postgres_database, StandingClock())
    draft_id = await room.put(item(1, "fly"))
    await room.refresher.refresh(draft_id)
    before = dict(room.phone.shown)
    await room.put(item(2))

    async def start() -> None:
        await room.starter.start(draft_id, ANNA.user_id)

    room.phone.while_editing = start
    await room.refresher.refresh(draft_id)
    assert room.phone.shown == before
