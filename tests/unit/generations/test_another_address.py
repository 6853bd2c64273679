"""Which address of the history is the one of a video whose own is dead."""

import pytest

from services.generations.reconcile import another

A, B = "https://cdn.example/a.mp4", "https://cdn.example/b.mp4"


@pytest.mark.parametrize(
    ("found", "position", "dead", "others", "wanted"),
    [
        ([A + "?fresh"], 0, A + "?old", [], A + "?fresh"),
        ([A], 0, A, [], None),
        ([], 0, A, [], None),
        (["https://x.example/1.mp4"], 0, A, [], "https://x.example/1.mp4"),
        ([B + "?2", A + "?2"], 0, A + "?1", [B + "?1"], A + "?2"),
        (["https://x.example/1.mp4", "https://x.example/2.mp4"], 1, B, [A], "https://x.example/2.mp4"),
        (["https://x.example/1.mp4", A], 1, B, [A], "https://x.example/1.mp4"),
        ([A, "https://x.example/2.mp4"], 1, B, [A], "https://x.example/2.mp4"),
        ([A, B, "https://x.example/3.mp4"], 0, A, [B], None),
        (
            ["https://d.example/get?id=1&n", "https://d.example/get?id=2&n"],
            1,
            "https://d.example/get?id=2",
            ["https://d.example/get?id=1"],
            "https://d.example/get?id=2&n",
        ),
    ],
)
def test_another_address(found: list[str], position: int, dead: str, others: list[str], wanted: str | None) -> None:
    assert another(found, position, dead, others) == wanted
