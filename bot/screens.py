"""Every screen of the bot from given values, made by the functions that make it for people."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from handlers.admin import statistics_screen
from handlers.history import entry_screen, page_screen
from handlers.payments import balance_text
from handlers.settings import question, settings_screen
from services.cards.view import card_screen
from services.drafts.model import Draft, DraftItem, DraftState, Owner, ideas_in
from services.failures import Charged, Failure, FailureKind
from services.generations.model import (
    ACTIVE,
    FILE_LATE,
    FINAL,
    UNPAID_IN_TIME,
    Generation,
    Price,
    State,
    Video,
    VideoState,
)
from services.history import HistoryEntry, HistoryPage
from services.options import MAX_VIDEOS, Shape, VideoOptions
from services.payments.ledger import Totals
from services.payments.model import Account, PaymentState, Settlement
from services.people import Preferences
from services.photos.model import MAX_PHOTOS, PhotoKind, PhotoRef
from services.screens import Screen
from services.statistics import Statistics
from services.status.render import Links, Surroundings, render, render_links
from services.store.payment_tables import PaymentRow
from services.texts import LANGUAGES, Argument, Phrases, Texts

NOW = datetime(2026, 3, 30, 10, 2, tzinfo=UTC)
ID, PERSON, GROUP = "0123456789abcdef", 500_000_001, -1_002_000_000_001
PROMPTS = {"en": "Leaves fall slowly & the light turns <golden>", "vi": "Lá rơi chậm & nắng ngả <vàng>"}
REASON = "the prompt is <too> short & vague"
PHOTO = PhotoRef("file", "unique", PhotoKind.PHOTO, 1, "image/jpeg", "photo.jpg")
AROUND = Surroundings(NOW, 120.0, pay_link=f"https://t.me/pho2video_bot?start=pay_{ID}")
Named = Iterator[tuple[str, Screen]]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A screen in a language: where it belongs, and which one it is."""

    section: str
    title: str
    language: str
    screen: Screen


@dataclass(frozen=True, slots=True)
class HeardPhrases(Phrases):
    """Phrases that remember which of them were asked for."""

    asked: set[str] = field(default_factory=set)

    def _format(self, key: str, arguments: Mapping[str, Argument]) -> str:
        self.asked.add(key)
        # Not by `super`, which dataclasses with slots break.
        return Phrases._format(self, key, arguments)


def hear(language: str) -> HeardPhrases:
    """The phrases of a language, of which none was asked for yet."""
    known = Texts(language).into(language)
    return HeardPhrases(known.language, known._bundle, known.keys)


def exhibits() -> list[Exhibit]:
    """All screens, section by section, those of the same name in all languages after each other."""
    languages = [hear(language) for language in LANGUAGES]
    return [
        Exhibit(section, title, phrases.language, screen)
        for section, screens in SECTIONS.items()
        for editions in zip(*map(screens, languages), strict=True)
        for phrases, (title, screen) in zip(languages, editions, strict=True)
    ]


def as_lines(shown: Exhibit) -> list[str]:
    """A screen for a terminal: its title, its text as it is sent, its buttons."""
    lines = [f"[{shown.section}] {shown.title} ({shown.language})", *shown.screen.html.split("\n")]
    lines += [" ".join(f"[ {button.label} ]" for button in row) for row in shown.screen.rows]
    return [*lines, ""]


