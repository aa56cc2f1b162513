"""Archives of strangers: unpacked into a folder of their own, or left as they are."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode, UsageError
from tui_dl.domain.lifecycle import Event
from tui_dl.domain.model import DownloadRecord
from tui_dl.engine.hooks import Hooks, HookSettings
from tui_dl.engine.unpack import is_archive, unpack
from tui_dl.engine.world import utc_now

Entry = tuple[str, bytes]
Maker = Callable[[Path, list[Entry]], None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with nothing in it."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def make_tar(path: Path, entries: list[Entry]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def make_zip(path: Path, entries: list[Entry]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def with_bsdtar(path: Path, names: dict[str, str]) -> None:
    """Pack files of the folder ``in`` under other names, links as links."""
    rules = [word for old, new in names.items() for word in ("-s", f"|^{old}$|{new}|")]
    argv = ["bsdtar", "-P", "--format", "7zip", *rules, "-cf", str(path), "-C", str(path.parent)]
    subprocess.run([*argv, *names], check=True)


def only(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """Let only some programs be here."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: which(name) if name in programs else None)


TOOLS = pytest.mark.parametrize(
    "tool",
    [
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"no {name}"))
        for name in ("7zz", "bsdtar")
    ],
)
NEEDS_BSDTAR = pytest.mark.skipif(not shutil.which("bsdtar"), reason="bsdtar makes the archives")


@NEEDS_BSDTAR
@TOOLS
def test_a_7z_comes_into_a_folder_of_its_own(
    place: Path, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, tool)
    (place / "one").write_bytes(b"x" * 5000)
    (place / "two").write_bytes(b"")
    with_bsdtar(place / "a.7z", {"one": "deep/er/\u00fc y.txt", "two": "empty"})
    assert files_below(unpack(place / "a.7z")) == {
        "deep/er/\u00fc y.txt": b"x" * 5000,
        "empty": b"",
    }
    with pytest.raises(DiskError):
        unpack(place / "a.7z", keep_free_bytes=2**62)


@NEEDS_BSDTAR
@TOOLS
@pytest.mark.parametrize("bad", ["../out", "in/../../out", "/tmp/tui-dl-out", "a\\\\..\\\\out"])
def test_a_7z_that_would_lead_out_is_refused(
    place: Path, tool: str, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, tool)
    (place / "one").write_bytes(b"x")
    with_bsdtar(place / "a.7z", {"one": bad})
    with pytest.raises(UsageError, match="is no safe name"):
        unpack(place / "a.7z")
    assert sorted(p.name for p in place.iterdir()) == ["a.7z", "one"]


@NEEDS_BSDTAR
@TOOLS
def test_links_of_a_7z_refuse_the_whole(
    place: Path, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, tool)
    (place / "way").symlink_to("/etc/passwd")
    with_bsdtar(place / "a.7z", {"way": "way"})
    with pytest.raises(UsageError, match="links or devices"):
        unpack(place / "a.7z")
    assert not (place / "a").exists()


