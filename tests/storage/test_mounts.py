"""Which disk a folder was on; real mounts are in ``tests/crash/test_mounts.py``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage import mounts
from tui_dl.storage.mounts import FILE_NAME, Mounts, mount_of

pytestmark = pytest.mark.skipif(not os.path.ismount("/proc"), reason="/proc is the disk of these")


def test_a_folder_of_the_root_is_mounted_there() -> None:
    assert mount_of(Path("/")) == "/"


def test_a_mount_point_is_found_from_below_also_where_folders_are_missing() -> None:
    assert mount_of(Path("/proc")) == "/proc"
    assert mount_of(Path("/proc/self")) == "/proc"
    assert mount_of(Path("/proc/no/such")) == "/proc"


def _remembering(data_dir: Path, directory: Path, place: Path) -> Mounts:
    (data_dir / FILE_NAME).write_text(json.dumps({str(directory): str(place)}))
    return Mounts(data_dir)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_bare_or_missing_mount_point_is_refused(tmp_path: Path, is_there: bool) -> None:
    place = tmp_path / "usb"
    if is_there:
        place.mkdir()
    seen = _remembering(tmp_path, place / "films", place)
    with pytest.raises(DiskError, match="Mount it, then resume") as caught:
        seen.check(place / "films")
    assert caught.value.code is ErrorCode.TARGET_LOST
    seen.check(tmp_path / "elsewhere")


def test_a_folder_that_somebody_fills_without_the_disk_is_taken(tmp_path: Path) -> None:
    place = tmp_path / "usb"
    (place / "films").mkdir(parents=True)
    _remembering(tmp_path, place / "films", place).check(place / "films")
    stored = json.loads((tmp_path / FILE_NAME).read_text())
    assert stored.get(str(place / "films")) == mount_of(tmp_path)


def test_what_was_seen_outlives_the_process(tmp_path: Path) -> None:
    Mounts(tmp_path).check(Path("/proc/self"))
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"/proc/self": "/proc"}


def test_a_folder_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Mounts(tmp_path)
    seen.check(tmp_path)

    def unexpected(_: Path) -> str:
        raise AssertionError("looked for its mount point again")

    monkeypatch.setattr(mounts, "mount_of", unexpected)
    seen.check(tmp_path)


@pytest.mark.parametrize("text", ["", "[", "[]", '{"/a": 1}', "\x00\xff"])
def test_a_damaged_note_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode("latin-1"))
    Mounts(tmp_path).check(tmp_path)


def test_a_note_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    Mounts(tmp_path / "no such folder").check(Path("/proc/self"))


def test_the_oldest_folders_make_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_MOST", 2)
    seen = Mounts(tmp_path)
    for name in ("self", str(os.getpid()), "sys"):
        seen.check(Path("/proc", name))
    assert list(json.loads((tmp_path / FILE_NAME).read_text())) == [
        f"/proc/{os.getpid()}",
        "/proc/sys",
    ]
