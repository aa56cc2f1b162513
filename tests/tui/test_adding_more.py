"""The seldom fields of the add dialog, curl commands in it, and folders that complete."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from tests.tui.driving import SMALL, driven
from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tui_dl.domain.errors import StateError
from tui_dl.domain.model import Digest, DownloadOptions
from tui_dl.tui.completion import completed
from tui_dl.tui.wanted import Form, read_form

URL = "https://example.org/pub/disk.iso"


async def test_the_folded_fields_are_taken() -> None:
    service = FakeService()
    async with driven(service, SMALL) as d:
        await d.press("a")
        await d.type(URL)
        assert "Checksum" not in d.text
        await d.press("ctrl+o")
        assert "Checksum" in d.text
        assert "start paused" in d.text
        await d.type("https://mirror.example.org/disk.iso http://other.example.org/d")
        await d.press("tab")
        await d.type("sha-256=" + "AB" * 32)
        await d.press("tab")
        await d.type("4")
        await d.press("tab")
        await d.type("2M")
        await d.press("enter")
        (request,) = service.calls_of("add")[0]
        assert request.options == DownloadOptions(
            mirrors=("https://mirror.example.org/disk.iso", "http://other.example.org/d"),
            digests=(Digest("sha256", "ab" * 32),),
            connections=4,
            limit_bps=2 * 1024 * 1024,
        )


async def test_fields_with_something_in_them_do_not_fold_away() -> None:
    async with driven(FakeService()) as d:
        await d.press("a", "ctrl+o")
        assert "Mirrors" in d.text
        await d.press("ctrl+o")
        assert "Mirrors" not in d.text
        await d.press("ctrl+o")
        await d.type("https://m.example.org/x")
        await d.press("ctrl+o")
        assert "Mirrors" in d.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"connections": "65"}, "Connections: must be from 1 to 64."),
        ({"connections": "x"}, "Connections: must be a whole number."),
        ({"limit": "fast"}, "Limit: This is not a size."),
        ({"checksum": "sha-256=zz"}, "Checksum: The checksum after sha-256 is not a hex number."),
        ({"mirrors": "ftp://m/x"}, "Mirror ftp://m/x: Only http:// and https://"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, str], sentence: str) -> None:
    reading = read_form(Form(URL, FOLDER, **fields), FOLDER, DownloadOptions())  # type: ignore[arg-type] # all of them are texts
    assert reading.requests == ()
    assert sentence in reading.problems[0]


def test_what_belongs_to_one_file_is_not_given_to_many() -> None:
    form = Form(f"{URL}\n{URL}2", FOLDER, name="x", checksum="zz", mirrors="ftp://m", limit="1M")
    reading = read_form(form, FOLDER, DownloadOptions())
    assert [r.options for r in reading.requests] == [DownloadOptions(limit_bps=1024 * 1024)] * 2


async def test_a_curl_command_becomes_a_download_and_tells_what_it_brings() -> None:
    service = FakeService()
    async with driven(service) as d:
        await d.press("a")
        await d.type(f"curl '{URL}' \\\n -H 'X-Token: s3cret' -u ada:pw -b 'a=1' --compressed")
        assert "curl with login, X-Token, Cookie" in d.text
        await d.press("enter")
        (request,) = service.calls_of("add")[0]
        assert request.url == URL
        assert request.options == DownloadOptions(
            headers=(("X-Token", "s3cret"), ("Cookie", "a=1")),
            http_user="ada",
            http_password="pw",
        )


async def test_a_command_that_is_refused_stays_in_the_box() -> None:
    service = FakeService()
    text = f"curl {URL} -d @/etc/passwd"
    async with driven(service) as d:
        await d.press("a")
        await d.type(text)
        await d.press("enter")
        assert "--data sends something; tui-dl can only fetch." in d.words
        assert d.app.screen.query_one(TextArea).text == text
        assert service.calls_of("add") == []
        d.app.screen.query_one(TextArea).text = good = f"curl {URL} -H 'X-A: 1'"
        service.fail_next = StateError("The engine is out of reach.")
        await d.press("enter")
        assert "The engine is out of reach." in d.words
        assert d.app.screen.query_one(TextArea).text == good


async def test_a_folder_completes_with_the_right_arrow(tmp_path: Path) -> None:
    (tmp_path / "isos").mkdir()
    (tmp_path / "isfile").write_text("")
    async with driven(FakeService()) as d:
        await d.press("a", "tab")
        field = d.app.screen.query_one("#folder", Input)
        field.value = f"{tmp_path}/is"
        await d.app.workers.wait_for_complete()
        await d.settle()
        await d.press("end", "right")
        assert field.value == f"{tmp_path}/isos/"


def test_completion_offers_only_folders_that_can_be_typed(tmp_path: Path) -> None:
    base = str(tmp_path)
    for name in ("beta", "alpha", ".hidden", "esc\x1b[31m"):
        (tmp_path / name).mkdir()
    (tmp_path / "afile").write_text("")
    assert completed(f"{base}/", base) == f"{base}/alpha/"
    assert completed("b", base) == "beta/"
    assert completed(f"{base}/.h", base) == f"{base}/.hidden/"
    assert completed("esc", base) is None
    assert completed("af", base) is None
    for nothing in (f"{base}/nowhere/x", "~nosuchuser/x", "a\x00/b", "alpha"):
        assert completed(nothing, base) is None
