"""Server-sent events out of bytes in any pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.service import remote_sse
from tui_dl.service.remote_sse import SseDecoder, SseFrame

STREAM = (
    b": a comment\n\n"
    b'event: whole\ndata: {"a":1}\n\n'
    b"data: no name\n\n"
    b"event:tight\ndata:x\ndata: y\r\n\r\n"
    b"id: 5\nretry: 10\nunknown\n\n"
    b"event: empty\n\n"
    b"event: \xff\ndata: \xe2\x80\xa8 stays\n\n"
    b"event: cut\ndata: off"
)
FRAMES = [
    SseFrame("whole", b'{"a":1}'),
    SseFrame("message", b"no name"),
    SseFrame("tight", b"x\ny"),
    SseFrame("\ufffd", b"\xe2\x80\xa8 stays"),
]


def test_what_a_stream_says() -> None:
    assert SseDecoder().feed(STREAM) == FRAMES


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    decoder = SseDecoder()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = [frame for start, end in pairwise(edges) for frame in decoder.feed(STREAM[start:end])]
    assert found == FRAMES


@given(st.binary())
def test_nothing_breaks_it(data: bytes) -> None:
    for frame in SseDecoder().feed(data):
        assert b"\n\n" not in frame.data or b"data" in data


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_sse, "LONGEST_LINE_BYTES", 100)
    decoder = SseDecoder()
    decoder.feed(b"x" * 60)
    with pytest.raises(ValueError, match="too long"):
        decoder.feed(b"x" * 60)
