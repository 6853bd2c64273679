"""What the person of the demo does next: pure decisions on what is seen in the chat."""

from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.botapi.seen import ButtonSeen, Event, MessageSeen

GENERATE = ("Generate", "Tạo video")
FINAL = ("Again", "Edit", "Làm lại", "Sửa")
_COUNTS = ("1", "2", "3", "4")


class Step(StrEnum):
    """How far the errand has come."""

    GREETING = "waiting for the bot to greet"
    CARD = "waiting for the card with the photos"
    COUNT = "waiting for the card with the number of videos"
    VIDEOS = "waiting for the videos"
    ENDING = "waiting for the last word"
    DONE = "done"
    FAILED = "the bot could not do it"


@dataclass(frozen=True, slots=True)
class SendPhotos:
    """Send the photos with the prompt."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press a button."""

    message_id: int
    button: ButtonSeen


Action = SendPhotos | Press


@dataclass(slots=True)
class Errand:
    """One person getting videos out of the bot.

    Attributes:
        videos: How many are wanted, 1 to 4.
        step: How far it has come.
        card: The message that is card first and status message then.
        received: The videos that came.
    """

    videos: int
    step: Step = Step.GREETING
    card: MessageSeen | None = None
    received: list[MessageSeen] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.step in {Step.DONE, Step.FAILED}

    def see(self, event: Event) -> Action | None:
        """Take in an event; what to do about it, if anything."""
        message = event.message
        if event.actor != "bot" or message is None or event.event not in {"message_sent", "message_edited"}:
            return None
        if self.step is Step.GREETING:
            self.step = Step.CARD
            return SendPhotos()
        if self.step in {Step.CARD, Step.COUNT}:
            return self._card(message)
        self._result(message)
        return None

    def _card(self, message: MessageSeen) -> Action | None:
        counts, generate = count_button(message, self.videos), generate_button(message)
        if counts is None or generate is None:
            return None
        self.card = message
        if not is_chosen(counts) and self.step is Step.CARD:
            self.step = Step.COUNT
            return Press(message.message_id, counts)
        if not is_chosen(counts):
            return None
        self.step = Step.VIDEOS
        return Press(message.message_id, generate)

    def _result(self, message: MessageSeen) -> None:
        if message.kind == "video":
            self.received.append(message)
        elif self.card is not None and message.message_id == self.card.message_id:
            self.card = message
        self.step = self._judge()

    def _judge(self) -> Step:
        """Videos and last word come in either order; no videos with the last word is a failure."""
        complete = len(self.received) >= self.videos
        ended = self.card is not None and is_final(self.card)
        if complete:
            return Step.DONE if ended else Step.ENDING
        return Step.FAILED if ended else Step.VIDEOS


def count_button(message: MessageSeen, videos: int) -> ButtonSeen | None:
    """The button for a number of videos, chosen or not: the one in a row of four whose label holds that number."""
    for row in message.buttons:
        if len(row) == len(_COUNTS) and all(digit in b.label for digit, b in zip(_COUNTS, row, strict=True)):
            return row[videos - 1]
    return None


def is_chosen(button: ButtonSeen) -> bool:
    """Whether the number on a button is marked as the chosen one."""
    return button.label.strip() not in _COUNTS


def generate_button(message: MessageSeen) -> ButtonSeen | None:
    """The button that starts: known by its label, or as the first of two in the row below the numbers."""
    buttons = [button for row in message.buttons for button in row]
    named = next((button for button in buttons if any(word in button.label for word in GENERATE)), None)
    if named is not None or len(message.buttons) < 2:
        return named
    below = message.buttons[1]
    return below[0] if len(below) == 2 else None


def is_final(status: MessageSeen) -> bool:
    """Whether a status message has come to its end: it offers to do it again, or to change it."""
    labels = [button.label for row in status.buttons for button in row]
    return any(word in label for label in labels for word in FINAL)
