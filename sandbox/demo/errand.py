"""What the person of the demo does next: pure decisions on what is seen in the chat."""

from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.botapi.seen import ButtonSeen, Event, MessageSeen

GENERATE = ("Generate", "Tạo video")
AGAIN = ("Again", "Làm lại")
FINAL = (*AGAIN, "Edit", "Sửa")
_TALL = "▯"
_COUNTS = ("1", "2", "3", "4")


class Step(StrEnum):
    """How far the errand has come."""

    GREETING = "waiting for the bot to greet"
    CARD = "waiting for the card with the photos"
    CHOICES = "waiting for the card with what was chosen"
    VIDEOS = "waiting for the videos"
    REFUND = "waiting for the refund"
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


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay an invoice."""

    message_id: int


Action = SendPhotos | Press | Pay


@dataclass(slots=True)
class Errand:
    """One person getting videos out of the bot.

    With ``refund`` the person asks once more after the videos, for what the service is going to refuse, and waits for
    the Stars to come back.

    Attributes:
        videos: How many are wanted, 1 to 4.
        tall: Whether they shall be tall.
        refund: Whether a refund is to be seen, too.
        step: How far it has come.
        card: The message that is card first and status message then.
        received: The videos that came.
        refunded: Whether Stars have come back.
        pressed: What was chosen on the card, by the data of its buttons.
    """

    videos: int
    tall: bool = False
    refund: bool = False
    step: Step = Step.GREETING
    card: MessageSeen | None = None
    received: list[MessageSeen] = field(default_factory=list)
    refunded: bool = False
    pressed: set[str | None] = field(default_factory=set)

    @property
    def over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.step in {Step.DONE, Step.FAILED}

    def see(self, event: Event) -> Action | None:
        """Take in an event; what to do about it, if anything."""
        message = event.message
        if message is None or event.event not in {"message_sent", "message_edited"}:
            return None
        if message.kind == "refunded_payment":
            self.refunded = True
            return self._judge()
        return self._react(event, message) if event.actor == "bot" else None

    def _react(self, event: Event, message: MessageSeen) -> Action | None:
        if message.kind == "invoice":
            return Pay(message.message_id) if event.event == "message_sent" else None
        if self.step is Step.GREETING:
            self.step = Step.CARD
            return SendPhotos()
        if self.step in {Step.CARD, Step.CHOICES}:
            return self._choose(message)
        return self._result(message)

    def _choose(self, message: MessageSeen) -> Action | None:
        """Press what is not chosen yet, each button once, then the one that starts."""
        counts, generate = count_button(message, self.videos), generate_button(message)
        if counts is None or generate is None:
            return None
        self.step, self.card = Step.CHOICES, message
        shape = tall_button(message) if self.tall else None
        wanted = [shape] if shape is not None and not is_shape_chosen(shape) else []
        wanted += [] if is_chosen(counts) else [counts]
        if wanted and wanted[0].data in self.pressed:
            return None
        if wanted:
            self.pressed.add(wanted[0].data)
            return Press(message.message_id, wanted[0])
        self.step = Step.VIDEOS
        return Press(message.message_id, generate)

    def _result(self, message: MessageSeen) -> Action | None:
        if message.kind == "video":
            self.received.append(message)
        elif self.card is not None and message.message_id == self.card.message_id:
            self.card = message
        elif self.step is Step.REFUND and message.buttons:
            # What is asked for again has a status message of its own.
            self.card = message
        return self._judge()

    def _judge(self) -> Action | None:
        """Videos, refund and last word come in any order; a last word without videos is a failure."""
        ended = self.card is not None and is_final(self.card)
        if self.refunded if self.refund else len(self.received) >= self.videos:
            self.step = Step.DONE if ended else Step.ENDING
        elif ended and self.step is Step.VIDEOS and len(self.received) >= self.videos:
            return self._ask_again()
        elif ended and self.step is Step.VIDEOS:
            self.step = Step.FAILED
        return None

    def _ask_again(self) -> Action | None:
        assert self.card is not None
        button = next((one for row in self.card.buttons for one in row if _names(one, AGAIN)), None)
        if button is None:
            self.step = Step.FAILED
            return None
        self.step = Step.REFUND
        return Press(self.card.message_id, button)


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


def tall_button(message: MessageSeen) -> ButtonSeen | None:
    """The button for tall videos, chosen or not."""
    return next((one for row in message.buttons for one in row if _TALL in one.label), None)


def is_shape_chosen(button: ButtonSeen) -> bool:
    """Whether a shape's button says more than the shape's sign and name."""
    label = button.label.strip()
    return not (label.startswith(_TALL) and label.removeprefix(_TALL).strip().isalpha())


def _names(button: ButtonSeen, words: tuple[str, ...]) -> bool:
    return any(word in button.label for word in words)


def is_final(status: MessageSeen) -> bool:
    """Whether a status message has come to its end: it offers to do it again, or to change it."""
    return any(_names(button, FINAL) for row in status.buttons for button in row)
