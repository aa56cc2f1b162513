"""aria2's control files: what they say, and nothing believed of those that are wrong."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.aria2_control import parse_aria2_control
from tui_dl.domain.errors import UsageError
from tui_dl.domain.ranges import RangeSet

MIB = 1024 * 1024


def control(
    field: bytes,
    total: int,
    *,
    piece: int = MIB,
    order: str = ">",
    in_flight: bytes = b"\0\0\0\0",
    extension: bytes = b"\0\0\0\0",
    hash_bytes: int = 0,
    bits: int | None = None,
) -> bytes:
    version = b"\0\1" if order == ">" else b"\0\0"
    lengths = (piece, total, 0, len(field) if bits is None else bits)
    head = struct.pack(f"{order}4sI", extension, hash_bytes) + b"h" * hash_bytes
    return version + head + struct.pack(f"{order}IQQI", *lengths) + field + in_flight


@pytest.mark.parametrize("order", [">", "<"])
def test_whole_pieces_are_ranges_and_the_last_one_is_shorter(order: str) -> None:
    found = parse_aria2_control(control(b"\xc1\x40", 9 * MIB + 5, order=order))
    assert (found.piece_bytes, found.total_bytes) == (MIB, 9 * MIB + 5)
    assert found.done == RangeSet([(0, 2 * MIB), (7 * MIB, 8 * MIB), (9 * MIB, 9 * MIB + 5)])


def test_pieces_under_way_are_read_and_not_believed() -> None:
    way = struct.pack(">I", 1) + struct.pack(">III", 2, MIB, 8) + b"\xff" * 8
    assert parse_aria2_control(control(b"\x80", 4 * MIB, in_flight=way)).done.total == MIB


@given(pieces=st.lists(st.booleans(), min_size=1, max_size=70), rest=st.integers(1, 1024))
def test_what_is_written_is_read(pieces: list[bool], rest: int) -> None:
    padded = [*pieces, *[False] * (-len(pieces) % 8)]
    field = bytes(
        sum(bit << (7 - at) for at, bit in enumerate(padded[start : start + 8]))
        for start in range(0, len(padded), 8)
    )
    total = (len(pieces) - 1) * 1024 + rest
    found = parse_aria2_control(control(field, total, piece=1024))
    wanted = [(n * 1024, min(total, (n + 1) * 1024)) for n, bit in enumerate(pieces) if bit]
    assert found.done == RangeSet(wanted)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no control file"),
        (b"\0\2" + b"\0" * 40, "no control file"),
        (b"<!doctype html>" * 9, "no control file"),
        (control(b"\x80", MIB, hash_bytes=20), "torrent"),
        (control(b"\x80", MIB, extension=b"\0\0\0\1"), "torrent"),
        (control(b"\x80", 0), "cannot be"),
        (control(b"\x80", MIB, piece=0), "cannot be"),
        (control(b"\x80", 2**63), "cannot be"),
        (control(b"\x80", MIB, bits=2**32 - 1), "do not fit"),
        (control(b"\x80\x00", MIB), "do not fit"),
        (control(b"\x80", 100 * MIB), "do not fit"),
        (control(b"\xc0", MIB), "behind its end"),
        (control(b"\x80", MIB, in_flight=b"\xff\xff\xff\xff"), "more pieces"),
        (control(b"\x80", MIB, in_flight=b"\0\0\0\1"), "too early"),
        (control(b"\x80", MIB, in_flight=b"\0\0\0\1" + b"\xff" * 12), "too early"),
        (control(b"\x80", MIB) + b"x", "more bytes"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_aria2_control(data)


@given(cut=st.integers(0, 200), noise=st.binary(max_size=30))
def test_a_cut_or_noisy_file_never_claims_more_than_its_length(cut: int, noise: bytes) -> None:
    whole = control(b"\xf0\x0f\xff\x00" * 5, 160 * 1024, piece=1024)
    for data in (whole[:cut], whole[:cut] + noise, noise + whole[cut:]):
        try:
            found = parse_aria2_control(data)
        except UsageError:
            continue
        assert all(r.end <= found.total_bytes for r in found.done)


@given(data=st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for head in (b"", b"\0\0", b"\0\1", b"\0\1\0\0\0\0\0\0\0\0"):
        try:
            found = parse_aria2_control(head + data)
        except UsageError:
            continue
        assert found.done.total <= found.total_bytes
