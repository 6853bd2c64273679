"""Image documents are looked at before a draft takes them: fetched, checked off the event loop, and thrown away."""

import secrets

from services.photos.fetch import PhotoFetcher
from services.photos.model import PhotoError, PhotoProblem, PhotoRef
from services.temp_dirs import TempDirs


class DocumentInspector:
    """Looks at images that came as files.

    Args:
        photos: Gets them.
        temp_dirs: Where temporary files go.
    """

    def __init__(self, photos: PhotoFetcher, temp_dirs: TempDirs) -> None:
        self._photos = photos
        self._temp_dirs = temp_dirs

    async def inspect(self, photo: PhotoRef) -> PhotoProblem | None:
        """Fetch and normalise it, as the generation will.

        Returns:
            What is wrong with it, or None when it can be used.
        """
        async with self._temp_dirs.folder("inspection", secrets.token_hex(8)) as folder:
            try:
                await self._photos.fetch(photo, folder, 1)
            except PhotoError as error:
                return error.problem
        return None
