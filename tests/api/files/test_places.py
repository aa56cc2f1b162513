"""Folders that a client names: below the download folder, or refused (trap S8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.api.files.places import (
    BadPathError,
    Labels,
    OutsideError,
    file_path,
    folder_names,
    place_of,
)
from tui_dl.api.folders import Folders
from tui_dl.api.requests import split_raw_path


def folders(base: Path) -> Folders:
    """Return a download folder beside a state folder, both below ``base``."""
    root = base / "downloads"
    root.mkdir(exist_ok=True)
    (base / "state").mkdir(exist_ok=True)
    return Folders(str(root), roots=(str(base),), forbidden=(str(base / "state"),))


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        (b"/", ""),
        (b"", ""),
        (b"//", ""),
        (b"/Downloads", "Downloads"),
        (b"/Downloads/", "Downloads"),
        (b"//a///b//", "a/b"),
        (b"/a%2Fb", "a/b"),
        (b"/%2Fhome%2Fuser%2Finbox", "home/user/inbox"),
        (b"/%2Fhome%2Fuser%2Finbox%2F", "home/user/inbox"),
        (b"/%2Fv1", "v1"),
        (b"/a%20b/c+d", "a b/c+d"),
        (b"/caf%C3%A9", "café"),
        (b"/...", "..."),
        (b"/a..b", "a..b"),
        (b"/%252e%252e", "%2e%2e"),
    ],
)
def test_good_paths(tmp_path: Path, raw: bytes, label: str) -> None:
    if label == "...":
        with pytest.raises(OutsideError):  # it begins with a dot: hidden folders are no targets
            place_of(folders(tmp_path), split_raw_path(raw))
        return
    place = place_of(folders(tmp_path), split_raw_path(raw))
    assert place.label == label
    assert place.directory == str(tmp_path / "downloads" / label)
    assert not Path(place.directory).exists() or label == "", "looking makes nothing"


BAD = [
    b"/..",
    b"/../x",
    b"/a/../../x",
    b"/a/..",
    b"/%2e%2e",
    b"/%2e%2e%2fx",
    b"/..%2F..%2Fetc",
    b"/a%2F..%2F..%2Fx",
    b"/%2F..%2Fx",
    b"/.",
    b"/a/./b",
    b"/a%2F.%2Fb",
    b"/a%00",
    b"/%00",
    b"/a%00%2F..%2Fx",
    b"/a%5Cb",
    b"/..%5C..%5Cx",
    b"/C:%5Cx",
    b"/a%0Ab",
    b"/a%1Bb",
    b"/a%7F",
    b"/%FF",
    b"/%C0%AE%C0%AE/x",
    b"/" + b"a" * 256,
    b"/x%2F" + b"a" * 256,
]


@pytest.mark.parametrize("raw", BAD)
def test_bad_paths(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(BadPathError):
        place_of(folders(tmp_path), split_raw_path(raw))


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    base = folders(tmp_path)
    root = tmp_path / "downloads"
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    (root / "real").mkdir()
    (root / "in").symlink_to("real")
    for segments in (("out",), ("out", "deeper"), ("up",), ("up", "outside"), ("in", "..")):
        with pytest.raises((OutsideError, BadPathError)):
            place_of(base, segments)
    assert place_of(base, ("in", "x")).label == "real/x"
    # A loop leads nowhere: writing there fails, but not outside.
    assert place_of(base, ("loop",)).directory.startswith(str(root))


def test_hidden_folders_and_those_of_the_program_are_refused(tmp_path: Path) -> None:
    base = folders(tmp_path)
    (tmp_path / "downloads" / "link").symlink_to(tmp_path / "state")
    for segments in ((".config",), ("a", ".ssh"), ("link",)):
        with pytest.raises(OutsideError):
            place_of(base, segments)
    nested = Folders(str(tmp_path), forbidden=(str(tmp_path / "state"),))
    with pytest.raises(OutsideError):
        place_of(nested, ("state", "x"))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    base = folders(tmp_path)
    (tmp_path / "downloads" / "file").write_text("x")
    with pytest.raises(BadPathError):
        place_of(base, ("file",))


def test_a_linked_download_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place = place_of(Folders(str(tmp_path / "link")), ("a",))
    assert place.directory == str(tmp_path / "real" / "a")
    assert place.label == "a"


pieces = st.text(max_size=8) | st.sampled_from(["..", ".", "", "/", "\\", "\0", "a/../b", "é", "~"])


@given(st.lists(pieces, max_size=5))
def test_no_path_leaves_the_download_folder(
    tmp_path_factory: pytest.TempPathFactory, segments: list[str]
) -> None:
    base = tmp_path_factory.getbasetemp() / "escape"
    base.mkdir(exist_ok=True)
    allowed = folders(base)
    refused = False
    try:
        place = place_of(allowed, segments)
    except (BadPathError, OutsideError):
        refused = True
    else:
        root = base / "downloads"
        assert Path(place.directory).is_relative_to(root)
        assert ".." not in Path(place.directory).parts
        assert str(root / place.label) == place.directory
    has_dots = any(name in (".", "..") for piece in segments for name in piece.split("/"))
    assert refused or not has_dots


@given(st.lists(st.text(), max_size=4))
def test_names_are_a_fixed_point(segments: list[str]) -> None:
    try:
        names = folder_names(segments)
    except BadPathError:
        names = []
    assert folder_names(names) == names
    assert folder_names(["/".join(names)]) == names


def test_labels_of_downloads(tmp_path: Path) -> None:
    base = folders(tmp_path)
    root = tmp_path / "downloads"
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    labels = Labels(base)
    assert labels.of(str(root)).label == ""
    assert labels.of(str(root / "a" / "b")).label == "a/b"
    assert labels.of(str(root / "link")).directory == str(root / "real")
    assert labels.of("/elsewhere").label == "/elsewhere"
    assert labels.of("").label == "", "a job without a record has no folder"


def test_file_paths() -> None:
    assert file_path("", "f") == "f"
    assert file_path("a/b", "f") == "a/b/f"
    assert file_path("/", "f") == "/f"
    assert file_path("/elsewhere", "f") == "/elsewhere/f"
