"""What a request asks for beside photos and prompt: its options, their values, and the words of their buttons. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from services.photos.model import MAX_PHOTOS

MAX_VIDEOS = 4
"""GenAIPro makes 1 to 4 videos for a request."""


class Shape(StrEnum):
    """The form of the videos; a tall one begins with its first photo and ends with its second."""

    WIDE = "wide"
    TALL = "tall"

    @property
    def photo_limit(self) -> int:
        """How many photos a video of this form takes at most."""
        return 2 if self is Shape.TALL else MAX_PHOTOS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for of the options; None where they do not say."""

    count: int | None = None
    """Videos, 1 to 4."""
    shape: Shape | None = None

    def upon(self, before: "VideoOptions") -> "VideoOptions":
        """The options that hold once this is asked for."""
        said = {option.name: getattr(self, option.name) for option in fields(self)}
        return replace(before, **{name: value for name, value in said.items() if value is not None})


NOTHING_WANTED = Wanted()


@dataclass(frozen=True, slots=True)
class VideoOptions(Wanted):
    """All options of a request."""

    count: int = 1
    shape: Shape = Shape.WIDE

    @property
    def words(self) -> dict[str, str]:
        """The word of each option's value (:data:`OPTION_WORDS`)."""
        return {option.name: str(getattr(self, option.name)) for option in fields(self)}


UNCHOSEN = VideoOptions()
"""Those of a person who never chose."""

OPTION_WORDS: Mapping[str, Mapping[str, Wanted]] = {
    "count": {str(count): Wanted(count=count) for count in range(1, MAX_VIDEOS + 1)},
    "shape": {shape.value: Wanted(shape=shape) for shape in Shape},
}
"""A row of buttons for each option: what each asks for, by the word that its data ends with, no word twice.

The word is the value as a text; it and the option's name are lower-case letters and digits alone, for they stand in the
data of the buttons of ``/settings``. A word that is no number has a text of its own (``draft-button-<word>``).
"""


TALL_PHOTOS = "draft-tall-photos"
"""The text that says that a tall video takes no third photo."""


def fit(asked: VideoOptions, photos: int, *, shape_chosen: bool) -> tuple[VideoOptions, tuple[str, ...]]:
    """The options for so many photos, and the texts that say what becomes of more than fit.

    A tall shape that was chosen takes no third photo; one that is only usual gives way to three.
    """
    if photos <= asked.shape.photo_limit:
        return asked, ()
    if shape_chosen and asked.shape is Shape.TALL:
        return asked, (TALL_PHOTOS,)
    made_wide = ("draft-made-wide",) if asked.shape is Shape.TALL else ()
    left_out = ("draft-extra-photos",) if photos > MAX_PHOTOS else ()
    return replace(asked, shape=Shape.WIDE), made_wide + left_out


def is_count(count: int) -> bool:
    """Whether so many videos can be asked for."""
    return 1 <= count <= MAX_VIDEOS
