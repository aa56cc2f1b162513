"""Words of strangers: names, URLs and sentences made to break or to steer a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tests.tui.fake_service import START, FakeService
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import LogLine

HOSTILE = (
    "x[/b].mkv",
    "[/].zip",
    "[red]x[/red].zip",
    "[@click=app.quit]free[/].iso",
    "[[/]](",
    "\\[/",
    "$accent[b",
    "\x1b]0;owned\x07.zip",
    "\x1b]52;c;ZWNobw==\x1b\\.zip",
    "\x1b[2J\x1b[H.bin",
    "\x9b31mred.bin",
    "a\x00b\x08c\x7f.bin",
    "gpj.\u202eexe.bin",
    "\u2066iso\u2069\u200b\u200d.iso",
    "line\nbreak\r\ttab.bin",
    "\udcff\ud800.bin",
    "音" * 150 + ".flac",
    "e\u0301" * 90,
    "👩‍👩‍👧‍👦🇩🇪.jpg",
    "",
    " ",
    "{name}%s%n",
    "a" * 5000,
)

COMMANDS = (
    "\x1b]2;{}\x07",
    "\x1b]9;{}\x07",
    "\x1bP{}\x1b\\",
    "\x9d0;{}\x9c",
    "\x1b[{}n",
    "[{}](/x)",
)
"""Ways to make a terminal, or a parser of markup, do something."""
SIXTY = (
    *HOSTILE,
    *(command.format(f"owned{n}") for n in range(6) for command in COMMANDS),
    "\x85next line.bin",
)
"""For the terminal itself: each as a name, a URL, a reason, a header and a line of a log."""


def hostile_service(texts: Sequence[str]) -> FakeService:
    """Put each text wherever a stranger's words can come from."""
    service = FakeService()
    service.api_address = texts[0]
    statuses = (Status.FAILED, Status.DOWNLOADING, Status.RETRYING, Status.COMPLETED)
    for number, text in enumerate(texts):
        row = service.put(
            text, statuses[number % 4], directory=f"/tmp/{text}",
            url=f"https://example.org/{text}", failure=Failure(ErrorCode.NOT_FOUND, text),
            total_bytes=100, done_bytes=50, connections=2, rate_bps=3.0,
        )  # fmt: skip
        service.script(row.id).log.append(LogLine(START, text))
    return service
