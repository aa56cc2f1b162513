"""Adding downloads: the request goes to the service, duplicates are asked about.

Must run inside a worker, because it waits for an answer on the screen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import AddRequest
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import AddOutcome, AddResult, DownloadService
from tui_dl.tui.screens.confirm import NAMES_SHOWN, Question
from tui_dl.tui.view.row import percent_text
from tui_dl.tui.view.words import LOOKS

Ask = Callable[[Question], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was not taken, and why, display-safe."""

    request: AddRequest
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some requests: the new ids, and what was refused."""

    ids: tuple[str, ...]
    refused: tuple[Refusal, ...]


class Adding:
    """Add requests; ask once about all that are in the list already."""

    def __init__(self, service: DownloadService, ask: Ask) -> None:
        self._service = service
        self._ask = ask

    async def add(self, requests: Sequence[AddRequest]) -> Added:
        """Add what can be added. A service that is out of reach refuses all of it."""
        try:
            results = await self._service.add(requests)
            again = await self._wanted_again(requests, results)
            more = await self._service.add(again) if again else []
        except TuiDlError as error:
            reason = display_text(error.message)
            return Added((), tuple(Refusal(request, reason) for request in requests))
        pairs = [*zip(requests, results, strict=True), *zip(again, more, strict=True)]
        return Added(
            ids=tuple(r.id for _, r in pairs if r.outcome is AddOutcome.ADDED and r.id),
            refused=tuple(
                Refusal(request, _reason(result))
                for request, result in pairs
                if result.outcome is AddOutcome.REFUSED
            ),
        )

    async def _wanted_again(
        self, requests: Sequence[AddRequest], results: Sequence[AddResult]
    ) -> list[AddRequest]:
        """Return the duplicates that the user wants to stand beside the first ones."""
        doubles = [
            (request, result)
            for request, result in zip(requests, results, strict=True)
            if result.outcome is AddOutcome.DUPLICATE
        ]
        if not doubles:
            return []
        known = {download.id: download for download in self._service.snapshot().downloads}
        lines = [_double_line(request, known.get(result.id or "")) for request, result in doubles]
        if not await self._ask(_question(lines)):
            return []
        return [replace(request, id=None, allow_duplicate=True) for request, _ in doubles]


def _question(lines: list[str]) -> Question:
    shown = lines[:NAMES_SHOWN]
    if len(lines) > NAMES_SHOWN:
        shown.append(f"… and {len(lines) - NAMES_SHOWN} more")
    one = len(lines) == 1
    return Question(
        title="Already in the list",
        lines=(
            *shown,
            "",
            "Add it once more? It gets a name of its own."
            if one
            else "Add them once more? Each gets a name of its own.",
        ),
        yes="Add again",
        no="Skip",
        destructive=True,
    )


def _double_line(request: AddRequest, existing: DownloadSnapshot | None) -> str:
    if existing is None:
        return display_text(redacted(request.url), max_cells=56)
    name = display_text(existing.name, max_cells=40)
    return f"{name}  {LOOKS[existing.status].word} {percent_text(existing.fraction)}"


def _reason(result: AddResult) -> str:
    if result.failure is None:
        return "It was refused without a reason."
    return display_text(result.failure.message)
