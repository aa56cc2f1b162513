"""The end of a download: one final file, nothing replaced, whichever way and wherever killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.domain.model import PartIdentity
from tui_dl.storage import kernel_calls
from tui_dl.storage.part_file import PartFile, recover_publish, remove_owned

WAYS = ["renameat2", "link", "claim"]


def take_way(way: str, patch: pytest.MonkeyPatch) -> None:
    """Make the better ways look unsupported."""
    if way == "renameat2":
        return
    patch.setattr(kernel_calls, "_renameat2", None)
    if way == "claim":

        def no_links(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        patch.setattr(os, "link", no_links)


def filled(directory: Path, name: str = "a.bin") -> PartFile:
    part = PartFile.reserve(directory, name)
    part.write_at(b"whole", 0)
    part.sync(metadata_too=True)
    return part


@pytest.mark.parametrize("way", WAYS)
def test_the_part_gets_its_final_name(
    folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_way(way, monkeypatch)
    part = filled(folder)
    assert part.publish() == "a.bin"
    part.check_in_place()
    assert part.changed_ns() == (folder / "a.bin").stat().st_ctime_ns
    part.close()
    assert [(p.name, p.read_bytes()) for p in folder.iterdir()] == [("a.bin", b"whole")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["file", "dangling link", "folder"])
def test_d1_what_stands_at_the_final_name_is_never_replaced(
    folder: Path, way: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_way(way, monkeypatch)
    part = filled(folder)
    match kind:
        case "file":
            (folder / "a.bin").write_bytes(b"theirs")
        case "folder":
            (folder / "a.bin").mkdir()
        case _:
            (folder / "a.bin").symlink_to(folder / "victim")
    (folder / "a (1).bin").write_bytes(b"theirs too")
    assert part.publish() == "a (2).bin"
    assert (part.name, part.final_path) == ("a (2).bin", folder / "a (2).bin")
    part.close()
    assert (folder / "a (2).bin").read_bytes() == b"whole"
    assert (folder / "a (1).bin").read_bytes() == b"theirs too"
    assert not (folder / "victim").exists()
    if kind == "file":
        assert (folder / "a.bin").read_bytes() == b"theirs"


def test_d1_a_swapped_parent_receives_nothing(folder: Path) -> None:
    target, elsewhere = folder / "t", folder / "elsewhere"
    part = filled(target)
    target.rename(folder / "moved")
    elsewhere.mkdir()
    target.symlink_to(elsewhere)
    with pytest.raises(DiskError) as caught:
        part.publish()
    assert caught.value.code is ErrorCode.TARGET_LOST
    part.close()
    assert list(elsewhere.iterdir()) == []
    assert (folder / "moved" / "a.bin.part").read_bytes() == b"whole"


def test_d5_a_swapped_part_is_not_published(folder: Path) -> None:
    part = filled(folder)
    part.part_path.rename(folder / "moved")
    part.part_path.write_bytes(b"theirs")
    with pytest.raises(DiskError) as caught:
        part.publish()
    assert caught.value.code is ErrorCode.PART_CHANGED
    part.close()
    assert not (folder / "a.bin").exists()


def test_d8_the_folder_is_synced_after_the_rename(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = filled(folder)
    seen: list[tuple[bool, str]] = []

    def noted(fd: int) -> None:
        seen.append(((folder / "a.bin").exists(), str(Path(f"/proc/self/fd/{fd}").readlink())))

    monkeypatch.setattr(os, "fsync", noted)
    part.publish()
    part.close()
    assert seen == [(True, str(folder))]


def test_d18_a_folder_that_cannot_be_synced_is_good_enough_but_a_failure_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = iter([errno.EINVAL, errno.EIO])

    def fail(_fd: int) -> None:
        raise OSError(next(outcomes), "no")

    first, second = filled(folder, "one"), filled(folder, "two")
    monkeypatch.setattr(os, "fsync", fail)
    assert first.publish() == "one"
    with pytest.raises(DiskError) as caught:
        second.publish()
    assert caught.value.code is ErrorCode.DISK_IO
    monkeypatch.undo()
    assert recover_publish(folder, "two.part", "two", second.identity) == "two"
    first.close()
    second.close()


def test_a_claim_is_taken_back_when_the_rename_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_way("claim", monkeypatch)
    part = filled(folder)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(DiskError):
        part.publish()
    part.close()
    assert [p.name for p in folder.iterdir()] == ["a.bin.part"]


_KILLED_PUBLISH = """
import os, signal, sys
from pathlib import Path
from tui_dl.domain.model import PartIdentity
from tui_dl.storage import kernel_calls
from tui_dl.storage.part_file import PartFile

directory, way, call, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
part = PartFile.reserve(directory, "a.bin")
part.write_at(b"whole", 0)
part.sync(metadata_too=True)
print(part.identity.device, part.identity.inode, flush=True)
if way != "renameat2":
    kernel_calls._renameat2 = None
