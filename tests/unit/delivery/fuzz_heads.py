"""Mutated heads of video files, read as the bot reads them: ``python -m tests.unit.delivery.fuzz_heads 200000``.

Whatever a file holds, the reader raises its own error and nothing else. The tests run a part of it.
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from services.delivery.errors import VideoError
from services.delivery.facts import read_facts
from services.delivery.length import least_length

FILMS = Path(__file__).parent / "films"
KINDS = (b"ftyp", b"moov", b"trak", b"mdia", b"stsd", b"avc1", b"free", b"stsz", b"stco", b"co64", b"moof", b"mdat")
NUMBERS = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    """One head: bytes, numbers and names changed, parts cut, doubled or put in; now and then with more behind it."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(max(1, len(data) - 8))
        match chance.randrange(6):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at : at + 4] = chance.choice(NUMBERS).to_bytes(4, "big")
            case 2:
                data[at : at + 4] = chance.choice(KINDS)
            case 3:
                del data[at : at + chance.randint(1, 64)]
            case 4:
                data[at:at] = data[at : at + chance.randint(1, 64)]
            case 5:
                data[at:at] = chance.randbytes(chance.randint(1, 16))
    return bytes(data[: chance.randrange(len(data))] if chance.random() < 0.2 else data)


def seeds() -> list[bytes]:
    """Films with their tables in front, whose media is cut: the head is what is read."""
    return [path.read_bytes()[:4096] for path in FILMS.glob("*.mp4")]


def run(count: int, seed: int, folder: Path, more: list[bytes] | None = None) -> Counter[str]:
    """Read so many heads; how many were read and how many refused. Anything else that is raised comes out."""
    chance, found = random.Random(seed), Counter[str]()
    films = seeds() + (more or [])
    path = folder / "head"
    for _ in range(count):
        data = mutated(chance, films)
        path.write_bytes(data)
        with path.open("rb") as file:
            assert least_length(file, len(data)) >= 0
        try:
            facts = read_facts(path)
        except VideoError:
            found["refused"] += 1
        else:
            assert facts.width > 0
            assert facts.height > 0
            assert facts.duration is None or facts.duration > 0
            found["read"] += 1
    return found


def main() -> None:
    """Read as many as the first argument says, from the seed of the second."""
    from tests.unit.delivery.test_tables import h264

    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        film = h264(Path(folder) / "film.mp4", flags="faststart").read_bytes()
        sys.stdout.write(f"{dict(run(count, seed, Path(folder), [film]))}\n")


if __name__ == "__main__":
    main()
