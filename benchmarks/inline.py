"""From an inline query to its answer, for a person with a thousand videos, seen from outside.

Every query reads all of their prompts: a word that each of them has, words that one has, and none at all.
Run with ``python -m benchmarks.inline``; it takes about half a minute.
"""

import asyncio
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from benchmarks.stage import photo, report, share, stage

VIDEOS = 1000
QUERIES = 300
WORDS = "Chiếc thuyền đỏ trôi chậm trên sông lúc hoàng hôn, máy quay lùi dần, ánh nắng vàng nhạt, mặt nước gợn sóng, số"


def fill(path: Path) -> None:
    """Let the one person of the database have a thousand requests with a video each."""
    with closing(sqlite3.connect(path)) as other, other:
        names = [row[1] for row in other.execute("PRAGMA table_info(generations)")]
        new = {"id": "'copy' || ?1", "request_key": "'copy' || ?1", "prompt": "?2 || ' ' || ?1"}
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(new.get(name, f'"{name}"') for name in names)
        for number in range(VIDEOS - 1):
            other.execute(
                f"INSERT INTO generations ({columns}) SELECT {values} FROM generations WHERE id NOT LIKE 'copy%'",
                (number, WORDS),
            )
            other.execute(
                "INSERT INTO videos (generation_id, position, url, state, send_attempts, message_id, file_id)"
                " SELECT 'copy' || ?1, position, url, state, send_attempts, message_id, file_id"
                " FROM videos WHERE generation_id NOT LIKE 'copy%'",
                (number,),
            )


async def main() -> int:
    """Print the figures; 1 when one is missed."""
    async with stage(inline=True) as here:
        person = here.telegram.add_person("Anna")
        await person.send_photo(photo(), "/video waves roll in")
        await here.telegram.wait_for_message(person.chat_id, "Done", timeout=90)
        await asyncio.to_thread(fill, here.bot.log.parent / "data" / "pho2video.sqlite3")
        took = []
        for number in range(QUERIES):
            text = ("thuyen", f"SONG do {number}", "")[number % 3]
            began = time.perf_counter()
            answer = await here.telegram.wait_for_inline(person.type_inline(text))
            took.append((time.perf_counter() - began) * 1000)
            assert answer.results
    reached = [
        report("inline query -> its answer, p50", share(took, 50), "ms", 75),
        report("inline query -> its answer, p99", share(took, 99), "ms", 150),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
