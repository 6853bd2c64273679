"""The decoder against the rules of the standard, written down a second time in the plainest way."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.genaipro.stream import ServerSentEvent, SseDecoder, SseLimitError

LINE = st.one_of(
    st.sampled_from(
        [
            "", "", "", "data", "data:", "data: ", "data:  two", "event: name", "event", ": comment", ":", "id: 7",
            "retry: 10", "unknown: x", "data: a:b", " data: x", "event:other", "\ufeffdata: x", "data: \ufeff",
        ]
    ),
    st.text(max_size=12).map(lambda text: "data: " + text.replace("\r", "").replace("\n", "")),
    st.text(max_size=12).map(lambda text: text.replace("\r", "").replace("\n", "")),
)  # fmt: skip
BREAK = st.sampled_from([b"\n", b"\r\n", b"\r"])
PIECES = st.lists(
    st.one_of(st.tuples(LINE.map(str.encode), BREAK), st.tuples(st.binary(max_size=8), BREAK)), max_size=25
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    raw = b"".join(line + end for line, end in draw(PIECES))
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + raw + draw(st.binary(max_size=6))


def chunks_of(raw: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


def by_the_standard(raw: bytes) -> tuple[list[ServerSentEvent], list[ServerSentEvent]]:
    """All at once: decode, drop one mark, cut into lines, then field by field. Second: what the end cut off."""
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    events, name, data = [], "", ""
    for line in lines:
        if line == "":
            if data:
                events.append(ServerSentEvent(name or "message", data[:-1]))
            name, data = "", ""
        name, data = apply(line, name, data)
    name, data = apply(rest, name, data)
    return events, [ServerSentEvent(name or "message", data[:-1], complete=False)] if data else []


def apply(line: str, name: str, data: str) -> tuple[str, str]:
    field, value = line, ""
    if ":" in line:
        at = line.index(":")
        field, value = line[:at], line[at + 1 :]
        if value[:1] == " ":
            value = value[1:]
    if field == "event":
        return value, data
    return name, data + value + "\n" if field == "data" else data


def decode(chunks: list[bytes]) -> tuple[list[ServerSentEvent], list[ServerSentEvent]]:
    decoder = SseDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events, decoder.finish()


@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_cut_reads_as_the_standard_says(raw: bytes, cuts: list[int]) -> None:
    assert decode(chunks_of(raw, cuts)) == by_the_standard(raw)


@given(streams())
def test_byte_by_byte_reads_the_same(raw: bytes) -> None:
    assert decode([raw[at : at + 1] for at in range(len(raw))]) == by_the_standard(raw)


@given(st.text(), st.lists(st.integers(0, 10_000), max_size=8), BREAK)
def test_a_text_survives_any_cut(text: str, cuts: list[int], end: bytes) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = b"".join(b"data: " + line.encode("utf-8") + end for line in lines.split("\n"))
    assert decode(chunks_of(raw + end, cuts)) == ([ServerSentEvent("message", lines)], [])


def test_an_event_is_out_as_soon_as_its_last_break_is_in() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: x\r\n\r") == [ServerSentEvent("message", "x")]
    assert decoder.feed(b"\ndata: y\r\r") == [ServerSentEvent("message", "y")]
    assert decoder.finish() == []


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"]])
def test_a_line_over_the_limit(chunks: list[bytes]) -> None:
    decoder = SseDecoder(max_line=10)
    decoder.feed(b"x" * 10 + b"\n")
    with pytest.raises(SseLimitError):
        list(map(decoder.feed, chunks))


def test_an_event_over_the_limit() -> None:
    decoder = SseDecoder(max_event=10)
    assert decoder.feed(b"data: 1234\ndata: 1234\n\n") == [ServerSentEvent("message", "1234\n1234")]
    with pytest.raises(SseLimitError):
        decoder.feed(b"data: 1234\ndata: 1234\ndata\n")
