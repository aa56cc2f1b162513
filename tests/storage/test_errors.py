"""OS errors become codes that the engine acts upon, and sentences that name the place."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage.errors import disk_errors, map_os_error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL),
        (errno.EDQUOT, ErrorCode.DISK_FULL),
        (errno.EACCES, ErrorCode.NOT_WRITABLE),
        (errno.EPERM, ErrorCode.NOT_WRITABLE),
        (errno.EROFS, ErrorCode.NOT_WRITABLE),
        (errno.EFBIG, ErrorCode.FILE_TOO_LARGE),
        (errno.ENOENT, ErrorCode.TARGET_LOST),
        (errno.ESTALE, ErrorCode.TARGET_LOST),
        (errno.ENOTDIR, ErrorCode.TARGET_LOST),
        (errno.ENODEV, ErrorCode.TARGET_LOST),
        (errno.EIO, ErrorCode.DISK_IO),
        (errno.ENAMETOOLONG, ErrorCode.DISK_IO),
    ],
)
def test_each_number_has_its_code(number: int, code: ErrorCode, folder: Path) -> None:
    error = map_os_error(
        OSError(number, os.strerror(number)), doing="writing", path=folder / "a.part"
    )
    assert error.code is code
    assert str(folder) in error.message
    assert error.message.endswith(".")


def test_a_full_disk_names_the_folder_and_not_the_file(folder: Path) -> None:
    full = OSError(errno.ENOSPC, "full")
    for path in (folder, folder / "a.part"):
        message = map_os_error(full, doing="writing", path=path).message
        assert message.startswith(f"No space is left in {folder}. ")


def test_an_error_without_a_number_is_a_disk_error(folder: Path) -> None:
    error = map_os_error(OSError(), doing="saving", path=folder)
    assert error.code is ErrorCode.DISK_IO
    assert "while saving" in error.message


def test_our_own_errors_pass_through_unchanged(folder: Path) -> None:
    own = DiskError("mine", code=ErrorCode.PART_CHANGED)
    with pytest.raises(DiskError) as caught, disk_errors(doing="writing", path=folder):
        raise own
    assert caught.value is own