def _prompt(phrases: Phrases) -> str:
    return PROMPTS.get(phrases.language, PROMPTS["en"])


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _cards(phrases: Phrases) -> Named:
    card, ideas = partial(_card, phrases), ideas_in(phrases)[:2]
    for place, chat_id in (("private", PERSON), ("group", GROUP)):
        for photos in range(MAX_PHOTOS + 1):
            for words in (False, True):
                title = f"{place}, {_number(photos, 'photo')}, {'a prompt' if words else 'no prompt'}"
                yield title, card(chat_id=chat_id, photos=photos, words=words)
        yield f"{place}, tall", card(chat_id=chat_id, asked=VideoOptions(shape=Shape.TALL), shape_chosen=True)
    for words in (False, True):
        title = "a prompt" if words else "no prompt"
        yield f"two ideas, {title}", card(words=words, ideas=ideas)
        yield f"ideas, {title}", card(words=words, shows_ideas=True)
        yield f"ideas, two chosen, {title}", card(words=words, ideas=ideas, shows_ideas=True)
    for price in (Price(0, 0, 1, 1), Price(0, 0, 2, 50), Price(1, 0, 1, 25), Price(2, 2, 0, 0), Price(0, 1, 0, 0)):
        title = f"a price of {price.stars}, {price.free} free, {price.credit} of credit"
        yield title, card(price, asked=VideoOptions(price.free + price.credit + price.videos))
    for count in range(1, MAX_VIDEOS + 1):
        yield f"{_number(count, 'video')} chosen", card(asked=VideoOptions(count))
    yield "cancelled", card(state=DraftState.CANCELLED)


def _card(
    phrases: Phrases,
    price: Price | None = None,
    *,
    chat_id: int = PERSON,
    photos: int = 1,
    words: bool = True,
    **changes: object,
) -> Screen:
    draft = Draft(
        id=ID,
        owner=Owner(chat_id, None, PERSON),
        state=DraftState.OPEN,
        language=phrases.language,
        asked=VideoOptions(),
        items=(
            *(DraftItem(number, photo=PHOTO) for number in range(1, photos + 1)),
            *([DraftItem(9, _prompt(phrases))] if words else []),
        ),
        version=1,
        card_version=0,
        card_message_id=None,
        starts_itself=False,
        extra_told=False,
        separate_request_id=None,
        updated_at=NOW,
    )
    return card_screen(replace(draft, **changes), phrases, price)  # type: ignore[arg-type]


def _running(phrases: Phrases) -> Named:
    status = partial(_status, phrases)
    for position in (1, 4):
        yield f"queued, place {position}", status(State.QUEUED, replace(AROUND, position=position))
    for state in (state for state in State if state in ACTIVE):
        for count in (1, 3):
            yield f"{state}, {_number(count, 'video')}", status(state, options=VideoOptions(count))
    for chat_id, place in ((PERSON, "private"), (GROUP, "group")):
        yield f"unpaid, {place}, 25 Stars", status(State.UNPAID, stars=25, chat_id=chat_id)
    yield "processing, longer than usual", status(State.PROCESSING, started_at=NOW - timedelta(minutes=7))
    yield "processing, a word of the service", status(State.PROCESSING, note="upscaling")
    for count in (1, 3):
        title = f"delivering, the file is late, {_number(count, 'video')}"
        yield title, status(State.DELIVERING, note=FILE_LATE, options=VideoOptions(count))
    yield "submitting, a second attempt", status(State.SUBMITTING, attempts=1)
    yield "cancelling", status(State.PROCESSING, cancel_requested_at=NOW)


def _endings(phrases: Phrases) -> Named:
    def done(*states: VideoState, **around: object) -> Screen:
        surroundings = replace(AROUND, videos=_videos(states), **around)  # type: ignore[arg-type]
        return status(State.DONE, surroundings, options=VideoOptions(len(states)))

    status, sent = partial(_status, phrases), VideoState.SENT
    for count in range(1, MAX_VIDEOS + 1):
        yield _number(count, "video"), done(*[sent] * count)
    yield "1 video, inline mode on", done(sent, can_share=True)
    for count in (1, 2):
        yield f"{count} of 3 failed", done(*[sent] * (3 - count), *[VideoState.FAILED] * count)
        yield f"{_number(count, 'video')} sent in private", done(*[VideoState.SENT_IN_PRIVATE] * count)
        for linked in (VideoState.LINKED, VideoState.UNFETCHED):
            title = f"{_number(count, 'link')}, {linked}"
            for links in Links:
                yield f"{title}, {links}", done(*[linked] * count, links=links)
            private = render_links(_videos([linked] * count), phrases)
            if private is not None:
                yield f"{title}, the message in private", private
    yield "cancelled, not paid in time", status(State.CANCELLED, note=UNPAID_IN_TIME)
    for back in (Settlement(stars=50), Settlement(stars=1, free=1), Settlement(free=2, credit=1), Settlement(credit=3)):
        around = replace(AROUND, settlement=back)
        title = f"back: {back.stars} Stars, {back.free} free, {back.credit} credit"
        for charged in (Charged.NO, Charged.UNKNOWN):
            yield f"cancelled, charged: {charged}, {title}", status(State.CANCELLED, around, charged=charged)
        yield f"failed, {title}", status(State.FAILED, around, failure=Failure(FailureKind.SERVICE))
    for charged in (Charged.NO, Charged.UNKNOWN):
        yield f"cancelled, charged: {charged}", status(State.CANCELLED, charged=charged)


