"""The way out: what quitting would lose, what is said at the end, when all is done."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import EngineSnapshot
from tui_dl.domain.units import format_size
from tui_dl.service.contract import DownloadService
from tui_dl.tui.screens.confirm import NAMES_SHOWN, Question
from tui_dl.tui.steering import plural
from tui_dl.tui.view.naming import short_name

ASK_LOSS_TIMEOUT_S = 1.0


async def loss_question(service: DownloadService, snapshot: EngineSnapshot) -> Question | None:
    """Return what to ask before leaving, ``None`` when nothing would be lost.

    A running download continues at the next start, unless its server cannot give parts
    of a file: its bytes would be fetched again from the first.
    """
    lines: list[str] = []
    lost_bytes = 0
    for download in snapshot.downloads:
        if download.status not in (Status.DOWNLOADING, Status.PAUSING) or not download.done_bytes:
            continue
        try:
            details = await asyncio.wait_for(service.details(download.id), ASK_LOSS_TIMEOUT_S)
        except (TimeoutError, TuiDlError):
            continue  # nobody can say: do not stand between the user and the door
        if details is not None and details.ranges_supported is False:
            lines.append(f"{short_name(download.name, 44)}  {format_size(download.done_bytes)}")
            lost_bytes += download.done_bytes
    if not lines:
        return None
    shown = lines[:NAMES_SHOWN]
    if len(lines) > NAMES_SHOWN:
        shown.append(f"… and {len(lines) - NAMES_SHOWN} more")
    return Question(
        title="Quit now?",
        lines=(
            *shown,
            "",
            "The server cannot continue a file in its middle: "
            f"{format_size(lost_bytes)} would be fetched again.",
        ),
        yes="Quit",
        no="Stay",
        destructive=True,
    )


def farewell(snapshot: EngineSnapshot, *, engine_stays: bool) -> str:
    """Return the sentence left on the terminal, empty when there is nothing to say."""
    running = sum(1 for d in snapshot.downloads if d.status in _RUNNING_OR_QUEUED)
    if not running:
        return ""
    if engine_stays:
        return f"{plural(running, 'download')} go on without this screen."
    return f"{plural(running, 'unfinished download')} kept: tui-dl goes on with them next time."


_RUNNING_OR_QUEUED = frozenset(
    {Status.QUEUED, Status.PROBING, Status.DOWNLOADING, Status.RETRYING, Status.VERIFYING}
)


class DoneWatch:
    """Tell when everything that this run was asked to do is over.

    Watches all downloads that were ever seen unfinished, and those named in ``expect``.
    A paused download is waited for: the user can still resume it.
    """

    def __init__(self) -> None:
        self._watched: set[str] = set()

    def expect(self, ids: Iterable[str]) -> None:
        """Wait for these ids, even if they are over before the first look."""
        self._watched.update(ids)

    def is_over(self, snapshot: EngineSnapshot) -> bool:
        """Return whether something was watched and all of it is over or gone."""
        unfinished = {d.id for d in snapshot.downloads if not d.status.is_over}
        self._watched |= unfinished
        return bool(self._watched) and not unfinished

    def exit_code(self, snapshot: EngineSnapshot) -> int:
        """Return 1 when a watched download did not complete, else 0."""
        return int(
            any(
                d.id in self._watched and d.status is not Status.COMPLETED
                for d in snapshot.downloads
            )
        )
