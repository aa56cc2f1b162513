"""Free space is asked where the file will be, and a lack of it is told with both numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage.space import check_space, free_bytes
from tui_dl.storage.spare_room import SpareRoom


def test_free_space_of_a_folder_that_is_still_to_be_made(small_disk: Path) -> None:
    assert free_bytes(small_disk) == free_bytes(small_disk / "a" / "b") == 1024 * 1024
    (small_disk / "x").write_bytes(bytes(256 * 1024))
    assert free_bytes(small_disk / "x") == 768 * 1024


def test_what_cannot_be_asked_is_unknown_and_lets_us_try(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: object) -> None:
        raise OSError(38, "not here")

    monkeypatch.setattr(os, "statvfs", refuse)
    assert free_bytes(folder) is None
    check_space(folder, 2**60, 2**60)


def test_d3_the_sentence_names_what_is_needed_and_what_is_there(small_disk: Path) -> None:
    check_space(small_disk, 1024 * 1024, 0)
    check_space(small_disk, 1_000_000, 48_576)
    with pytest.raises(DiskError) as caught:
        check_space(small_disk, 1_000_000, 48_577)
    assert caught.value.code is ErrorCode.DISK_FULL
    for words in ("1.00 MB", "1.05 MB", "48.6 kB", str(small_disk)):
        assert words in caught.value.message


def test_the_spare_is_set_aside_once_and_given_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_dl.storage.spare_room.SPARE_BYTES", 8192)
    spare = SpareRoom(folder / "spare")
    assert not spare.release()
    spare.fill()
    content = (folder / "spare").read_bytes()
    SpareRoom(folder / "spare").fill()
    assert (folder / "spare").read_bytes() == content
    assert (folder / "spare").stat().st_blocks * 512 >= 8192
    assert spare.release()
    assert list(folder.iterdir()) == []


def test_no_spare_is_taken_from_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    SpareRoom(small_disk / "spare").fill()
    assert list(small_disk.iterdir()) == []
