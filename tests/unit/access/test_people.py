import pytest
from sqlalchemy import func, select

from services.options import VideoOptions, Wanted
from services.people import People, Preferences
from services.store.database import Database
from services.store.schema import PersonRow
from services.texts import Texts
from tests.hand_clock import HandClock

PERSON = 7


async def rows(database: Database) -> int:
    return await database.read(lambda session: session.scalar(select(func.count()).select_from(PersonRow))) or 0


async def test_a_new_person_has_the_defaults_and_telegrams_language(people: People, database: Database) -> None:
    assert await people.preferences(PERSON, "vi-VN") == Preferences("vi", VideoOptions(1), starts_at_once=False)
    assert await rows(database) == 1


async def test_nothing_is_kept_of_a_guest(people: People, database: Database) -> None:
    assert await people.preferences(PERSON, "vi", is_guest=True) == Preferences("vi")
    assert await rows(database) == 0


async def test_a_guest_with_a_chosen_language_is_spoken_to_in_it(people: People) -> None:
    await people.choose(PERSON, language="vi")
    assert (await people.preferences(PERSON, "en", is_guest=True)).language == "vi"


async def test_each_choice_is_kept_by_itself(people: People) -> None:
    await people.choose(PERSON, language="vi")
    await people.choose(PERSON, usual=Wanted(count=3))
    await people.choose(PERSON, starts_at_once=True)
    assert await people.preferences(PERSON, "en") == Preferences("vi", VideoOptions(3), starts_at_once=True)
    await people.choose(PERSON, starts_at_once=False)
    assert await people.preferences(PERSON, "en") == Preferences("vi", VideoOptions(3), starts_at_once=False)


async def test_choices_outlive_the_process(people: People, database: Database, clock: HandClock) -> None:
    await people.choose(PERSON, usual=Wanted(count=4))
    later = People(database, Texts("en"), clock)
    assert (await later.preferences(PERSON, None)).usual.count == 4


@pytest.mark.parametrize("count", [0, 5, -1])
async def test_a_count_out_of_range_is_refused(people: People, count: int) -> None:
    with pytest.raises(ValueError, match=str(count)):
        await people.choose(PERSON, usual=Wanted(count=count))


async def test_a_language_not_on_offer_is_refused(people: People) -> None:
    with pytest.raises(ValueError, match="de"):
        await people.choose(PERSON, language="de")
