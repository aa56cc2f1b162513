"""Each place where words from outside become a line, without the painter behind it (trap S9).

The painter shows what a place forgot; so a place that forgets is found only here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.driving import driven
from tests.tui.fake_parts import blank, workers
from tests.tui.fake_service import START, FakeService
from tests.tui.hostile import HOSTILE, hostile_service
from tui_dl.domain.errors import ErrorCode, Failure, StateError
from tui_dl.domain.model import AddRequest, DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, DownloadSnapshot, EventKind
from tui_dl.service.contract import Preview
from tui_dl.tui.adding import Adding
from tui_dl.tui.crash import reason_of
from tui_dl.tui.leaving import loss_question
from tui_dl.tui.news import news_of
from tui_dl.tui.notices import osc9, osc777
from tui_dl.tui.opening import open_outside
from tui_dl.tui.preview_feed import preview_line
from tui_dl.tui.screens.confirm import Question, deletion_question
from tui_dl.tui.terminal_title import TerminalTitle
from tui_dl.tui.user_themes import load_themes
from tui_dl.tui.view.columns import columns_for
from tui_dl.tui.view.details import DetailsTab, details_lines
from tui_dl.tui.view.history import history_line
from tui_dl.tui.view.ink import Line
from tui_dl.tui.view.row import host_of, row_line
from tui_dl.tui.view.status import EngineLook, status_line
from tui_dl.tui.wanted import Form, curl_summary, read_form, shown_url
from tui_dl.tui.widgets.fields import SafeStatic

HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RUNNING = replace(blank(1, "a.bin", START), status=Status.DOWNLOADING)


def _row(text: str, status: Status) -> DownloadSnapshot:
    return replace(
        RUNNING, name=text, directory=f"/no-such/{text}", url=f"https://example.org/{text}",
        status=status, failure=Failure(ErrorCode.NOT_FOUND, text), remark=text, done_bytes=9,
    )  # fmt: skip


def _joined(*lines: Line) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def _lines_of_lists(text: str) -> Iterator[str]:
    for status in (Status.FAILED, Status.DOWNLOADING):
        row = _row(text, status)
        for width in (40, 80, 200):
            columns = columns_for(width)
            yield from _joined(row_line(row, columns, cursor=False, selected=False, now=START))
            yield from _joined(history_line(row, width, cursor=False))
    yield from _joined(status_line(EngineLook(api_address=text), 120))
    yield host_of(text)


async def _lines_of_details(text: str) -> list[str]:
    service = hostile_service([text])
    (row,) = service.snapshot().downloads
    details = await service.details(row.id)
    assert isinstance(details, DownloadDetails)
    assert details.log
    running = replace(RUNNING, connections=1, total_bytes=9)
    worker = replace(workers(running)[0], host=text, state=text)
    details = replace(
        details, download=_row(text, Status.FAILED), part_path=f"/tmp/{text}", final_url=text,
        workers=(worker,),
    )  # fmt: skip
    lines: list[Line] = []
    for tab in DetailsTab:
        lines += details_lines(details, tab, 120, 40, lambda binding: binding, START)
    return _joined(*lines)


def _sentences(text: str) -> Iterator[str]:
    for kind, status in (
        (EventKind.COMPLETED, Status.COMPLETED),
        (EventKind.FAILED, Status.FAILED),
        (EventKind.PAUSED, Status.PAUSED),
    ):
        (news,) = news_of([DownloadEvent(kind, _row(text, status), 1)])
        lines = news.sentence.split("\n")
        assert len(lines) == 2
        yield from lines
    yield from deletion_question([_row(text, Status.FAILED)]).lines
    yield reason_of(ValueError(text))
    for folder in (True, False):
        problem = open_outside(_row(text, Status.COMPLETED), folder=folder)
        assert isinstance(problem, str)
        yield problem
    yield from _joined(preview_line(Preview(text, 9, None), sorted_to=text))
    yield from _joined(preview_line(Preview(text, 9, Failure(ErrorCode.TLS, text))))
    yield shown_url(f"https://example.org/{text}")


def _sentences_about_forms(text: str) -> Iterator[str]:
    for form in (
        Form(f"ftp://{text}", "/tmp"),
        Form(f"https://a.example/{{{text}", "/tmp"),
        Form("https://a.example/b", "/tmp", connections=text, limit=text, checksum=text),
        Form("https://a.example/b", "/tmp", mirrors=f"ftp://{text}"),
        Form(f"curl --{text} https://a.example/b", "/tmp"),
    ):
        yield from read_form(form, "/tmp", DownloadOptions()).problems
    yield curl_summary(f"curl -H '{text}: 1' https://a.example/b")


def _sequences(text: str) -> Iterator[str]:
    """Yield what is inside of the sequences that reach the terminal beside the screen."""
    written: list[str] = []
    TerminalTitle(written.append).show(text)
    assert written[1].startswith("\x1b]2;")
    yield written[1].removeprefix("\x1b]2;").removesuffix("\x07")
    yield osc9(text).removeprefix("\x1b]9;").removesuffix("\x07")
    inside = osc777(text).removeprefix("\x1b]777;notify;tui-dl;").removesuffix("\x07")
    assert ";" not in inside
    yield inside


async def _sentences_of_asking(text: str) -> list[str]:
    """What adding and leaving ask, and what adding refuses."""
    asked: list[Question] = []

    async def ask(question: Question) -> bool:
        asked.append(question)
        return False

    service = FakeService()
    url = "https://example.org/twice"
    service.put(
        text,
        Status.DOWNLOADING,
        url=url,
        directory="/tmp",
        done_bytes=9,
        ranges_supported=False,
    )
    adding = Adding(service, ask)
    await adding.add([AddRequest(url, "/tmp")])
    if (leaving := await loss_question(service, service.snapshot())) is not None:
        asked.append(leaving)
    assert len(asked) == 2
    service.fail_next = StateError(text)
    refused = (await adding.add([AddRequest("https://example.org/b", "/tmp")])).refused
    assert len(refused) == 1
    return [refused[0].reason, *(line for question in asked for line in question.lines)]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_place_hands_on_what_is_hidden(text: str) -> None:
    shown = [
        *_lines_of_lists(text),
        *asyncio.run(_lines_of_details(text)),
        *_sentences(text),
        *_sentences_about_forms(text),
        *_sequences(text),
        *asyncio.run(_sentences_of_asking(text)),
    ]
    assert [words for words in shown if HIDDEN.search(words)] == []


def test_a_theme_of_a_hostile_name_is_told_safely(tmp_path: Path) -> None:
    (tmp_path / "\x1b]0;owned\x07.toml").write_text("primary = 3")
    _, problems = load_themes(tmp_path)
    assert "␛]0;owned␇.toml" in problems[0]
    assert not HIDDEN.search(problems[0])


async def test_what_a_place_forgot_is_shown_as_a_picture() -> None:
    """The last protection: toasts, and sentences of dialogs and titles."""
    async with driven(FakeService()) as d:
        d.app.say("a\x1b]0;x\x07b\nc\x9b31m")
        await d.settle()
        assert d.toasts == ["a␛]0;x␇b\nc<U+009B>31m"]
        await d.app.screen.mount(SafeStatic("a\x1b]0;x\x07b", markup=False, id="words"))
        await d.settle()
        assert d.app.screen.query_one("#words").render_line(0).text == "a␛]0;x"
