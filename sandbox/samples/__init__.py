"""Three sample photos, painted for this project, for a demo that needs no photos of one's own."""

from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = (HERE / "dusk.jpg", HERE / "harbour.jpg", HERE / "still-life.jpg")
"""A lake at dusk, a harbour at night, a still life with fruit; in this order."""
