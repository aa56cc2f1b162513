"""Position-coded bodies are stable, and what is wrong with a file is told rightly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fault_server import (
    Body,
    body_bytes,
    check_file,
    check_ranges,
    diagnose,
    sha256_of,
    write_body,
)

OFFSETS = st.integers(0, 3 << 20) | st.integers(0, 1 << 59)
MIB = 1 << 20


@given(seed=st.integers(0, 5), start=OFFSETS, length=st.integers(0, 4096), cut=st.integers(0, 4096))
def test_body_is_the_same_however_it_is_cut(seed: int, start: int, length: int, cut: int) -> None:
    middle = min(start + cut, start + length)
    whole = body_bytes(seed, start, start + length)
    assert whole == body_bytes(seed, start, middle) + body_bytes(seed, middle, start + length)
    assert len(whole) == length
    assert diagnose(whole, seed, start) == ""


@given(at=OFFSETS, source=OFFSETS, length=st.integers(96, 4096))
def test_moved_bytes_are_traced_to_their_offset(at: int, source: int, length: int) -> None:
    data = body_bytes(1, source, source + length)
    if at == source:
        assert diagnose(data, 1, at) == ""
    else:
        # The first byte or two may be right by chance: the run then begins a little later.
        assert f"(moved by {at - source:+d})" in diagnose(data, 1, at)


@given(at=OFFSETS, length=st.integers(96, 4096))
def test_bytes_of_another_seed_are_named(at: int, length: int) -> None:
    said = diagnose(body_bytes(2, at, at + length), 1, at)
    assert "belong to the same offset of seed 2" in said


def test_a_seed_that_was_never_used_is_still_recognised() -> None:
    never_seen = bytes(b ^ 0x5A for b in body_bytes(1, 4096, 8192))
    assert "a seed not used here" in diagnose(never_seen, 1, 4096)


def test_holes_pages_and_several_runs_are_told_apart() -> None:
    data = bytearray(body_bytes(1, 0, 8192))
    data[100:200] = bytes(100)
    data[1000:1033] = b"<html><body>not found</body></ht>"
    said = diagnose(bytes(data), 1, 0)
    assert "100 bytes at 100 are zeros" in said
    assert "33 bytes at 1000 are foreign: b'<html><body>not found</body></ht>'" in said


@pytest.mark.parametrize("at", [0, 7, MIB - 3, 2 * MIB + 11])
def test_check_file_finds_one_wrong_byte(tmp_path: Path, at: int) -> None:
    path = tmp_path / "f"
    write_body(path, 4, 3_000_000)
    check_file(path, 4, 3_000_000)
    with path.open("r+b") as file:
        file.seek(at)
        right = file.read(1)[0]
        file.seek(at)
        file.write(bytes((right ^ 1,)))
    with pytest.raises(AssertionError, match=f"wrong at {at}: 1 bytes at {at} "):
        check_file(path, 4, 3_000_000)


def test_check_file_names_a_stale_run(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_body(path, 4, 3_000_000)
    with path.open("r+b") as file:
        file.seek(2_000_000)
        file.write(body_bytes(4, 0, 100))
    with pytest.raises(AssertionError, match="100 bytes at 2000000 belong to offset 0"):
        check_file(path, 4, 3_000_000)


def test_check_file_wants_the_exact_size(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with pytest.raises(AssertionError, match="does not exist"):
        check_file(path, 4, 10)
    write_body(path, 4, 1000)
    with pytest.raises(AssertionError, match="has 1000 bytes, expected 1001"):
        check_file(path, 4, 1001)
    with pytest.raises(AssertionError, match="has 1000 bytes, expected 999, past the end"):
        check_file(path, 4, 999)


def test_check_ranges_looks_only_where_told(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(body_bytes(6, 0, 500) + bytes(500) + body_bytes(6, 1000, 1500))
    check_ranges(path, 6, [(0, 500), (1000, 1500)])
    with pytest.raises(AssertionError, match="wrong at 500: 1 bytes at 500 are zeros"):
        check_ranges(path, 6, [(0, 501)])
    with pytest.raises(AssertionError, match="the file ends at 1500"):
        check_ranges(path, 6, [(1400, 1501)])


def test_patches_lie_over_the_code() -> None:
    body = Body(3, 2 * MIB, patches=((MIB - 2, b"abcd"),))
    plain = body_bytes(3, 0, 2 * MIB)
    assert body.read(0, 2 * MIB) == plain[: MIB - 2] + b"abcd" + plain[MIB + 2 :]
    assert body.read(MIB, MIB + 3) == b"cd" + plain[MIB + 2 : MIB + 3]
    assert body.sha256() != sha256_of(3, 2 * MIB)


def test_seeds_differ_in_every_word() -> None:
    one, two = body_bytes(1, 0, 65536), body_bytes(2, 0, 65536)
    assert all(one[at : at + 8] != two[at : at + 8] for at in range(0, 65536, 8))
