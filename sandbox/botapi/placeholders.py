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

_PLACE = {"latitude": 21.0278, "longitude": 105.8342}

FIELDS: Mapping[str, Mapping[str, object]] = {
    "location": {"location": _PLACE},
    # Telegram repeats the place of a venue, for programs that know no venues.
    "venue": {"venue": {"location": _PLACE, "title": "Hoan Kiem", "address": "Ha Noi"}, "location": _PLACE},
    "contact": {"contact": {"phone_number": "+15550100", "first_name": "Sam"}},
    "dice": {"dice": {"emoji": "🎲", "value": 4}},
    "story": {"story": {"id": 1, "chat": {"id": 5_000_001, "type": "private", "first_name": "Sam"}}},
    "poll": {
        "poll": {
            "id": "5000000000000000001",
            "question": "Where to?",
            "options": [
                {"persistent_id": number, "text": text, "voter_count": 0}
                for number, text in (("0", "To the lake"), ("1", "To the hills"))
            ],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    },
}
"""The fields of a message of what has no file."""

OTHER_KINDS = frozenset(CLIPS) | frozenset(FIELDS)
"""What ``send_other`` can send."""
