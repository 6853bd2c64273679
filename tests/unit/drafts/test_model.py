import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drafts.model import DraftItem, borrow, order_of
from services.options import VideoOptions
from tests.unit.drafts.world import ANNA, draft, item, photo


def test_photos_are_the_first_three_in_message_order() -> None:
    made = draft(item(7), item(5), item(9), item(6))
    assert made.photos == (photo("5"), photo("6"), photo("7"))
    assert made.extra_message_id == 9


def test_three_photos_leave_none_out() -> None:
    assert draft(item(1), item(2), item(3), item(4, "words", with_photo=False)).extra_message_id is None


def test_the_prompt_joins_captions_and_texts_in_message_order() -> None:
    made = draft(item(3, "c", with_photo=False), item(1, "a"), item(2))
    assert made.prompt == "a\nc"


@pytest.mark.parametrize(
    ("items", "is_ready"),
    [
        ([], False),
        ([item(1)], False),
        ([item(1, "words", with_photo=False)], False),
        ([item(1, " ")], False),
        ([item(1), item(2, "words", with_photo=False)], True),
    ],
)
def test_a_draft_is_ready_with_a_photo_and_words(items: list[DraftItem], is_ready: bool) -> None:
    assert draft(*items).is_ready is is_ready


def test_the_request_is_the_first_message_with_a_photo() -> None:
    assert draft(item(4, "words", with_photo=False), item(8), item(6)).request_message_id == 6


def test_the_request_is_the_named_message() -> None:
    made = draft(*borrow([photo("a")]), item(9, "words", with_photo=False), separate_request_id=3)
    assert made.request_message_id == 3


def test_without_messages_of_its_own_the_card_is_the_request() -> None:
    assert draft(*borrow([photo("a")]), card_message_id=70).request_message_id == 70


def test_borrowed_photos_keep_their_order_and_come_first() -> None:
    first, second = borrow([photo("a"), photo("b")], after=5), borrow([photo("c")], after=6)
    made = draft(*second, item(1), *first)
    assert made.all_photos == (photo("a"), photo("b"), photo("c"), photo("1"))


def test_an_order_holds_what_the_draft_adds_up_to() -> None:
    order = order_of(draft(item(2, "fly"), item(1), asked=VideoOptions(3), card_message_id=50, language="vi"))
    assert (order.request_key, order.chat_id, order.user_id) == ("draft:d1", ANNA.chat_id, ANNA.user_id)
    assert (order.prompt, order.options.count, order.language) == ("fly", 3, "vi")
    assert (order.request_message_id, order.status_message_id) == (1, 50)
    assert order.photos == (photo("1"), photo("2"))


@given(st.permutations([item(1, "a", album="x"), item(2, album="x"), item(3, "b", album="x"), item(4), item(5, "c")]))
def test_any_order_of_arrival_gives_the_same_draft(arrived: list[DraftItem]) -> None:
    made = draft(*arrived)
    assert made.prompt == "a\nb\nc"
    assert made.photos == (photo("1"), photo("2"), photo("3"))