owner, name = (kernel_calls, "_renameat2") if call == "renameat2" else (os, call)
real = getattr(owner, name)

def killed(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, killed)
part.publish()
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("way", "call"),
    [
        ("renameat2", "renameat2"),
        ("renameat2", "fsync"),
        ("link", "link"),
        ("link", "unlink"),
        ("link", "fsync"),
    ],
)
def test_d8_a_kill_anywhere_in_the_end_leaves_one_final_file(
    folder: Path, way: str, call: str, when: str
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _KILLED_PUBLISH, str(folder), way, call, when],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    device, inode = map(int, child.stdout.split())
    identity = PartIdentity(device, inode)
    final = recover_publish(folder, "a.bin.part", "a.bin", identity)
    if final is None:
        again = PartFile.reopen(folder, "a.bin.part", "a.bin", identity)
        final = again.publish()
        again.close()
    assert final == "a.bin"
    assert [p.name for p in folder.iterdir()] == ["a.bin"]
    assert (folder / "a.bin").read_bytes() == b"whole"
    assert (folder / "a.bin").stat().st_nlink == 1


def test_d8_recovery_finds_a_numbered_name_and_nothing_foreign(folder: Path) -> None:
    (folder / "b.bin").write_bytes(b"theirs")
    part = filled(folder)
    (folder / "a.bin").write_bytes(b"theirs")
    part.publish()
    part.close()
    assert recover_publish(folder, "a.bin.part", "a.bin", part.identity) == "a (1).bin"
    assert recover_publish(folder, "b.bin.part", "b.bin", part.identity) is None


def test_a_part_moves_aside_for_a_new_generation(folder: Path) -> None:
    first = filled(folder)
    assert first.rename_part_aside() == "a.bin.part.old-1"
    first.check_in_place()
    second = PartFile.reserve(folder, "a.bin")
    assert second.part_name == "a.bin.part"
    assert second.rename_part_aside() == "a.bin.part.old-2"
    first.discard()
    second.discard()
    first.close()
    second.close()
    assert list(folder.iterdir()) == []


def test_d2_a_part_that_was_unlinked_replaced_or_linked_is_noticed(folder: Path) -> None:
    part = filled(folder)
    part.check_in_place()
    os.link(part.part_path, folder / "second")
    codes = []
    for step in ("linked", "unlinked", "replaced"):
        if step == "unlinked":
            part.part_path.unlink()
        if step == "replaced":
            part.part_path.write_bytes(b"theirs")
        with pytest.raises(DiskError) as caught:
            part.check_in_place()
        codes.append(caught.value.code)
    assert codes == [ErrorCode.PART_CHANGED, ErrorCode.TARGET_LOST, ErrorCode.PART_CHANGED]
    part.close()


def test_d2_a_folder_that_is_gone_is_lost_and_not_made_again(folder: Path) -> None:
    part = filled(folder / "t")
    (folder / "t").rename(folder / "moved")
    for check in (part.check_in_place, part.publish, part.rename_part_aside):
        with pytest.raises(DiskError) as caught:
            check()
        assert caught.value.code is ErrorCode.TARGET_LOST
    part.discard()
    part.close()
    assert [p.name for p in folder.iterdir()] == ["moved"]


def test_s17_only_our_own_file_is_deleted(folder: Path) -> None:
    part = filled(folder)
    part.part_path.rename(folder / "moved")
    part.part_path.write_bytes(b"theirs")
    part.discard()
    assert part.part_path.read_bytes() == b"theirs"
    part.part_path.unlink()
    part.part_path.symlink_to(folder / "moved")
    assert not remove_owned(folder, "a.bin.part", part.identity)
    assert (folder / "moved").read_bytes() == b"whole"
    assert remove_owned(folder, "moved", part.identity)
    assert not remove_owned(folder, "moved", part.identity)
    assert not remove_owned(folder / "gone", "moved", part.identity)
    part.close()


def test_discard_after_publish_keeps_the_finished_file(folder: Path) -> None:
    part = filled(folder)
    part.publish()
    part.discard()
    part.close()
    assert (folder / "a.bin").read_bytes() == b"whole"


def test_d2_a_read_only_disk_is_named(small_disk: Path) -> None:
    part = filled(small_disk)
    part.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for attempt in (
        lambda: PartFile.reserve(small_disk, "b"),
        lambda: PartFile.reopen(small_disk, "a.bin.part", "a.bin", part.identity),
        lambda: remove_owned(small_disk, "a.bin.part", part.identity),
    ):
        with pytest.raises(DiskError) as caught:
            attempt()
        assert caught.value.code is ErrorCode.NOT_WRITABLE
        assert "read-only" in caught.value.message
