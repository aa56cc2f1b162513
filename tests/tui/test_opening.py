"""Opening files: by argument list, never a shell, and never what could run (trap S15)."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.driving import driven
from tests.tui.fake_parts import blank
from tests.tui.fake_service import START, FakeService
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.tui.opening import Opener, may_run, open_outside


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an ``xdg-open`` into PATH that writes its arguments down, one a line."""
    program, notes = tmp_path / "bin" / "xdg-open", tmp_path / "opened.txt"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nfor a in "$@"; do echo "$a"; done > {notes}.new\n'
                       f"mv {notes}.new {notes}\n")  # fmt: skip
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr("sys.platform", "linux")
    return notes


def _finished(folder: Path, name: str, body: bytes = b"text") -> DownloadSnapshot:
    (folder / name).write_bytes(body)
    service = FakeService()
    return replace(service.put(name, Status.COMPLETED), directory=str(folder))


def _read_soon(notes: Path) -> list[str]:
    """Wait for another process: nothing to await there."""
    for _ in range(500):
        if notes.exists():
            return notes.read_text().splitlines()
        time.sleep(0.02)
    pytest.fail("xdg-open was not started")


def test_a_finished_file_is_one_argument_whatever_its_name(tmp_path: Path, opened: Path) -> None:
    name = "a; touch owned $(id) 'x' & -rf.pdf"
    assert isinstance(open_outside(_finished(tmp_path, name), folder=False), Opener)
    assert _read_soon(opened) == [str(tmp_path / name)]
    assert not (tmp_path / "owned").exists()


def test_the_folder_is_opened(tmp_path: Path, opened: Path) -> None:
    assert isinstance(open_outside(_finished(tmp_path, "a.pdf"), folder=True), Opener)
    assert _read_soon(opened) == [str(tmp_path)]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("setup.exe", b"text"),
        ("Evil.DESKTOP", b"text"),
        ("run.sh", b"text"),
        ("photo.jpg", b"#!/bin/sh\nrm -rf ~"),
        ("photo.jpg", b"\x7fELF\x02"),
        ("photo.jpg", b"MZ\x90"),
        ("photo.jpg", b"\n\n[Desktop Entry]\nExec=sh"),
    ],
)
def test_what_could_run_is_refused(tmp_path: Path, opened: Path, name: str, body: bytes) -> None:
    sentence = open_outside(_finished(tmp_path, name, body), folder=False)
    assert sentence == "tui-dl does not open programs. O opens its folder."
    assert not opened.exists()


def test_an_executable_bit_is_enough_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF")
    assert not may_run(path)
    path.chmod(0o755)
    assert may_run(path)


def test_what_is_not_there_or_not_done_is_told(tmp_path: Path, opened: Path) -> None:
    download = _finished(tmp_path, "a.pdf")
    running = replace(download, status=Status.DOWNLOADING)
    assert open_outside(running, folder=False) == "It can be opened once it is done."
    (tmp_path / "a.pdf").unlink()
    assert open_outside(download, folder=False) == "a.pdf is not there any more."
    gone = replace(download, directory=str(tmp_path / "gone"))
    assert "is not there" in str(open_outside(gone, folder=True))


def test_without_a_desktop_the_path_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = open_outside(_finished(tmp_path, "a.pdf"), folder=False)
    assert isinstance(sentence, str)
    assert str(tmp_path / "a.pdf") in sentence


@pytest.mark.parametrize(("code", "is_told"), [(0, False), (3, True)])
async def test_an_opener_that_opens_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_told: bool
) -> None:
    """Over ssh and in a container there is one, and it ends without a word on the screen."""
    program = tmp_path / "xdg-open"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("sys.platform", "linux")
    opener = open_outside(_finished(tmp_path, "a.pdf"), folder=False)
    assert isinstance(opener, Opener)
    sentence = await opener.trouble()
    if is_told:
        assert sentence == f"xdg-open could not open it (exit 3). It is {tmp_path / 'a.pdf'}"
    else:
        assert sentence is None


async def test_what_an_opener_could_not_do_is_a_toast(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Opener):
        def __init__(self) -> None: ...

        async def trouble(self) -> str | None:
            return "It could not."

    monkeypatch.setattr("tui_dl.tui.app.open_outside", lambda download, *, folder: Failing())
    service = FakeService()
    service.put("a.bin", Status.COMPLETED)
    async with driven(service) as d:
        await d.press("o")
        assert d.toasts == ["It could not."]


async def test_o_on_a_remote_engine_says_where_the_files_are() -> None:
    service = FakeService()
    service.put("a.bin", Status.COMPLETED)
    async with driven(service, remote=True) as d:
        await d.press("o", "O")
        assert d.toasts == ["The files are where the engine runs, not here."] * 2


async def test_o_tells_why_it_cannot_open() -> None:
    service = FakeService()
    service.put("a.bin")
    async with driven(service) as d:
        await d.press("o")
        assert d.toasts == ["It can be opened once it is done."]


def test_what_may_not_be_looked_at_is_not_there() -> None:
    for folder in ("/tmp/" + "n" * 300, "/tmp/a\x00b"):
        row = replace(blank(1, "n" * 300, START), directory=folder, status=Status.COMPLETED)
        assert "is not there" in str(open_outside(row, folder=True))
        assert "is not there" in str(open_outside(row, folder=False))
