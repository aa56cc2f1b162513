"""Claiming names: nothing is replaced, no link is followed, two jobs never share a file."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.storage.conftest import open_descriptors
from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage import part_file, publish
from tui_dl.storage.part_file import PartFile


def reserve(directory: Path, name: str) -> tuple[str, str]:
    part = PartFile.reserve(directory, name)
    part.close()
    return part.name, part.part_name


def test_a_free_name_is_taken_as_it_is(folder: Path) -> None:
    part = PartFile.reserve(folder, "a.bin")
    status = part.part_path.stat()
    assert (part.name, part.part_name) == ("a.bin", "a.bin.part")
    assert part.final_path == folder / "a.bin"
    assert not part.final_path.exists()
    assert (part.identity.device, part.identity.inode) == (status.st_dev, status.st_ino)
    part.close()


def test_the_mode_is_plain_and_respects_the_umask(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        reserve(folder, "a.bin")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a.bin.part").stat().st_mode) == 0o640


def test_taken_names_get_the_next_number(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"theirs")
    (folder / "a (1).bin.part").write_bytes(b"theirs")
    assert reserve(folder, "a.bin") == ("a (2).bin", "a (2).bin.part")
    assert (folder / "a.bin").read_bytes() == b"theirs"
    assert (folder / "a (1).bin.part").read_bytes() == b"theirs"


def test_a_folder_of_that_name_counts_as_taken(folder: Path) -> None:
    (folder / "a.bin").mkdir()
    assert reserve(folder, "a.bin")[0] == "a (1).bin"


def test_n5_jobs_that_want_one_name_at_once_get_different_files(folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: reserve(folder, "a.bin"), range(40)))
    assert len({name for name, _part in names}) == 40
    assert len(list(folder.iterdir())) == 40


def test_d1_a_link_at_the_final_name_is_neither_followed_nor_replaced(folder: Path) -> None:
    (folder / "a.bin").symlink_to(folder / "victim")  # dangling: exists() would say no
    assert reserve(folder, "a.bin")[0] == "a (1).bin"
    assert not (folder / "victim").exists()


def test_d1_a_link_at_the_part_name_is_not_followed(folder: Path) -> None:
    victim = folder / "victim"
    victim.write_bytes(b"precious")
    (folder / "a.bin.part").symlink_to(victim)
    (folder / "a (1).bin.part").symlink_to(folder / "nowhere")
    assert reserve(folder, "a.bin")[0] == "a (2).bin"
    assert victim.read_bytes() == b"precious"
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/etc/x", "a\0b"])
def test_n2_a_path_is_not_a_name(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a file"):
        PartFile.reserve(folder / "inside", name)
    assert list(folder.iterdir()) == []


def test_missing_folders_are_made(folder: Path) -> None:
    reserve(folder / "x" / "y", "a.bin")
    assert (folder / "x" / "y" / "a.bin.part").is_file()


def test_a_link_that_the_user_made_on_the_way_is_followed(folder: Path) -> None:
    (folder / "big").mkdir()
    (folder / "Downloads").symlink_to(folder / "big")
    reserve(folder / "Downloads" / "new", "a.bin")
    assert (folder / "big" / "new" / "a.bin.part").is_file()


def test_d2_nothing_is_built_where_a_disk_is_missing(folder: Path) -> None:
    (folder / "usb").symlink_to(folder / "unplugged")
    (folder / "file").write_bytes(b"")
    for directory in (folder / "usb", folder / "usb" / "x", folder / "file" / "x"):
        with pytest.raises(DiskError) as caught:
            PartFile.reserve(directory, "a.bin")
        assert caught.value.code is ErrorCode.TARGET_LOST
    assert not (folder / "unplugged").exists()


def test_d1_a_link_put_in_the_way_of_a_new_folder_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").mkdir()
    make = os.mkdir

    def swapped(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        os.symlink(folder / "elsewhere", path, dir_fd=dir_fd)  # the attacker is faster
        make(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", swapped)
    with pytest.raises(DiskError) as caught:
        PartFile.reserve(folder / "new", "a.bin")
    assert caught.value.code in {ErrorCode.TARGET_LOST, ErrorCode.DISK_IO}
    assert list((folder / "elsewhere").iterdir()) == []


def test_a_name_too_many_is_an_honest_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "MOST_NUMBERS", 3)
    for name in ("a", "a (1)", "a (2)"):
        (folder / name).touch()
    with pytest.raises(DiskError) as caught:
        PartFile.reserve(folder, "a")
    assert caught.value.code is ErrorCode.NAME_TAKEN


def test_a_part_has_no_name_until_it_is_placed(folder: Path) -> None:
    """A kill before the catalog knows it leaves nothing."""
    part = PartFile.prepare(folder, "a.bin")
    if part.is_placed:
        pytest.skip("this file system knows no files without a name")
    part.set_size(100)
    assert list(folder.iterdir()) == []
    identity = part.identity
    assert part.place()
    assert part.place()
    part.check_in_place()
    assert part.identity == identity
    assert part.part_path.stat().st_size == 100
    part.close()
    PartFile.prepare(folder, "b.bin").close()
    assert [path.name for path in folder.iterdir()] == ["a.bin.part"]


@pytest.mark.parametrize("taken", ["a.bin", "a.bin.part"])
def test_a_name_that_is_taken_before_the_part_is_placed(folder: Path, taken: str) -> None:
    part = PartFile.prepare(folder, "a.bin")
    if part.is_placed:
        pytest.skip("this file system knows no files without a name")
    (folder / taken).write_bytes(b"theirs")
    if taken == "a.bin":
        assert part.place(), "publishing finds another name for it"
        assert part.publish() == "a (1).bin"
    else:
        assert not part.place()
        assert (part.name, part.part_name) == ("a (1).bin", "a (1).bin.part")
        assert part.place()
    part.check_in_place()
    part.close()
    assert (folder / taken).read_bytes() == b"theirs"


def test_where_no_file_is_without_a_name_it_has_one_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_file, "open_unnamed", lambda _dir_fd: None)
    part = PartFile.prepare(folder, "a.bin")
    assert part.is_placed
    assert part.place()
    part.check_in_place()
    part.close()


def test_where_no_name_can_be_given_another_file_takes_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without /proc, or where a policy forbids such links."""
    before = open_descriptors()
    monkeypatch.setattr(part_file, "give_name", lambda _dir_fd, _fd, _name: False)
    part = PartFile.prepare(folder, "a.bin")
    part.set_size(100)
    if not part.is_placed:
        assert not part.place(), "the record must hear of the other file"
    assert part.place()
    part.check_in_place()
    assert part.part_path.stat().st_size == 100
    part.close()
    assert open_descriptors() == before


def test_no_descriptor_is_left_open(folder: Path) -> None:
    before = open_descriptors()
    for _ in range(5):
        reserve(folder, "a.bin")
        with pytest.raises(DiskError):
            PartFile.reserve(folder / "a.bin.part", "b")
    assert open_descriptors() == before
