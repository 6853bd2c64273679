"""Memory that large images take: 600 MB for one, 900 MB for two at once, measured in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.photos.pictures import encoded, exif

SIZE = (8160, 6120)
MEASURE = """
import asyncio, sys
from pathlib import Path
from services.photos import images
from services.photos.workers import PhotoWorkers

def status(name):
    (line,) = [line for line in open("/proc/self/status") if line.startswith(name)]
    return int(line.split()[1]) * 1024

async def main(folder, *names):
    workers = PhotoWorkers(folder / "decoding")
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    done = [workers.normalise(folder / name, folder / f"photo-{n}") for n, name in enumerate(names)]
    await asyncio.gather(*done)
    print(status("VmHWM") - before, status("VmRSS") - before)
    workers.close()

asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
"""


def measured(folder: Path, *names: str) -> tuple[int, int]:
    """The most memory beyond what the process had, and what it still has afterwards."""
    out = subprocess.run([sys.executable, "-c", MEASURE, folder, *names], check=True, capture_output=True, text=True)
    peak, after = out.stdout.split()
    return int(peak), int(after)


def halves(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGBA", size, (10, 200, 30, 128))
    image.paste((200, 20, 10, 255), (0, 0, size[0] // 2, size[1] // 2))
    return image


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_turned_images_of_fifty_megapixels(tmp_path: Path) -> None:
    turned = exif(6).tobytes()
    picture = halves(SIZE)
    (tmp_path / "a.webp").write_bytes(encoded(picture, "WEBP", lossless=True, quality=0, method=0, exif=turned))
    opaque = picture.convert("RGB")
    (tmp_path / "b.jpg").write_bytes(encoded(opaque, "JPEG", progressive=True, subsampling=0, exif=turned))
    small = halves((3900, 2500))
    (tmp_path / "c.webp").write_bytes(encoded(small, "WEBP", method=0, exif=turned))
    del picture, opaque
    peak, after = measured(tmp_path, "a.webp")
    assert peak <= 600_000_000
    assert after <= 150_000_000
    peak, after = measured(tmp_path, "a.webp", "c.webp", "b.jpg")
    assert peak <= 900_000_000
    assert after <= 150_000_000
    with Image.open(tmp_path / "photo-0.png") as image:
        assert image.size == SIZE[::-1]
