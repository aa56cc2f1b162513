"""Deleting from the list, as the user sees it: the row goes at once, a key brings it back.

What is on its way out is kept by ``Removals``; this tells of it and ends its time of grace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.tui.keys import key_of
from tui_dl.tui.removals import GRACE_S, Removals
from tui_dl.tui.steering import plural
from tui_dl.tui.view.naming import short_name

if TYPE_CHECKING:
    from tui_dl.tui.app import TuiDlApp


class Deleting:
    """The way out of the list, and back. Lives as long as the app."""

    def __init__(self, app: TuiDlApp) -> None:
        self._app = app
        self._removals = Removals(app.service, self._remove_now)

    def without_pending(self, snapshot: EngineSnapshot) -> EngineSnapshot:
        """Return the picture without the rows that were just deleted."""
        return self._removals.without_pending(snapshot)

    async def begin(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Take downloads off the list; for a few seconds they can be brought back."""
        app = self._app
        app.set_timer(GRACE_S, self.grace_is_over)
        self._removals.hide(downloads)
        app.look()  # to stop thousands takes the engine longer than a frame
        try:
            await self._removals.stop(downloads)
        except TuiDlError as error:
            app.say(display_text(error.message), "error")
        one = len(downloads) == 1
        what = short_name(downloads[0].name, 40) if one else plural(len(downloads), "download")
        key = key_of(app.screen, "download.undo")
        files = "its file stays" if one else "their files stay"
        app.say(f"{what} {'is' if one else 'are'} off the list; {files}. {key} undoes.")
        app.look()

    async def undo(self) -> None:
        """Bring back what was deleted last."""
        back = await self._removals.undo()
        sentence = f"{plural(len(back), 'download')} back." if back else "There is nothing to undo."
        self._app.say(sentence)
        self._app.look()
        if back:
            self._app.put_cursor_on(back[0].id)

    def grace_is_over(self) -> None:
        """Carry out the oldest deletion."""
        self._app.spawn(self._removals.finish_oldest())

    async def finish_all(self) -> None:
        """Carry out every deletion: the app ends, or a link is added again."""
        await self._removals.finish_all()

    async def _remove_now(self, ids: Sequence[str]) -> None:
        await self._app.steering.remove(ids, with_files=False)
