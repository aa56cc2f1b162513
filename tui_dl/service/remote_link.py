"""The two ways to a remote engine behind one port: our own dialect, or Surge's.

Owns the port and the way through our own dialect; Surge's is ``remote_surge.py``. Must
not keep a picture: it reports what comes and passes on what is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from tui_dl.domain.errors import ErrorCode, Failure, TransferError, TuiDlError, UsageError
from tui_dl.domain.model import AddRequest
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadDetails, DownloadEvent, EngineSnapshot
from tui_dl.service.contract import ActionResult, AddResult, Preview, Recheck
from tui_dl.service.remote_http import Answer, RemoteHttp
from tui_dl.service.remote_wire import (
    PREFIX,
    Act,
    AddAnswers,
    Additions,
    Dials,
    decode,
    encode,
)

SILENCE_S = 15.0
"""The server says something every 5 s; after three of them missed it is out of reach."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole picture: everything known before is void."""

    snapshot: EngineSnapshot


@dataclass(frozen=True, slots=True)
class Part:
    """A newer picture whose rows are only those that changed."""

    snapshot: EngineSnapshot


LinkItem = Whole | Part | DownloadEvent


class Link(Protocol):
    """Ask a remote engine, and listen to it. Every call may raise ``TuiDlError``."""

    async def picture(self) -> EngineSnapshot:
        """Return the whole picture."""

    def listen(self) -> AsyncIterator[LinkItem]:
        """Yield what happens, beginning with a ``Whole``, until the connection breaks.

        Raises:
            TransferError: it broke, or never came about.
        """

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads."""

    async def preview(self, request: AddRequest) -> Preview:
        """Ask what a request leads to."""

    async def act(self, act: Act) -> list[ActionResult]:
        """Do one deed."""

    async def dial(self, dials: Dials) -> None:
        """Set what is for the whole engine."""

    async def details(self, id_: str) -> DownloadDetails | None:
        """Return everything about one download."""

    async def recheck(self, id_: str) -> Recheck:
        """Compare a completed download with its source."""


class NativeLink:
    """The way to another tui-dl."""

    def __init__(self, http: RemoteHttp) -> None:
        self._http = http

    async def picture(self) -> EngineSnapshot:
        """Return the whole picture."""
        return decode(_good(await self._http.ask("GET", f"/{PREFIX}/snapshot")), EngineSnapshot)

    async def listen(self) -> AsyncIterator[LinkItem]:
        """Yield what happens until the connection breaks."""
        async with self._http.events(f"/{PREFIX}/events", SILENCE_S) as frames:
            async for frame in frames:
                if frame.name == "change":
                    yield decode(frame.data, DownloadEvent)
                elif frame.name == "picture":
                    yield Part(decode(frame.data, EngineSnapshot))
                elif frame.name == "whole":
                    yield Whole(decode(frame.data, EngineSnapshot))

    async def add(self, requests: Sequence[AddRequest]) -> list[AddResult]:
        """Add downloads in one transaction."""
        body = encode(Additions(tuple(requests)))
        answer = await self._http.ask("POST", f"/{PREFIX}/add", body=body)
        return list(decode(_good(answer), AddAnswers).results)

    async def preview(self, request: AddRequest) -> Preview:
        """Ask what a request leads to."""
        body = encode(Additions((request,)))
        return decode(_good(await self._http.ask("POST", f"/{PREFIX}/preview", body=body)), Preview)

    async def act(self, act: Act) -> list[ActionResult]:
        """Do one deed."""
        answer = await self._http.ask("POST", f"/{PREFIX}/act", body=encode(act))
        return decode(_good(answer), list[ActionResult])

    async def dial(self, dials: Dials) -> None:
        """Set what is for the whole engine."""
        _good(await self._http.ask("POST", f"/{PREFIX}/dials", body=encode(dials)))

    async def details(self, id_: str) -> DownloadDetails | None:
        """Return everything about one download."""
        answer = await self._http.ask("GET", f"/{PREFIX}/details", query={"id": id_})
        return None if answer.status == 404 else decode(_good(answer), DownloadDetails)

    async def recheck(self, id_: str) -> Recheck:
        """Compare a completed download with its source."""
        answer = await self._http.ask("POST", f"/{PREFIX}/recheck", query={"id": id_})
        return decode(_good(answer), Recheck)


def _good(answer: Answer) -> bytes:
    """Return the body of a good answer; raise the failure of another."""
    if answer.is_good:
        return answer.body
    try:
        failure = decode(answer.body, Failure)
    except TransferError:
        failure = Failure(ErrorCode.PROTOCOL, f"The engine answered {answer.status}: {answer.text}")
    raise error_of(failure)


def error_of(failure: Failure) -> TuiDlError:
    """Return the error that a failure was."""
    kind = UsageError if failure.code in _USAGE else TransferError
    return kind(failure.message, code=failure.code, retryable=failure.retryable)


_USAGE = frozenset(
    {
        ErrorCode.INVALID_URL,
        ErrorCode.UNSUPPORTED_SCHEME,
        ErrorCode.INVALID_OPTION,
        ErrorCode.UNKNOWN_DOWNLOAD,
        ErrorCode.NOT_ALLOWED_NOW,
        ErrorCode.NOT_WRITABLE,
    }
)
