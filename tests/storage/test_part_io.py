"""Writing, syncing and closing one file: every byte or an error, never into a foreign file."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage.part_file import PartFile

Pwrite = Callable[[int, bytes | memoryview, int], int]
real_pwrite: Pwrite = os.pwrite


@pytest.fixture
def part(folder: Path) -> Iterator[PartFile]:
    """Give a fresh part file."""
    made = PartFile.reserve(folder, "a.bin")
    yield made
    made.close()


def test_bytes_land_at_their_offset(part: PartFile) -> None:
    part.write_at(b"late", 8)
    part.write_at(memoryview(bytearray(b"early")), 0)
    assert part.part_path.read_bytes() == b"early\0\0\0late"
    assert part.read_at(8, 2) == b"la"
    assert part.read_at(8, 100) == b"late"
    assert part.read_at(100, 1) == b""
    assert part.size_bytes() == 12


@settings(max_examples=30)
@given(
    data=st.binary(min_size=1, max_size=300),
    steps=st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_d4_short_writes_are_finished(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, steps: list[int]
) -> None:
    calls = iter(steps)

    def short(fd: int, piece: bytes | memoryview, offset: int) -> int:
        return real_pwrite(fd, piece[: next(calls, len(piece))], offset)

    made = PartFile.reserve(tmp_path_factory.mktemp("short"), "a.bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", short)
        made.write_at(memoryview(data), 5)
    assert made.part_path.read_bytes() == b"\0" * 5 + data
    made.close()


def test_d4_a_disk_that_takes_nothing_is_an_error_not_a_loop(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with pytest.raises(DiskError) as caught:
        part.write_at(b"abc", 0)
    assert caught.value.code is ErrorCode.DISK_IO


def test_d3_a_disk_that_fills_in_the_middle_of_a_write_says_so(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fills(fd: int, data: bytes | memoryview, offset: int) -> int:
        if offset > 0:
            raise OSError(errno.ENOSPC, "full")
        return real_pwrite(fd, data[:2], offset)

    monkeypatch.setattr(os, "pwrite", fills)
    with pytest.raises(DiskError) as caught:
        part.write_at(b"abc", 0)
    assert caught.value.code is ErrorCode.DISK_FULL


def test_d3_a_disk_that_is_really_full_and_then_freed(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(600_000))
    full = PartFile.reserve(small_disk, "a.bin")
    data = os.urandom(700_000)
    with pytest.raises(DiskError) as caught:
        full.write_at(data, 0)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert str(small_disk) in caught.value.message
    ballast.unlink()
    full.write_at(data, 0)
    assert full.read_at(0, len(data)) == data
    full.close()


def test_the_size_is_set_exactly(part: PartFile) -> None:
    part.write_at(b"abcdef", 0)
    part.set_size(4)
    assert part.part_path.read_bytes() == b"abcd"
    part.set_size(6)
    assert part.part_path.read_bytes() == b"abcd\0\0"


def test_h14_a_size_beyond_the_file_system_is_named(part: PartFile) -> None:
    with pytest.raises(DiskError) as caught:
        part.set_size(2**62)
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE


def test_h14_offsets_beyond_four_gigabytes(part: PartFile) -> None:
    part.write_at(b"far", 2**32 + 5)
    assert part.read_at(2**32 + 4, 10) == b"\0far"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_d6_a_failed_sync_is_final(
    part: PartFile, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    part.write_at(b"abc", 0)
    with monkeypatch.context() as patch:

        def fail(_fd: int) -> None:
            raise OSError(number, "lost")

        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(DiskError):
            part.sync()
    for metadata_too in (False, True):
        with pytest.raises(DiskError) as caught:
            part.sync(metadata_too=metadata_too)
        assert caught.value.code is ErrorCode.DISK_IO


def test_d6_the_first_sync_saves_the_name_too(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def noted(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", noted)
    part.sync()
    part.sync()
    assert synced == [str(part.directory)]


def test_the_digest_is_that_of_the_whole_file(part: PartFile) -> None:
    data = os.urandom(2_500_000)
    part.write_at(data, 0)
    seen: list[int] = []

    def progress(count: int) -> bool:
        seen.append(count)
        return True

    assert part.hash_file("sha256", progress) == hashlib.sha256(data).hexdigest()
    assert sum(seen) == len(data)
    assert len(seen) == 3


def test_the_digest_of_an_empty_file(part: PartFile) -> None:
    assert part.hash_file("md5", lambda _: True) == hashlib.md5(b"").hexdigest()


def test_hashing_stops_when_asked(part: PartFile) -> None:
    part.set_size(3_000_000)
    with pytest.raises(InterruptedError):
        part.hash_file("sha256", lambda _: False)


def test_hashing_ends_when_the_file_is_closed(part: PartFile) -> None:
    part.set_size(3_000_000)

    def close_meanwhile(_count: int) -> bool:
        part.close()
        return True

    with pytest.raises(RuntimeError):
        part.hash_file("sha256", close_meanwhile)


def test_a_closed_file_refuses(part: PartFile) -> None:
    part.close()
    part.close()
    with pytest.raises(RuntimeError):
        part.write_at(b"x", 0)
    with pytest.raises(RuntimeError):
        part.sync()


def test_d16_closing_waits_for_a_write_in_flight(
    part: PartFile, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A late write lands in its own file although somebody closes and opens others."""
    started, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow(fd: int, data: bytes | memoryview, offset: int) -> int:
        started.set()
        assert go_on.wait(30)
        return real_pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", slow)

    def close_then_open_another() -> None:
        part.close()
        closed.set()

    writer = threading.Thread(target=part.write_at, args=(b"mine", 0))
    writer.start()
    assert started.wait(30)
    closer = threading.Thread(target=close_then_open_another)
    closer.start()
    # Once the close has begun new writes are refused, but the old one still holds the file.
    while True:
        try:
            part.size_bytes()
        except RuntimeError:
            break
    assert not closed.is_set()
    others = [(folder / f"other{n}").open("wb") for n in range(20)]
    go_on.set()
    writer.join()
    closer.join()
    for file in others:
        file.close()
    assert part.part_path.read_bytes() == b"mine"
    assert all(p.stat().st_size == 0 for p in folder.glob("other*"))


