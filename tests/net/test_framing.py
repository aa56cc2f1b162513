"""Framing without sockets: every cut of every coding, and what is refused (H15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.framing import (
    BodyPlan,
    ChunkedDecoder,
    CloseDecoder,
    Decoder,
    LengthDecoder,
    decoder_for,
    plan_body,
)
from tui_dl.net.reply import Framing


def run(decoder: Decoder, wire: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """Show ``wire`` to the decoder in pieces; return body and what was left over."""
    out = b""
    marks = sorted({cut % (len(wire) + 1) for cut in cuts} | {len(wire)})
    begin = 0
    for mark in marks:
        buffer = bytearray(b"?" * 3 + wire[begin:mark] + b"?" * 3)
        at, end = 3, 3 + mark - begin
        while at < end and not decoder.done:
            first, last, after = decoder.take(buffer, at, end)
            assert at <= first <= last <= after <= end
            assert after > at
            out += buffer[first:last]
            at = after
        if decoder.done:
            return out, bytes(buffer[at:end]) + wire[mark:]
        begin = mark
    return out, b""


pieces = st.lists(st.binary(min_size=1, max_size=300), max_size=8)
cuts = st.lists(st.integers(0, 5000), max_size=12)
extensions = st.sampled_from([b"", b";a=b", b' ; x="y z"', b"\t"])


@given(pieces, cuts, extensions, st.booleans(), st.binary(max_size=5))
def test_chunks_come_out_whole_however_they_are_cut(
    pieces: list[bytes], cuts: list[int], extension: bytes, trailer: bool, rest: bytes
) -> None:
    wire = b"".join(b"%X%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces)
    wire += b"000\r\n" + (b"X-Sum: 1\r\n" if trailer else b"") + b"\r\n"
    decoder = ChunkedDecoder()
    assert run(decoder, wire + rest, cuts) == (b"".join(pieces), rest)
    assert decoder.done
    short = ChunkedDecoder()
    assert run(short, wire[:-1], cuts)[0] == b"".join(pieces)
    assert not short.done, "the last byte of the coding is needed"


@given(st.binary(max_size=2000), st.integers(0, 2000), cuts)
def test_a_length_is_counted_to_the_byte(wire: bytes, length: int, cuts: list[int]) -> None:
    decoder = LengthDecoder(length)
    body, rest = run(decoder, wire, cuts)
    assert body == wire[:length]
    assert decoder.done is (len(wire) >= length)
    assert rest == (wire[length:] if decoder.done else b"")


@given(st.binary(max_size=2000), cuts)
def test_until_the_end_everything_is_body(wire: bytes, cuts: list[int]) -> None:
    decoder = CloseDecoder()
    assert run(decoder, wire, cuts) == (wire, b"")
    assert not decoder.done


@pytest.mark.parametrize(
    "wire",
    [
        b"5\nhello\r\n",
        b"5\r\nhelloX\r\n",
        b"5\r\nhello\n",
        b"-5\r\n",
        b"0x5\r\n",
        b"\r\n",
        b" 5\r\n",
        b"g\r\n",
        b"1 2\r\n",
        b"11111111111111111\r\n",
        b"5;" + b"x" * 5000,
        b"5;\x00\r\n",
        b"0\r\n" + b"X: " + b"y" * 5000,
        b"0\r\n" + b"X: y\r\n" * 12_000,
    ],
)
@pytest.mark.parametrize("step", [1, 1_000_000])
def test_broken_chunks_are_refused(wire: bytes, step: int) -> None:
    with pytest.raises(TransferError) as caught:
        run(ChunkedDecoder(), wire, list(range(0, len(wire), step)))
    assert caught.value.code is ErrorCode.PROTOCOL


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (200, [], BodyPlan(Framing.CLOSE, None)),
        (200, [(b"content-length", b"7")], BodyPlan(Framing.LENGTH, 7)),
        (200, [(b"content-length", b"0")], BodyPlan(Framing.EMPTY, 0)),
        (200, [(b"content-length", b"7, 7")], BodyPlan(Framing.LENGTH, 7)),
        (200, [(b"content-length", b"7"), (b"content-length", b"07")], BodyPlan(Framing.LENGTH, 7)),
        (200, [(b"content-length", b"9223372036854775808")], BodyPlan(Framing.LENGTH, 2**63)),
        (200, [(b"transfer-encoding", b" Chunked ")], BodyPlan(Framing.CHUNKED, None)),
        (204, [], BodyPlan(Framing.EMPTY, 0)),
        (304, [(b"content-length", b"7")], BodyPlan(Framing.EMPTY, 0)),
        (206, [(b"content-length", b"1")], BodyPlan(Framing.LENGTH, 1)),
    ],
)
def test_the_framing_is_chosen(
    status: int, fields: list[tuple[bytes, bytes]], expected: BodyPlan
) -> None:
    assert plan_body(status, fields) == expected
    assert decoder_for(expected).done is (expected.framing is Framing.EMPTY)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"content-length", b"12abc")],
        [(b"content-length", b"")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"+1")],
        [(b"content-length", b"1_0")],
        [(b"content-length", b"1,")],
        [(b"content-length", b"5"), (b"content-length", b"6")],
        [(b"content-length", b"5, 6")],
        [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"gzip")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
    ],
)
@pytest.mark.parametrize("status", [200, 206, 404])
def test_contradictions_are_refused(status: int, fields: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(TransferError) as caught:
        plan_body(status, fields)
    assert caught.value.code is ErrorCode.PROTOCOL