@TOOLS
@pytest.mark.parametrize("name", ["a.7z", "a.rar"])
def test_what_is_no_7z_or_rar_is_left_as_it_is(
    place: Path, tool: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, tool)
    (place / name).write_bytes(b"no archive at all")
    with pytest.raises(UsageError, match="The archive is not unpacked"):
        unpack(place / name)
    assert [p.name for p in place.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.7z", "a.rar"])
def test_a_missing_program_is_named(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch)
    (place / name).write_bytes(b"x")
    with pytest.raises(UsageError, match="it takes one of 7zz, 7z, 7za, bsdtar, and none is here"):
        unpack(place / name)


@pytest.mark.skipif(not shutil.which("7zz"), reason="7zz makes the archive")
def test_a_locked_7z_asks_nobody(place: Path) -> None:
    (place / "one").write_bytes(b"x")
    argv = ["7zz", "a", "-pfoo", "-mhe=on", str(place / "a.7z"), str(place / "one")]
    subprocess.run(argv, check=True, capture_output=True)
    with pytest.raises(UsageError, match="7zz fails"):
        unpack(place / "a.7z")
    assert not (place / "a").exists()


BOTH = pytest.mark.parametrize(
    ("name", "make"), [("a.tar", make_tar), ("a.tgz", make_tar), ("a.zip", make_zip)]
)


@BOTH
def test_files_come_into_a_folder_of_their_own(place: Path, name: str, make: Maker) -> None:
    entries = [("x.txt", b"x"), ("deep/er/ü y.txt", b"yy" * 1000), ("empty", b"")]
    (place / "a").mkdir()
    (place / "a" / "mine").write_bytes(b"mine")
    make(place / name, entries)
    folder = unpack(place / name)
    assert folder == place / "a (1)"
    assert files_below(folder) == dict(entries)
    assert files_below(place / "a") == {"mine": b"mine"}
    assert (place / name).exists()


@BOTH
@pytest.mark.parametrize("bad", ["../out", "in/../../out", "/tmp/out", "a\\..\\out"])
def test_a_name_that_could_lead_out_refuses_the_whole(
    place: Path, name: str, make: Maker, bad: str
) -> None:
    make(place / name, [("good", b"g"), (bad, b"b")])
    with pytest.raises(UsageError, match="The archive is not unpacked"):
        unpack(place / name)
    assert [p.name for p in place.iterdir()] == [name]


@pytest.mark.parametrize("bad", ["line\nbreak", "esc\x1b[2J"])
def test_no_control_character_gets_into_a_name(place: Path, bad: str) -> None:
    make_tar(place / "a.tar", [(bad, b"b")])
    with pytest.raises(UsageError, match="is no safe name"):
        unpack(place / "a.tar")
    make_zip(place / "a.zip", [(bad, b"b")])  # unzip spells them ^J by itself
    assert all(name.isprintable() for name in files_below(unpack(place / "a.zip")))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar_refuse_the_whole(place: Path, kind: bytes) -> None:
    path = place / "a.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("way")
        info.type, info.linkname = kind, "target -> 5 x"
        archive.addfile(info)
    with pytest.raises(UsageError, match="links or devices"):
        unpack(path)
    assert [p.name for p in place.iterdir()] == ["a.tar"]


def test_links_of_a_zip_refuse_the_whole(place: Path) -> None:
    with zipfile.ZipFile(place / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("way")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UsageError, match="links or devices"):
        unpack(place / "a.zip")


@BOTH
def test_what_would_not_fit_is_not_begun(place: Path, name: str, make: Maker) -> None:
    make(place / name, [("x", b"x")])
    with pytest.raises(DiskError) as caught:
        unpack(place / name, keep_free_bytes=2**62)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert [p.name for p in place.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.xz", "a[1].zip"])
def test_what_is_no_archive_is_left_as_it_is(place: Path, name: str) -> None:
    (place / name).write_bytes(b"no archive at all")
    with pytest.raises(UsageError, match="The archive is not unpacked"):
        unpack(place / name)
    assert [p.name for p in place.iterdir()] == [name]


def test_which_names_are_archives() -> None:
    assert all(map(is_archive, ("a.ZIP", "a.tar.gz", "a.tgz", "a.tar.zst", ".tar")))
    assert all(map(is_archive, ("a.7z", "a.RAR")))
    assert not any(map(is_archive, ("a.iso", "a.gz", "zip", "a.zip.part")))


def test_a_download_that_is_done_is_unpacked_on_wish_and_its_log_tells(place: Path) -> None:
    make_zip(place / "a.zip", [("x", b"x")])
    record = DownloadRecord(
        id="1", gid="2", url="http://h/a.zip", directory=str(place), position=1,
        created_at=utc_now(), name="a.zip",
    )  # fmt: skip
    told: list[str] = []
    for settings in (HookSettings(), HookSettings(unpack=True)):
        hooks = Hooks(settings)
        hooks.start(Event.FAIL, record, told.append)
        hooks.start(Event.VERIFIED, record, told.append)
        hooks.leave(60.0)
    assert told == [f"Unpacked into {place / 'a'}."]
    assert files_below(place / "a") == {"x": b"x"}
