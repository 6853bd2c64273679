"""What the person of the demo decides."""

from typing import Any

import pytest

from sandbox.botapi.seen import Event, read_event
from sandbox.demo.errand import Errand, Pay, Press, SendPhotos, Step


def buttons(*rows: tuple[str, ...]) -> list[Any]:
    return [[{"label": label, "data": f"data:{label}", "url": None} for label in row] for row in rows]


def event(number: int, text: str = "", rows: Any = (), kind: str = "message_sent", **more: Any) -> Event:
    message = {"message_id": number, "from_bot": True, "sender": "Bot", "kind": "text", "text": text, "buttons": rows}
    return read_event(
        {"event": kind, "actor": "bot", "at": "2026-03-30T10:00:00+00:00", "message": message | more, "number": 1}
    )


def card(chosen: int, go: str = "Generate") -> Any:
    counts = tuple(f"• {n} •" if n == chosen else str(n) for n in range(1, 5))
    return buttons(counts, (go, "Cancel"))


def video(number: int) -> Event:
    seen = event(number)
    assert seen.message is not None
    return seen.model_copy(update={"message": seen.message.model_copy(update={"kind": "video"})})


def pressed(action: object) -> str | None:
    assert isinstance(action, Press)
    return action.button.data


def test_photos_follow_the_greeting() -> None:
    errand = Errand(1)
    assert errand.see(event(1, "Hello")) == SendPhotos()
    assert errand.step is Step.CARD


@pytest.mark.parametrize("go", ["Generate", "Tạo video", "🎬 Los"])
def test_number_is_pressed_then_generate(go: str) -> None:
    errand = Errand(3, step=Step.CARD)
    assert pressed(errand.see(event(5, rows=card(1, go)))) == "data:3"
    assert errand.see(event(5, rows=card(1, go), kind="message_edited")) is None
    assert pressed(errand.see(event(5, rows=card(3, go), kind="message_edited"))) == f"data:{go}"
    assert errand.step is Step.VIDEOS


def test_number_that_is_chosen_already_is_left_alone() -> None:
    errand = Errand(2, step=Step.CARD)
    assert pressed(errand.see(event(5, rows=card(2)))) == "data:Generate"


def test_card_that_is_not_ready_is_waited_for() -> None:
    errand = Errand(1, step=Step.CARD)
    assert errand.see(event(5, rows=buttons(("• 1 •", "2", "3", "4"), ("Cancel",)))) is None
    assert errand.see(event(6, rows=buttons(("Help", "Settings")))) is None
    assert errand.step is Step.CARD


def waiting(videos: int) -> Errand:
    errand = Errand(videos, step=Step.CARD)
    errand.see(event(5, rows=card(videos)))
    return errand


def test_done_with_all_videos_and_the_last_word() -> None:
    errand = waiting(2)
    errand.see(event(5, "working", buttons(("Cancel",)), kind="message_edited"))
    errand.see(video(6))
    errand.see(video(7))
    assert not errand.over
    errand.see(event(5, "Done", buttons(("🔁 Again", "✏️ Edit")), kind="message_edited"))
    assert (errand.step, [one.message_id for one in errand.received]) == (Step.DONE, [6, 7])


def test_last_word_without_videos_is_a_failure() -> None:
    errand = waiting(1)
    errand.see(event(5, "Refused", buttons(("✏️ Sửa",)), kind="message_edited"))
    assert (errand.step, errand.over) == (Step.FAILED, True)


def test_all_videos_without_the_last_word_are_not_over_yet() -> None:
    errand = waiting(1)
    errand.see(video(6))
    assert (errand.step, errand.over) == (Step.ENDING, False)


def test_other_messages_and_own_ones_change_nothing() -> None:
    errand = waiting(1)
    errand.see(event(9, "By the way", buttons(("Again",))))
    own = event(5, "x", buttons(("Again",))).model_copy(update={"actor": "person"})
    errand.see(own)
    assert errand.step is Step.VIDEOS


def shaped(tall: str, chosen: int) -> Any:
    return [*card(chosen), *buttons(("▭ Wide", tall))]


def test_shape_is_pressed_before_the_number() -> None:
    errand = Errand(2, tall=True, step=Step.CARD)
    assert pressed(errand.see(event(5, rows=shaped("▯ Tall", 1)))) == "data:▯ Tall"
    assert errand.see(event(5, rows=shaped("▯ Tall", 1), kind="message_edited")) is None
    assert pressed(errand.see(event(5, rows=shaped("• ▯ Tall •", 1), kind="message_edited"))) == "data:2"
    assert pressed(errand.see(event(5, rows=shaped("• ▯ Tall •", 2), kind="message_edited"))) == "data:Generate"


def test_shape_that_is_chosen_already_is_left_alone() -> None:
    errand = Errand(1, tall=True, step=Step.CARD)
    assert pressed(errand.see(event(5, rows=shaped("✅ ▯ Dọc", 1)))) == "data:Generate"


def service(number: int, kind: str) -> Event:
    seen = video(number)
    assert seen.message is not None
    return seen.model_copy(update={"actor": "person", "message": seen.message.model_copy(update={"kind": kind})})


def test_purchase_is_followed_by_one_that_is_refunded() -> None:
    errand = Errand(1, refund=True, step=Step.CARD)
    errand.see(event(5, rows=card(1)))
    invoice = event(6, rows=buttons(("Pay",)))
    assert invoice.message is not None
    bill = invoice.model_copy(update={"message": invoice.message.model_copy(update={"kind": "invoice"})})
    assert errand.see(bill) == Pay(6)
    assert errand.see(service(7, "successful_payment")) is None
    assert errand.see(video(8)) is None
    assert pressed(errand.see(event(5, "Done", buttons(("🔁 Again",)), kind="message_edited"))) == "data:🔁 Again"
    assert errand.see(event(9, "working", buttons(("Cancel",)))) is None
    assert errand.see(bill) == Pay(6)
    assert errand.see(service(11, "refunded_payment")) is None
    assert (errand.step, errand.over) == (Step.ENDING, False)
    assert errand.see(event(9, "Refused, your Stars are back", buttons(("Edit",)), kind="message_edited")) is None
    assert errand.step is Step.DONE


def test_purchase_without_videos_is_a_failure() -> None:
    errand = Errand(1, refund=True, step=Step.CARD)
    errand.see(event(5, rows=card(1)))
    errand.see(event(5, "Refused", buttons(("🔁 Again",)), kind="message_edited"))
    assert errand.step is Step.FAILED
