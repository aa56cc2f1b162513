"""The part of an older version gets a name of its own, wherever a kill left it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import OldPart
from tui_dl.domain.ranges import RangeSet
from tui_dl.storage import claim
from tui_dl.storage.old_part import Settled, free_aside_name, settle_old_part
from tui_dl.storage.part_file import PartFile


def an_old_part(folder: Path) -> OldPart:
    part = PartFile.reserve(folder, "f")
    part.write_at(b"old", 0)
    part.close()
    return OldPart(str(folder), "f.part.old-1", "f.part", part.identity, RangeSet([(0, 3)]))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_it_is_moved_once_and_then_found(tmp_path: Path) -> None:
    old = an_old_part(tmp_path)
    for _ in range(2):
        assert settle_old_part(old, may_be_at_source=True) is Settled.IN_PLACE
        assert names_in(tmp_path) == ["f.part.old-1"]


def test_two_names_of_a_kill_between_link_and_unlink_become_one(tmp_path: Path) -> None:
    old = an_old_part(tmp_path)
    os.link(tmp_path / "f.part", tmp_path / "f.part.old-1")
    assert settle_old_part(old, may_be_at_source=True) is Settled.IN_PLACE
    assert names_in(tmp_path) == ["f.part.old-1"]


def test_a_name_taken_meanwhile_is_left_alone(tmp_path: Path) -> None:
    old = an_old_part(tmp_path)
    (tmp_path / "f.part.old-1").write_text("mine")
    assert settle_old_part(old, may_be_at_source=True) is Settled.NAME_TAKEN
    assert (tmp_path / "f.part.old-1").read_text() == "mine"
    assert free_aside_name(tmp_path, "f") == "f.part.old-2"


def test_a_foreign_file_under_either_name_is_none_of_ours(tmp_path: Path) -> None:
    old = an_old_part(tmp_path)
    (tmp_path / "f.part").rename(tmp_path / "elsewhere")
    for name in ("f.part", "f.part.old-1"):
        (tmp_path / name).write_text("mine")
    assert settle_old_part(old, may_be_at_source=True) is Settled.GONE
    assert (tmp_path / "f.part").read_text() == "mine"


def test_the_part_of_the_new_version_is_never_taken_for_the_old_one(tmp_path: Path) -> None:
    """An inode number is used again where the file system does not tell a birth."""
    old = an_old_part(tmp_path)
    assert settle_old_part(old, may_be_at_source=False) is Settled.GONE
    assert (tmp_path / "f.part").exists()


def test_a_folder_full_of_old_parts_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "_MOST_ASIDE", 3)
    for number in (1, 2):
        (tmp_path / f"f.part.old-{number}").touch()
    with pytest.raises(DiskError, match="lie about") as caught:
        free_aside_name(tmp_path, "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN
