"""Files without a name get their final one together; nothing is replaced, one fails alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage import claim, landing
from tui_dl.storage.folder import opened_folder
from tui_dl.storage.landing import land_parts, sync_parts
from tui_dl.storage.part_file import PartFile


def unnamed(directory: Path, name: str, data: bytes = b"whole") -> PartFile:
    """Return a part with bytes and without a name."""
    part = PartFile.prepare(directory, name)
    if part.is_placed:
        pytest.skip("the file system here gives every file a name")
    part.write_at(data, 0)
    return part


def contents(directory: Path) -> dict[str, bytes]:
    """Return what lies in a folder."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_all_get_their_names_and_each_folder_is_synced_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "other"
    other.mkdir()
    parts = [unnamed(where, f"{n}.bin", b"%d" % n) for n in range(3) for where in (folder, other)]
    synced: list[int] = []
    monkeypatch.setattr(landing, "sync_folder", synced.append)
    assert sync_parts(parts) == [None] * 6
    statuses = land_parts(parts)
    for part, status in zip(parts, statuses, strict=True):
        assert isinstance(status, os.stat_result)
        assert (status.st_ino, status.st_nlink) == (part.identity.inode, 1)
        assert status.st_size == (part.directory / part.name).stat().st_size
    assert contents(other) == {f"{n}.bin": b"%d" % n for n in range(3)}
    other_names = {path.name for path in folder.iterdir() if path.is_file()}
    assert other_names == {"0.bin", "1.bin", "2.bin"}
    assert len(synced) == 2


def test_d1_nothing_is_replaced(folder: Path) -> None:
    parts = [unnamed(folder, "a.bin", b"%d" % n) for n in range(2)]
    (folder / "a.bin").write_bytes(b"theirs")
    (folder / "a (1).bin").symlink_to(folder / "victim")
    (folder / "a (2).bin.part").write_bytes(b"under way")
    assert all(isinstance(status, os.stat_result) for status in land_parts(parts))
    assert [part.name for part in parts] == ["a (3).bin", "a (4).bin"]
    for part in parts:
        part.close()
    assert not (folder / "victim").exists()
    (folder / "a (1).bin").unlink()
    assert contents(folder) == {
        "a.bin": b"theirs",
        "a (2).bin.part": b"under way",
        "a (3).bin": b"0",
        "a (4).bin": b"1",
    }


def test_one_that_somebody_else_named_fails_alone(folder: Path) -> None:
    """Trap D5: by /proc others can reach a file without a name, and then its bytes."""
    parts = [unnamed(folder, f"{n}.bin") for n in range(3)]
    with parts[1]._file.in_use() as fd, opened_folder(folder) as dir_fd:
        assert claim.give_name(dir_fd, fd, "theirs")
    outcomes = land_parts(parts)
    assert isinstance(outcomes[1], DiskError)
    assert outcomes[1].code is ErrorCode.PART_CHANGED
    assert sorted(contents(folder)) == ["0.bin", "2.bin", "theirs"]
    for part in parts:
        part.close()


def test_d6_a_sync_that_fails_is_one_files_matter_and_final(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [unnamed(folder, f"{n}.bin") for n in range(3)]
    real, inode = os.fsync, parts[1].identity.inode

    def fails_once(fd: int) -> None:
        if os.fstat(fd).st_ino == inode:
            raise OSError(errno.EIO, "the disk is failing")
        real(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails_once)
        first = sync_parts(parts)
    again = sync_parts(parts)
    for outcomes in (first, again):
        assert [isinstance(outcome, DiskError) for outcome in outcomes] == [False, True, False]
    for part in parts:
        part.close()


def test_a_folder_that_cannot_be_synced_fails_all_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [unnamed(folder, f"{n}.bin") for n in range(2)]

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "the disk is failing")

    monkeypatch.setattr(landing, "sync_folder", failing)
    outcomes = land_parts(parts)
    assert all(isinstance(outcome, DiskError) for outcome in outcomes)
    for part in parts:
        part.close()


def test_what_has_bytes_is_not_replaced_by_an_empty_stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no link can be made, a file with bytes is lost and says so."""
    part = unnamed(folder, "a.bin")
    monkeypatch.setattr(claim, "give_name", lambda *_: False)
    monkeypatch.setattr("tui_dl.storage.part_file.give_name", lambda *_: False)
    with pytest.raises(DiskError) as caught:
        part.place(is_empty=False)
    assert caught.value.code is ErrorCode.PART_CHANGED
    (outcome,) = land_parts([part])
    assert isinstance(outcome, DiskError)
    assert outcome.code is ErrorCode.PART_CHANGED
    part.close()
    assert contents(folder) == {}
