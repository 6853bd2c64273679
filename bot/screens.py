"""Every screen of the bot from given values, made by the functions that make it for people."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.screen_texts import KEYS, SAMPLES
from handlers.admin import statistics_screen
from handlers.forget import question
from handlers.history import entry_screen, page_screen
from handlers.payments import balance_text
from handlers.settings import settings_screen
from services.cards.view import card_screen
from services.drafts.model import Draft, DraftItem, DraftState, Owner, ideas_in
from services.failures import Charged, Failure, FailureKind
from services.generations.model import (
    FILE_LATE,
    FINAL,
    MAX_VIDEOS,
    UNPAID_IN_TIME,
    WAITING,
    Generation,
    Price,
    Shape,
    State,
    Video,
    VideoState,
)
from services.history import HistoryEntry, HistoryPage
from services.payments.ledger import Totals
from services.payments.model import Account, Payment, PaymentState, Settlement
from services.people import Preferences
from services.photos.model import MAX_PHOTOS, PhotoKind, PhotoRef
from services.screens import Screen
from services.statistics import Statistics
from services.status.render import Links, Surroundings, render, render_links
from services.texts import LANGUAGES, Phrases, Texts

NOW = datetime(2026, 3, 30, 10, 2, tzinfo=UTC)
PERSON, GROUP = 500_000_001, -1_002_000_000_001
PROMPTS = {"en": "Leaves fall slowly & the light turns <golden>", "vi": "Lá rơi chậm & nắng ngả <vàng>"}
REASON = "the prompt is <too> short & vague"
PHOTO = PhotoRef("file", "unique", PhotoKind.PHOTO, 1, "image/jpeg", "photo.jpg")
Named = Iterator[tuple[str, Screen]]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A screen in a language: where it belongs, and which one it is."""

    section: str
    title: str
    language: str
    screen: Screen


def exhibits(texts: Texts | None = None) -> list[Exhibit]:
    """All screens, section by section, those of the same name in all languages after each other."""
    known = texts or Texts("en")
    shown = []
    for section, screens in SECTIONS.items():
        editions = [list(screens(known.into(language))) for language in LANGUAGES]
        for edition in zip(*editions, strict=True):
            shown += [
                Exhibit(section, title, language, screen)
                for language, (title, screen) in zip(LANGUAGES, edition, strict=True)
            ]
    return shown


def _cards(phrases: Phrases) -> Named:
    for place, chat_id in (("private", PERSON), ("group", GROUP)):
        for photos in range(MAX_PHOTOS + 1):
            for words in (False, True):
                named = f"{place}, {_number(photos, 'photo')}, {'a prompt' if words else 'no prompt'}"
                yield named, card_screen(_draft(phrases, chat_id, photos, words=words), phrases)
        tall = replace(_draft(phrases, chat_id, 1, words=True), wanted_shape=Shape.TALL, shape_chosen=True)
        yield f"{place}, tall", card_screen(tall, phrases)
    for words in (False, True):
        draft = _draft(phrases, PERSON, 1, words=words)
        chosen = replace(draft, ideas=ideas_in(phrases)[:2])
        named = "a prompt" if words else "no prompt"
        yield f"two ideas, {named}", card_screen(chosen, phrases)
        yield f"ideas, {named}", card_screen(replace(draft, shows_ideas=True), phrases)
        yield f"ideas, two chosen, {named}", card_screen(replace(chosen, shows_ideas=True), phrases)
    for price in (Price(0, 0, 1, 1), Price(0, 0, 2, 50), Price(1, 0, 1, 25), Price(2, 2, 0, 0), Price(0, 1, 0, 0)):
        draft = replace(_draft(phrases, PERSON, 1, words=True), count=price.free + price.credit + price.videos)
        title = f"a price of {price.stars}, {price.free} free, {price.credit} of credit"
        yield title, card_screen(draft, phrases, price)
    for count in range(1, MAX_VIDEOS + 1):
        draft = replace(_draft(phrases, PERSON, 1, words=True), count=count)
        yield f"{_number(count, 'video')} chosen", card_screen(draft, phrases)
    cancelled = replace(_draft(phrases, PERSON, 1, words=True), state=DraftState.CANCELLED)
    yield "cancelled", card_screen(cancelled, phrases)


