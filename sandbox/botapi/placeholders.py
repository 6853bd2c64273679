"""What people send beside texts, photos and documents: enough of it for a bot to see that it cannot use it."""

from collections.abc import Mapping

CLIPS = {
    "sticker": ("sticker.webp", "image/webp"),
    "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("song.mp3", "audio/mpeg"),
    "animation": ("cat.mp4", "video/mp4"),
    "video_note": ("round.mp4", "video/mp4"),
    "video": ("clip.mp4", "video/mp4"),
}
"""Name and content type of what has a file."""

FIELDS: Mapping[str, Mapping[str, object]] = {
    "location": {"latitude": 21.0278, "longitude": 105.8342},
    "contact": {"phone_number": "+15550100", "first_name": "Sam"},
    "dice": {"emoji": "🎲", "value": 4},
}
"""What has no file, as it stands in a message."""

OTHER_KINDS = frozenset(CLIPS) | frozenset(FIELDS)
"""What ``send_other`` can send."""
