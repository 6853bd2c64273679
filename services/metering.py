"""Wrappers around the product's seams that count what goes through, so that the parts themselves need not know."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Protocol

from services.delivery.download import FetchedFile
from services.delivery.plan import Fetcher
from services.genaipro.client import GenAIProClient
from services.genaipro.events import (
    CompletedEvent,
    CreditGrant,
    FailedEvent,
    GenAIProError,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    ResultPage,
    StreamEvent,
)
from services.photos.model import PhotoFile, PhotoRef
from services.telemetry import PostOutcome, Service, Telemetry


class Photos(Protocol):
    """Where photos come from."""

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        """Get one into the directory."""
        ...


class MeteredGenAIPro:
    """The client of GenAIPro, counted.

    Args:
        client: Makes the calls.
        telemetry: Counts.
    """

    def __init__(self, client: GenAIProClient, telemetry: Telemetry) -> None:
        self._client = client
        self._telemetry = telemetry

    def ingredients_to_video(
        self, photos: Sequence[PhotoFile], prompt: str, count: int
    ) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """As :meth:`GenAIProClient.ingredients_to_video`."""
        post = self._client.ingredients_to_video(photos, prompt, count)
        return self._counted("ingredients-to-video", post, photos)

    def frames_to_video(
        self, photos: Sequence[PhotoFile], prompt: str, count: int
    ) -> AbstractAsyncContextManager[AsyncIterator[StreamEvent]]:
        """As :meth:`GenAIProClient.frames_to_video`."""
        return self._counted("frames-to-video", self._client.frames_to_video(photos, prompt, count), photos)

    @asynccontextmanager
    async def _counted(
        self, call: str, post: AbstractAsyncContextManager[AsyncIterator[StreamEvent]], photos: Sequence[PhotoFile]
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        outcome = [PostOutcome.LEFT]
        begun = False
        with self._telemetry.stream():
            try:
                async with post as events:
                    begun = True
                    self._telemetry.called(Service.GENAIPRO, call, 200)
                    self._telemetry.sent(Service.GENAIPRO, sum(photo.size for photo in photos))
                    async with aclosing(_noted(events, outcome)) as noted:
                        yield noted
            except GenAIProError as error:
                outcome[0] = _outcome(error)
                if not begun:
                    self._failed(call, error)
                raise
            finally:
                self._telemetry.posted(outcome[0])

    async def histories(self, page: int = 1, page_size: int = 20) -> ResultPage:
        """As :meth:`GenAIProClient.histories`."""
        try:
            answer = await self._client.histories(page, page_size)
        except GenAIProError as error:
            self._failed("histories", error)
            raise
        self._telemetry.called(Service.GENAIPRO, "histories", 200)
        return answer

    async def recent_history(self) -> ResultPage | None:
        """As :meth:`GenAIProClient.recent_history`."""
        try:
            answer = await self._client.recent_history()
        except GenAIProError as error:
            self._failed("histories", error)
            raise
        if answer is not None:
            self._telemetry.called(Service.GENAIPRO, "histories", 200)
        return answer

    async def credits(self) -> tuple[CreditGrant, ...]:
        """As :meth:`GenAIProClient.credits`."""
        try:
            grants = await self._client.credits()
        except GenAIProError as error:
            self._failed("credits", error)
            raise
        self._telemetry.called(Service.GENAIPRO, "credits", 200)
        self._telemetry.credits_told(grants)
        return grants

    def _failed(self, call: str, error: GenAIProError) -> None:
        # A refusal without a status is the bot's own: nothing was asked.
        if error.status is not None or not isinstance(error, RefusedError):
            self._telemetry.called(Service.GENAIPRO, call, error.status)


async def _noted(events: AsyncIterator[StreamEvent], outcome: list[PostOutcome]) -> AsyncGenerator[StreamEvent, None]:
    async for event in events:
        if isinstance(event, CompletedEvent):
            outcome[0] = PostOutcome.COMPLETED
        elif isinstance(event, FailedEvent):
            outcome[0] = PostOutcome.FAILED
        yield event


def _outcome(error: GenAIProError) -> PostOutcome:
    if isinstance(error, NotAcceptedError):
        return PostOutcome.NOT_ACCEPTED
    return PostOutcome.UNKNOWN if isinstance(error, MaybeAcceptedError) else PostOutcome.REFUSED


class MeteredPhotos:
    """A source of photos, counted.

    Args:
        photos: Fetches them.
        telemetry: Counts.
    """

    def __init__(self, photos: Photos, telemetry: Telemetry) -> None:
        self._photos = photos
        self._telemetry = telemetry

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        """As the source's own."""
        photo = await self._photos.fetch(ref, directory, position)
        self._telemetry.received(Service.TELEGRAM, photo.size)
        return photo


class MeteredFetcher:
    """A fetcher of videos, counted.

    Args:
        fetcher: Fetches them.
        telemetry: Counts.
    """

    def __init__(self, fetcher: Fetcher, telemetry: Telemetry) -> None:
        self._fetcher = fetcher
        self._telemetry = telemetry

    async def fetch(self, url: str, target: Path, patience: float, late: Callable[[], None]) -> FetchedFile:
        """As the fetcher's own."""
        fetched = await self._fetcher.fetch(url, target, patience, late)
        self._telemetry.received(Service.FILES, fetched.size)
        return fetched