def _running(phrases: Phrases) -> Named:
    for position in (1, 4):
        yield f"queued, place {position}", _status(phrases, State.QUEUED, position=position)
    for state in State:
        if state in FINAL | WAITING:
            continue
        for count in (1, 3):
            yield f"{state}, {_number(count, 'video')}", _status(phrases, state, count=count)
    for chat_id, place in ((PERSON, "private"), (GROUP, "group")):
        yield f"unpaid, {place}, 25 Stars", _status(phrases, State.UNPAID, stars=25, chat_id=chat_id)
    late = NOW - timedelta(minutes=7)
    yield "processing, longer than usual", _status(phrases, State.PROCESSING, started_at=late)
    yield "processing, a word of the service", _status(phrases, State.PROCESSING, note="upscaling")
    for count in (1, 3):
        late_file = _status(phrases, State.DELIVERING, note=FILE_LATE, count=count)
        yield f"delivering, the file is late, {_number(count, 'video')}", late_file
    yield "submitting, a second attempt", _status(phrases, State.SUBMITTING, attempts=1)
    yield "cancelling", _status(phrases, State.PROCESSING, cancel_requested_at=NOW)


def _endings(phrases: Phrases) -> Named:
    sent, failed = VideoState.SENT, VideoState.FAILED
    for count in range(1, MAX_VIDEOS + 1):
        yield f"{_number(count, 'video')}", _done(phrases, (sent,) * count)
    yield "1 video, inline mode on", _done(phrases, (sent,), can_share=True)
    for count in (1, 2):
        yield f"{count} of 3 failed", _done(phrases, (sent,) * (3 - count) + (failed,) * count)
        in_private = (VideoState.SENT_IN_PRIVATE,) * count
        yield f"{_number(count, 'video')} sent in private", _done(phrases, in_private)
        for linked in (VideoState.LINKED, VideoState.UNFETCHED):
            videos = (linked,) * count
            for links in Links:
                yield f"{_number(count, 'link')}, {linked}, {links}", _done(phrases, videos, links)
            private = render_links(_videos(videos), phrases)
            if private is not None:
                yield f"{_number(count, 'link')}, {linked}, the message in private", private
    yield from _settled(phrases)
    for charged in (Charged.NO, Charged.UNKNOWN):
        yield f"cancelled, charged: {charged}", _status(phrases, State.CANCELLED, charged=charged, finished_at=NOW)


def _settled(phrases: Phrases) -> Named:
    """Ends of requests that were sold."""
    yield "cancelled, not paid in time", _status(phrases, State.CANCELLED, note=UNPAID_IN_TIME, finished_at=NOW)
    for back in (Settlement(stars=50), Settlement(stars=1, free=1), Settlement(free=2, credit=1), Settlement(credit=3)):
        around = Surroundings(NOW, 120.0, settlement=back)
        given = f"back: {back.stars} Stars, {back.free} free, {back.credit} credit"
        for charged in (Charged.NO, Charged.UNKNOWN):
            ended = replace(_generation(phrases, State.CANCELLED), charged=charged, finished_at=NOW)
            yield f"cancelled, charged: {charged}, {given}", render(ended, around, phrases)
        failed = replace(_generation(phrases, State.FAILED), failure=Failure(FailureKind.SERVICE), finished_at=NOW)
        yield f"failed, {given}", render(failed, around, phrases)


def _failures(phrases: Phrases) -> Named:
    for kind in FailureKind:
        for reason in ("", REASON):
            title = f"{kind}, with the service's reason" if reason else str(kind)
            yield title, _status(phrases, State.FAILED, failure=Failure(kind, reason), finished_at=NOW, attempts=1)
    several = Failure(FailureKind.BUSY)
    yield "busy, three attempts", _status(phrases, State.FAILED, failure=several, finished_at=NOW, attempts=3)


def _menus(phrases: Phrases) -> Named:
    for language in LANGUAGES:
        for shape in Shape:
            for at_once in (False, True):
                preferences = Preferences(language, 2, starts_at_once=at_once, usual_shape=shape)
                title = f"settings, {language}, {shape}, {'at once' if at_once else 'asks first'}"
                yield title, settings_screen(phrases, PERSON, preferences)
    yield "history, empty", page_screen(phrases, PERSON, HistoryPage((), 0, 0))
    for number, title in enumerate(("first", "middle", "last")):
        entries = tuple(_entry(phrases, count) for count in (1, 3))
        yield f"history, {title} page", page_screen(phrases, PERSON, HistoryPage(entries, number, 3))
    for count in (1, 3):
        yield f"history, {_number(count, 'video')}", entry_screen(phrases, PERSON, _entry(phrases, count), 0)
    with_link = replace(_entry(phrases, 1), links=("https://example.org/video2.mp4",))
    yield "history, a link", entry_screen(phrases, PERSON, with_link, 0)
    for is_admin in (False, True):
        yield f"forget, {'an admin' if is_admin else 'anybody'}", question(phrases, PERSON, is_admin=is_admin)
    yield "forget, where videos have a price", question(phrases, PERSON, is_admin=False, sells=True)
    yield "balance, no payments", Screen(balance_text(phrases, Account(2, 0), []))
    yield "balance", Screen(balance_text(phrases, Account(0, 3), _payments()))
    for free in (0, 1, 3):
        yield f"terms, {free} free", Screen(phrases.html("terms", stars=25, free=free))
    numbers = dict.fromkeys(State, 2)
    yield "stats", statistics_screen(phrases, Statistics(numbers, numbers, 12, timedelta(seconds=95)), 77)
    sold = Statistics(numbers, numbers, 12, None, Totals(taken=500, returned=75, returning=0, credit=3))
    yield "stats, where videos have a price", statistics_screen(phrases, sold, 77)
    yield "stats, nothing known", statistics_screen(phrases, Statistics({}, {}, 0, None), None)


