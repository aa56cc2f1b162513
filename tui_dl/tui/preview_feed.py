"""What the one link in the add dialog leads to, asked for once it has not changed for a moment.

Owns the waiting and the words. Must not hold up the dialog: an answer to an older text
is dropped, and closing the dialog cancels the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from textual.timer import Timer
from textual.widget import Widget

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.model import AddRequest
from tui_dl.domain.units import format_size
from tui_dl.service.contract import Preview
from tui_dl.tui.view.ink import Ink, Line
from tui_dl.tui.view.naming import short_name

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp

STILL_S = 0.5
"""Nobody types a link key by key for the server to be asked at each."""
NAME_CELLS = 44
FOLDER_CELLS = 20


class PreviewFeed:
    """Ask the service about the link; hand one line to ``show``."""

    def __init__(
        self, owner: Widget, show: Callable[[Line], None], sorted_to: Callable[[str], str]
    ) -> None:
        """``sorted_to`` gives the folder that a name is sorted into, empty for none."""
        self._owner = owner
        self._sorted_to = sorted_to
        self._show = show
        self._timer: Timer | None = None
        self._asked: str | None = None
        self._wanted: tuple[str | None, int] = (None, 0)

    def want(self, requests: Sequence[AddRequest]) -> None:
        """Say which links stand there now; only a single one is looked at."""
        app = cast("TuiDlApp", self._owner.app)
        request = requests[0] if len(requests) == 1 else None
        url = request.url if request is not None else None
        count = len(requests)
        if (url, count) == self._wanted:
            return
        self._asked, self._wanted = url, (url, count)
        if self._timer is not None:
            self._timer.stop()
        self._show(((f"{count} links", Ink.FAINT),) if count > 1 else ())
        if request is not None and app.preferences.settings.ui.preview:
            wanted = request
            self._timer = self._owner.set_timer(STILL_S, lambda: self._ask(wanted))

    def _ask(self, request: AddRequest) -> None:
        self._show((("asking the server…", Ink.FAINT),))
        self._owner.run_worker(self._look(request), group="preview", exclusive=True)

    async def _look(self, request: AddRequest) -> None:
        app = cast("TuiDlApp", self._owner.app)
        try:
            preview = await app.service.preview(request)
            line = preview_line(preview, self._sorted_to(preview.name))
        except TuiDlError as error:
            line = ((display_text(error.message, max_cells=60), Ink.FAINT),)
        if self._asked == request.url:
            self._show(line)


def preview_line(preview: Preview, sorted_to: str = "") -> Line:
    """Return name, size and, if it is sorted by its name, its folder, in at most 64 cells.

    Or why nobody could be asked. All of it is display-safe.
    """
    if preview.failure is not None:
        return ((display_text(preview.failure.message, max_cells=64), Ink.RETRY),)
    size = "size unknown" if preview.total_bytes is None else format_size(preview.total_bytes)
    name_cells = NAME_CELLS - FOLDER_CELLS if sorted_to else NAME_CELLS
    line: Line = ((short_name(preview.name, name_cells), Ink.SOFT), (f"   {size}", Ink.STRONG))
    if not sorted_to:
        return line
    return (*line, ("   to ", Ink.FAINT), (short_name(sorted_to, FOLDER_CELLS), Ink.ACCENT))
