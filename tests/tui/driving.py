"""Drive the app over the fake service, with the clock in the test's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fake_parts import FOLDER
from tests.tui.fake_service import FakeService
from tests.tui.grid import screen_text
from tui_dl.tui.app import TuiDlApp
from tui_dl.tui.screens.main import MainScreen
from tui_dl.tui.widgets.download_list import DownloadList

WIDE = (120, 36)
SMALL = (80, 24)


class Driver:
    """The running app, with the words that tests need."""

    def __init__(self, app: TuiDlApp, pilot: Pilot[int], service: FakeService) -> None:
        self.app = app
        self.pilot = pilot
        self.service = service

    async def press(self, *keys: str) -> None:
        """Press keys and wait until everything they started is done or asks something."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Put text into the focused widget as a paste does."""
        focused = self.app.screen.focused
        assert focused is not None
        if isinstance(focused, Input):
            focused.insert_text_at_cursor(text)
        else:
            focused.insert(text)  # type: ignore[attr-defined] # the only other one is a TextArea
        await self.settle()

    async def settle(self) -> None:
        """Let messages and frames pass."""
        for _ in range(3):
            await self.pilot.pause()

    async def look(self) -> str:
        """Make the app look at the service, and return what the screen shows."""
        self.app.look()
        await self.settle()
        return self.text

    @property
    def text(self) -> str:
        """What the screen shows."""
        return screen_text(self.app)

    @property
    def words(self) -> str:
        """What the screen shows as one run of words: for sentences that may be wrapped."""
        return " ".join(word for word in self.text.split() if word.strip("─│╭╮╰╯"))

    @property
    def listing(self) -> DownloadList:
        """The list of the main screen."""
        main = self.app.screen_stack[0]
        assert isinstance(main, MainScreen)
        return main.query_one(DownloadList)

    @property
    def cursor_name(self) -> str:
        """The name under the cursor."""
        assert self.listing.cursor_id is not None
        return self.service.row(self.listing.cursor_id).name

    @property
    def toasts(self) -> list[str]:
        """The sentences that were told, oldest first."""
        return [notification.message for notification in self.app._notifications]


@asynccontextmanager
async def driven(
    service: FakeService, size: tuple[int, int] = WIDE, **arguments: Any
) -> AsyncIterator[Driver]:
    """Run the app over ``service`` at ``size``; the clock stands still."""
    arguments.setdefault("clock", lambda: 0.0)
    app = TuiDlApp(service, directory=FOLDER, **arguments)
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, pilot, service)
        await driver.settle()
        yield driver
