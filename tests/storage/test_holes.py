"""Trap D5: zeros that nobody wrote are known to the kernel as a hole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode
from tui_dl.storage import holes
from tui_dl.storage.holes import has_lost_bytes

SIZE = 1 << 20


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole"
    path.write_bytes(bytes(SIZE // 2) + b"x" * (SIZE // 2))
    return path


def test_written_zeros_are_no_loss(whole: Path) -> None:
    assert not has_lost_bytes(whole)


def test_an_empty_file_has_nothing_to_lose(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert not has_lost_bytes(tmp_path / "empty")


@pytest.mark.parametrize("keep_bytes", [0, SIZE // 2, SIZE - 8192])
def test_a_cut_shows_after_the_size_is_right_again(whole: Path, keep_bytes: int) -> None:
    os.truncate(whole, keep_bytes)
    os.truncate(whole, SIZE)
    assert has_lost_bytes(whole)


def test_where_zeros_become_holes_nothing_is_claimed(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(whole, 0)
    os.truncate(whole, SIZE)
    monkeypatch.setattr(holes, "_keeps_zeros", lambda dir_fd: False)
    assert not has_lost_bytes(whole)


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught:
        has_lost_bytes(tmp_path / "gone")
    assert caught.value.code is ErrorCode.TARGET_LOST