def _failures(phrases: Phrases) -> Named:
    failed = partial(_status, phrases, State.FAILED)
    for kind in FailureKind:
        yield str(kind), failed(failure=Failure(kind), attempts=1)
        yield f"{kind}, with the service's reason", failed(failure=Failure(kind, REASON), attempts=1)
    yield "busy, three attempts", failed(failure=Failure(FailureKind.BUSY), attempts=3)


def _status(phrases: Phrases, state: State, around: Surroundings = AROUND, **changes: object) -> Screen:
    generation = Generation(
        id=ID,
        chat_id=PERSON,
        thread_id=None,
        user_id=PERSON,
        language=phrases.language,
        request_message_id=1,
        status_message_id=2,
        prompt=_prompt(phrases),
        options=VideoOptions(),
        state=state,
        note="",
        epoch=1,
        queued_at=NOW - timedelta(seconds=70),
        started_at=NOW - timedelta(seconds=64),
        armed_at=None,
        attempts=0,
        reconciling_since=None,
        server_error=False,
        cancel_requested_at=None,
        finished_at=NOW if state in FINAL else None,
        final_shown=False,
        failure=None,
        charged=Charged.NO,
    )
    return render(replace(generation, **changes), around, phrases)  # type: ignore[arg-type]


def _videos(states: Sequence[VideoState]) -> list[Video]:
    return [
        Video(position, f"https://example.org/video{position + 1}.mp4", state, 1, "file")
        for position, state in enumerate(states)
    ]


def _menus(phrases: Phrases) -> Named:
    for language in LANGUAGES:
        for shape in Shape:
            for at_once in (False, True):
                preferences = Preferences(language, VideoOptions(2, shape), at_once)
                title = f"settings, {language}, {shape}, {'at once' if at_once else 'asks first'}"
                yield title, settings_screen(phrases, PERSON, preferences)
    one, three = (HistoryEntry(ID, _prompt(phrases), NOW, ("file",) * count) for count in (1, 3))
    yield "history, empty", page_screen(phrases, PERSON, HistoryPage((), 0, 0))
    for number, title in enumerate(("first", "middle", "last")):
        yield f"history, {title} page", page_screen(phrases, PERSON, HistoryPage((one, three), number, 3))
    with_link = replace(one, links=("https://example.org/video2.mp4",))
    for title, entry in (("1 video", one), ("3 videos", three), ("a link", with_link)):
        yield f"history, {title}", entry_screen(phrases, PERSON, entry, 0)
    for is_admin in (False, True):
        yield f"forget, {'an admin' if is_admin else 'anybody'}", question(phrases, PERSON, is_admin=is_admin)
    yield "forget, where videos have a price", question(phrases, PERSON, is_admin=False, sells=True)
    yield "balance, no payments", Screen(balance_text(phrases, Account(2, 0), []))
    yield "balance", Screen(balance_text(phrases, Account(0, 3), _payments()))
    for free in (0, 1, 3):
        yield f"terms, {free} free", Screen(phrases.html("terms", stars=25, free=free))
    numbers = dict.fromkeys(State, 2)
    yield "stats", statistics_screen(phrases, Statistics(numbers, numbers, 12, 95.0), 77)
    sold = Statistics(numbers, numbers, 12, None, Totals(taken=500, returned=75, returning=0, credit=3))
    yield "stats, where videos have a price", statistics_screen(phrases, sold, 77)
    yield "stats, nothing known", statistics_screen(phrases, Statistics({}, {}, 0, None), None)


def _payments() -> list[PaymentRow]:
    bought = (
        *((state, 2, 0) for state in PaymentState if state is not PaymentState.CREDITED),
        *((PaymentState.USED, 1, 0), (PaymentState.CREDITED, 2, 2), (PaymentState.CREDITED, 3, 1)),
    )
    return [
        PaymentRow(
            charge_id=f"stx{number}Qm9vaw", stars=25 * videos, videos=videos, credit=credit, state=state, paid_at=NOW
        )
        for number, (state, videos, credit) in enumerate(bought)
    ]


def _texts(keys: str, phrases: HeardPhrases) -> Named:
    """Texts that stand alone, whose keys match the pattern, unless a section before has shown them."""
    for key in [key for key in phrases.keys if re.fullmatch(keys, key) and key not in phrases.asked]:
        for arguments in SAMPLES.get(key, ({},)):
            given = ", ".join(str(value) for value in arguments.values())
            yield f"{key}: {given}" if given else key, Screen(phrases.html(key, **arguments))


def _each(name: str, *values: Argument) -> tuple[Mapping[str, Argument], ...]:
    return tuple({name: value} for value in values)


SAMPLES: Mapping[str, tuple[Mapping[str, Argument], ...]] = {
    **dict.fromkeys(
        ("start-private", "start-group", "help-private", "help-group", "help-share"), _each("bot", "pho2video_bot")
    ),
    **dict.fromkeys(
        ("access-refused", "access-refused-notice", "allowed-user", "allowed-chat", "denied-user", "denied-chat"),
        _each("id", "123456789"),
    ),
    **dict.fromkeys(("invoice-title", "invoice-description"), _each("count", 1, 2)),
    **dict.fromkeys(("help-payments", "refund-wanted"), _each("stars", 1, 25)),
    "privacy": ({"requests": 90, "drafts": 2, "photos": 1},),
    "inline-number": _each("number", 2),
    "draft-too-many-waiting": _each("limit", 1, 3),
    "draft-daily-limit": tuple({"limit": 10, "left": left} for left in (0, 1, 4)),
    "video-count-wrong": _each("limit", 4),
    "video-how-to-ask": _each("limit", 3),
    "unusable": _each(
        "kind",
        *("animation", "audio", "document", "location", "contact", "poll", "sticker", "story", "video", "voice"),
        "other",
    ),
}
"""Arguments of the texts that take any."""

SECTIONS: Mapping[str, Callable[[HeardPhrases], Named]] = {
    "Card": _cards,
    "Status message: running": _running,
    "Status message: final": _endings,
    "Status message: failure": _failures,
    "Menu": _menus,
    # What appears for a moment when a button is pressed.
    "Notice": partial(
        _texts,
        r"access-refused-notice|menu-.*"
        r"|draft-(not-yours|submitted|cancelled|unknown|incomplete|too-long|again-.*|cancelling|already-finished)",
    ),
    "Payment": partial(
        _texts, r"help-(payments|refund)|invoice-.*|pay-refused-.*|paysupport|refund-.*|forget-done-payments"
    ),
    # What the admins are told.
    "Alarm": partial(_texts, r"alarm-.*"),
    # What Telegram shows of the bot before anybody writes to it.
    "Profile": partial(_texts, r"bot-.*|command-.*"),
    # What the bot says in a message of its own: all that is left.
    "Answer": partial(_texts, r".*"),
}
"""All sections; each gives the same titles in every language."""
