"""One answer for all who asked before it was looked for."""

import asyncio

import pytest

from services.tasks import SingleFlight


class Question:
    """Answers with its number once it is let, or fails where it is told to."""

    def __init__(self, *fails: int) -> None:
        self.asked = 0
        self._fails = fails
        self._let: list[asyncio.Event] = [asyncio.Event() for _ in range(10)]

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self._let[number].wait()
        if number in self._fails:
            raise LookupError(number)
        return number

    def let(self, number: int) -> None:
        self._let[number].set()


def several(shared: SingleFlight[int], number: int) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(shared.answer()) for _ in range(number)]


async def settled() -> None:
    """Let all tasks come to where they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_each_alone_asks_anew() -> None:
    question = Question()
    shared = SingleFlight(question)
    for number in (1, 2, 3):
        question.let(number)
        assert await shared.answer() == number


async def test_who_comes_while_a_question_is_under_way_gets_the_next_answer_with_all_others() -> None:
    question = Question()
    shared = SingleFlight(question)
    first = several(shared, 1)
    await settled()
    late = several(shared, 3)
    await settled()
    assert question.asked == 1
    question.let(1)
    await settled()
    later = several(shared, 2)
    await settled()
    assert question.asked == 2
    question.let(2)
    question.let(3)
    assert await asyncio.gather(*first, *late, *later) == [1, 2, 2, 2, 3, 3]
    assert question.asked == 3


async def test_an_error_reaches_who_asked_and_the_next_asks_anew() -> None:
    question = Question(1, 2)
    shared = SingleFlight(question)
    first = several(shared, 1)
    await settled()
    late = several(shared, 3)
    for number in (1, 2, 3):
        question.let(number)
    found = await asyncio.gather(*first, *late, return_exceptions=True)
    assert [repr(one) for one in found] == ["LookupError(1)", "LookupError(2)", "3", "3"]
    assert question.asked == 3


async def test_an_answer_from_before_an_error_is_not_given_again() -> None:
    question = Question(2)
    shared = SingleFlight(question)
    for number in (1, 2, 3):
        question.let(number)
    assert await shared.answer() == 1
    with pytest.raises(LookupError):
        await shared.answer()
    assert await shared.answer() == 3


async def test_one_who_asks_and_goes_does_not_stop_the_others() -> None:
    question = Question()
    shared = SingleFlight(question)
    first = several(shared, 1)
    await settled()
    late = several(shared, 3)
    await settled()
    first[0].cancel()
    await settled()
    # The first of those who waited asks, and goes as well.
    assert question.asked == 2
    late[0].cancel()
    await settled()
    question.let(3)
    assert await asyncio.gather(*late[1:]) == [3, 3]
    assert first[0].cancelled()
    assert late[0].cancelled()


async def test_one_who_waits_and_goes_does_not_stop_the_others() -> None:
    question = Question()
    shared = SingleFlight(question)
    first = several(shared, 1)
    await settled()
    late = several(shared, 3)
    await settled()
    late[0].cancel()
    question.let(1)
    question.let(2)
    assert await asyncio.gather(*first, *late[1:]) == [1, 2, 2]