def _texts(keys: re.Pattern[str]) -> Callable[[Phrases], Named]:
    """A section of texts without buttons."""

    def screens(phrases: Phrases) -> Named:
        for key in filter(keys.fullmatch, phrases.keys):
            for arguments in SAMPLES.get(key, ({},)):
                given = ", ".join(str(value) for value in arguments.values())
                yield f"{key}: {given}" if given else key, Screen(phrases.html(key, **arguments))

    return screens


SECTIONS: Mapping[str, Callable[[Phrases], Named]] = {
    "Card": _cards,
    "Status message": _running,
    "Final state": _endings,
    "Failure": _failures,
    "Menu": _menus,
    **{section: _texts(keys) for section, keys in KEYS.items()},
}
"""All sections; each gives the same titles in every language."""


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _draft(phrases: Phrases, chat_id: int, photos: int, *, words: bool) -> Draft:
    items = [DraftItem(number, photo=PHOTO) for number in range(1, photos + 1)]
    if words:
        items.append(DraftItem(9, PROMPTS[phrases.language]))
    return Draft(
        id="0123456789abcdef",
        owner=Owner(chat_id, None, PERSON),
        state=DraftState.OPEN,
        language=phrases.language,
        count=1,
        items=tuple(items),
        version=1,
        card_version=0,
        card_message_id=None,
        starts_itself=False,
        extra_told=False,
        request_message_id=None,
        edited_from=None,
        held_until=None,
        updated_at=NOW,
    )


def _generation(phrases: Phrases, state: State) -> Generation:
    return Generation(
        id="0123456789abcdef",
        chat_id=PERSON,
        thread_id=None,
        user_id=PERSON,
        language=phrases.language,
        request_message_id=1,
        status_message_id=2,
        prompt=PROMPTS[phrases.language],
        count=1,
        photos=(PHOTO,),
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
        finished_at=None,
        final_shown=False,
        failure=None,
        charged=Charged.NO,
    )


def _status(phrases: Phrases, state: State, *, position: int | None = None, **changes: object) -> Screen:
    generation = replace(_generation(phrases, state), **changes)  # type: ignore[arg-type]
    link = "https://t.me/pho2video_bot?start=pay_0123456789abcdef"
    return render(generation, Surroundings(NOW, 120.0, position, pay_link=link), phrases)


def _payments() -> list[Payment]:
    return [
        Payment(f"stx{number}Qm9vaw", PERSON, "0123456789abcdef", 25 * videos, videos, credit, state, NOW, 0)
        for number, (state, videos, credit) in enumerate(
            [(state, 2, 0) for state in PaymentState if state is not PaymentState.CREDITED]
            + [(PaymentState.USED, 1, 0), (PaymentState.CREDITED, 2, 2), (PaymentState.CREDITED, 3, 1)]
        )
    ]


def _videos(states: tuple[VideoState, ...]) -> list[Video]:
    return [
        Video(position, f"https://example.org/video{position + 1}.mp4", state, 1, "file")
        for position, state in enumerate(states)
    ]


def _done(
    phrases: Phrases, states: tuple[VideoState, ...], links: Links = Links.HERE, *, can_share: bool = False
) -> Screen:
    generation = replace(_generation(phrases, State.DONE), count=len(states), finished_at=NOW)
    around = Surroundings(NOW, 120.0, videos=_videos(states), links=links, can_share=can_share)
    return render(generation, around, phrases)


def _entry(phrases: Phrases, count: int) -> HistoryEntry:
    return HistoryEntry("0123456789abcdef", PROMPTS[phrases.language], NOW, ("file",) * count)


def as_lines(shown: Exhibit) -> list[str]:
    """A screen for a terminal: its title, its text as it is sent, its buttons."""
    lines = [f"[{shown.section}] {shown.title} ({shown.language})", *shown.screen.html.split("\n")]
    lines += [" ".join(f"[ {button.label} ]" for button in row) for row in shown.screen.rows]
    return [*lines, ""]
