"""Opening a part of an earlier run: only the very file that we made, or an honest no."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.conftest import open_descriptors
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.storage import folder as folder_module
from tui_dl.storage.part_file import PartFile, recover_publish, remove_owned


@pytest.fixture
def made(folder: Path) -> PartIdentity:
    """Make a.bin.part with some bytes and let go of it."""
    part = PartFile.reserve(folder, "a.bin")
    part.write_at(b"kept", 0)
    part.close()
    return part.identity


def refused(directory: Path, identity: PartIdentity) -> ErrorCode:
    before = open_descriptors()
    with pytest.raises(DiskError) as caught:
        PartFile.reopen(directory, "a.bin.part", "a.bin", identity)
    assert open_descriptors() == before
    return caught.value.code


def test_our_file_opens_with_its_bytes(folder: Path, made: PartIdentity) -> None:
    part = PartFile.reopen(folder, "a.bin.part", "a.bin", made)
    assert part.read_at(0, 10) == b"kept"
    assert part.identity == made
    assert (part.name, part.part_path) == ("a.bin", folder / "a.bin.part")
    part.close()


def test_d2_a_missing_file_or_folder_is_lost(folder: Path, made: PartIdentity) -> None:
    assert refused(folder / "gone", made) is ErrorCode.TARGET_LOST
    (folder / "a.bin.part").unlink()
    assert refused(folder, made) is ErrorCode.TARGET_LOST
    assert list(folder.iterdir()) == []


def test_d5_another_file_of_that_name_is_not_ours(folder: Path, made: PartIdentity) -> None:
    path = folder / "a.bin.part"
    path.rename(folder / "moved")
    path.write_bytes(b"theirs")
    assert refused(folder, made) is ErrorCode.PART_CHANGED


def test_d1_a_link_to_our_own_file_is_refused(folder: Path, made: PartIdentity) -> None:
    path = folder / "a.bin.part"
    path.rename(folder / "moved")
    path.symlink_to(folder / "moved")
    assert refused(folder, made) is ErrorCode.PART_CHANGED


def test_a_second_hard_link_is_refused(folder: Path, made: PartIdentity) -> None:
    os.link(folder / "a.bin.part", folder / "second")
    assert refused(folder, made) is ErrorCode.PART_CHANGED


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_another_kind_of_entry_is_refused_and_does_not_hang(
    folder: Path, made: PartIdentity, kind: str
) -> None:
    path = folder / "a.bin.part"
    path.unlink()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert refused(folder, made) is ErrorCode.PART_CHANGED


def test_d1_a_parent_swapped_for_a_link_leads_nowhere(folder: Path) -> None:
    target, elsewhere = folder / "t", folder / "elsewhere"
    part = PartFile.reserve(target, "a.bin")
    part.close()
    target.rename(folder / "moved")
    elsewhere.mkdir()
    (elsewhere / "a.bin.part").write_bytes(b"precious")
    target.symlink_to(elsewhere)
    assert refused(target, part.identity) is ErrorCode.PART_CHANGED
    assert (elsewhere / "a.bin.part").read_bytes() == b"precious"


def test_another_device_number_is_refused_unless_the_machine_was_restarted(
    folder: Path, made: PartIdentity
) -> None:
    renumbered = PartIdentity(made.device + 1, made.inode)
    assert refused(folder, renumbered) is ErrorCode.PART_CHANGED
    part = PartFile.reopen(folder, "a.bin.part", "a.bin", renumbered, any_device=True)
    assert part.identity == made
    part.close()
    with pytest.raises(DiskError):
        PartFile.reopen(
            folder,
            "a.bin.part",
            "a.bin",
            PartIdentity(made.device, made.inode + 1),
            any_device=True,
        )


def test_an_inode_that_was_born_at_another_time_is_not_ours(
    folder: Path, made: PartIdentity
) -> None:
    if made.born_ns == 0:
        pytest.skip("this file system does not tell when files were made")
    other = replace(made, born_ns=made.born_ns + 1)
    assert refused(folder, other) is ErrorCode.PART_CHANGED
    assert not remove_owned(folder, "a.bin.part", other)
    assert recover_publish(folder, "a.bin", "a.bin.part", other) is None
    renumbered = replace(made, device=made.device + 1)
    PartFile.reopen(folder, "a.bin.part", "a.bin", renumbered).close()
    assert remove_owned(folder, "a.bin.part", renumbered)


def test_s17_a_number_that_is_used_again_makes_no_file_ours(
    folder: Path, made: PartIdentity
) -> None:
    path = folder / "a.bin.part"
    path.unlink()
    path.write_bytes(b"theirs")
    if path.stat().st_ino != made.inode or made.born_ns == 0:
        pytest.skip("this file system does not use inode numbers again at once")
    assert not remove_owned(folder, "a.bin.part", made)
    assert path.read_bytes() == b"theirs"


def test_a_part_in_the_hands_of_another_download_is_refused(
    folder: Path, made: PartIdentity
) -> None:
    first = PartFile.reopen(folder, "a.bin.part", "a.bin", made)
    assert refused(folder, made) is ErrorCode.PART_CHANGED
    first.close()
    PartFile.reopen(folder, "a.bin.part", "a.bin", made).close()


def test_d18_where_inodes_are_made_up_the_name_must_do(
    folder: Path, made: PartIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "inodes_are_stable", lambda _fd: False)
    part = PartFile.reopen(folder, "a.bin.part", "a.bin", PartIdentity(made.device, made.inode + 1))
    assert part.identity == replace(made, born_ns=0)
    part.close()
    os.link(folder / "a.bin.part", folder / "second")
    assert refused(folder, made) is ErrorCode.PART_CHANGED