def test_d16_a_storm_of_writes_and_closes_leaves_no_foreign_byte(folder: Path) -> None:
    """Each file holds only its own number, whatever descriptors are used again."""

    def fill(part: PartFile, mark: bytes) -> None:
        for offset in range(0, 4096, 64):
            try:
                part.write_at(mark * 64, offset)
            except RuntimeError:
                return

    for round_ in range(25):
        parts = [PartFile.reserve(folder, f"{round_}-{n}") for n in range(4)]
        threads = [
            threading.Thread(target=fill, args=(part, bytes([65 + n])))
            for n, part in enumerate(parts)
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for part in parts:
            part.close()
        for thread in threads:
            thread.join()
        for n, part in enumerate(parts):
            assert set(part.part_path.read_bytes()) <= {65 + n}


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give a pipe: its way out, its way in."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


needs_splice = pytest.mark.skipif(not hasattr(os, "splice"), reason="only Linux has splice")


@needs_splice
def test_bytes_of_a_pipe_land_at_their_offset(part: PartFile, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"early and late")
    part.write_pipe(pipe[0], 5, 3)
    part.write_pipe(pipe[0], 9, 20)
    assert part.part_path.read_bytes() == b"\0\0\0early" + b"\0" * 12 + b" and late"
    assert part.takes_pipes


@needs_splice
def test_d4_a_pipe_is_emptied_in_as_many_steps_as_it_takes(
    part: PartFile, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.splice
    monkeypatch.setattr(
        os, "splice", lambda src, dst, count, **more: real(src, dst, min(count, 3), **more)
    )
    os.write(pipe[1], b"0123456789")
    part.write_pipe(pipe[0], 10, 1)
    assert part.part_path.read_bytes() == b"\x000123456789"


@needs_splice
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_that_takes_no_pipes_gets_the_bytes_all_the_same(
    part: PartFile, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.splice
    steps = iter([3])

    def refuse(src: int, dst: int, count: int, **more: int) -> int:
        if (step := next(steps, None)) is not None:
            return real(src, dst, step, **more)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "splice", refuse)
    os.write(pipe[1], b"0123456789")
    part.write_pipe(pipe[0], 10, 0)
    assert part.part_path.read_bytes() == b"0123456789"
    assert not part.takes_pipes


@needs_splice
def test_d3_a_full_disk_is_told_of_a_pipe_too(
    part: PartFile, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **more: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "splice", refuse)
    os.write(pipe[1], b"0123456789")
    with pytest.raises(DiskError) as caught:
        part.write_pipe(pipe[0], 10, 0)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert part.takes_pipes, "there is no room, but the way is right"
