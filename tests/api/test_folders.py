"""S8: where callers may write. A corpus of escapes, and links."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.api.folders import Folders
from tui_dl.domain.errors import ErrorCode, UsageError

ESCAPES = (
    "..",
    "../x",
    "a/../../x",
    "/",
    "/etc",
    "/etc/cron.d",
    "//etc",
    "/proc/self/cwd",
    "/dev/shm",
    "a/../..",
    "x\0y",
    "\0",
    "PEOPLE/.ssh",
    "PEOPLE/.config/autostart",
    "PEOPLE/.local/bin",
    "PEOPLE/../other",
    "PEOPLE-and-more",
    "PEOPLE/state",
    ".hidden",
    "sub/.git/hooks",
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    (tmp_path / "downloads").mkdir()
    (tmp_path / "people").mkdir()
    (tmp_path / "people/state").mkdir()
    return Folders(
        str(tmp_path / "downloads"),
        roots=(str(tmp_path / "people"),),
        forbidden=(str(tmp_path / "people/state"),),
    )


@pytest.mark.parametrize("wanted", ESCAPES)
def test_no_escape(folders: Folders, tmp_path: Path, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        folders.resolve(wanted.replace("PEOPLE", str(tmp_path / "people")))
    assert caught.value.code is ErrorCode.NOT_WRITABLE


@pytest.mark.parametrize("wanted", [None, "", ".", "./"])
def test_nothing_is_the_default(folders: Folders, wanted: str | None) -> None:
    assert folders.resolve(wanted) == folders.directory


def test_what_is_allowed(folders: Folders, tmp_path: Path) -> None:
    assert folders.resolve("new/sub") == str(tmp_path / "downloads/new/sub")
    assert folders.resolve(str(tmp_path / "people/videos")) == str(tmp_path / "people/videos")


def test_a_link_leads_where_it_leads(folders: Folders, tmp_path: Path) -> None:
    """D1: a link inside a root is judged by its end."""
    (tmp_path / "downloads/out").symlink_to("/etc")
    (tmp_path / "downloads/in").symlink_to(tmp_path / "people")
    with pytest.raises(UsageError):
        folders.resolve("out")
    assert folders.resolve("in") == str(tmp_path / "people")


def test_our_own_folders_are_nobody_s_target(folders: Folders, tmp_path: Path) -> None:
    state = tmp_path / "people/state"
    (tmp_path / "downloads/link").symlink_to(state)
    for wanted in (str(state), str(state / "journal"), "link", "link/journal"):
        for trusted in (False, True):
            with pytest.raises(UsageError):
                folders.resolve(wanted, trusted=trusted)


def test_the_owner_may_name_any_other_folder(folders: Folders) -> None:
    assert folders.resolve("/mnt/disk/.cache", trusted=True) == "/mnt/disk/.cache"
    with pytest.raises(UsageError):
        folders.resolve("../x", trusted=True)


@given(st.text(alphabet="./a\\~\0 ", max_size=20))
def test_whatever_is_written_stays_inside(wanted: str) -> None:
    folders = Folders("/nonexistent/downloads")
    try:
        found = folders.resolve(wanted)
    except UsageError:
        return
    assert found == "/nonexistent/downloads" or found.startswith("/nonexistent/downloads/")
