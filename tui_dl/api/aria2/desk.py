"""Where all calls of the dialect meet: its memory, and one look at the service per message.

Must not know single methods, envelopes or sockets.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import field
from pathlib import Path

from tui_dl.api.aria2.adding import Place
from tui_dl.api.aria2.codec import View, needs_details, wants_details
from tui_dl.api.aria2.errors import RpcError, not_found
from tui_dl.api.aria2.ledger import Ledger
from tui_dl.api.aria2.listing import WaitingLine, stopped_rows
from tui_dl.api.aria2.option_rules import RULES
from tui_dl.api.aria2.options import Defaults
from tui_dl.api.aria2.params import gid_prefix
from tui_dl.api.context import ApiContext
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot, EngineSnapshot
from tui_dl.service.contract import DownloadService

GID_DIGITS = 16
MOST_TOLD = 100_000
"""Structs in the reply to one message (trap S13)."""
TOLD_IN_A_ROW = 64
"""Then the engine, whose loop this is, gets a turn."""


@dataclass(frozen=True, slots=True)
class Aria2Settings:
    """What the process decides for the dialect; no client can change it."""

    defaults: Defaults = field(default_factory=Defaults)
    session_path: Path | None = None
    """Where saveSession writes; it has no other place."""
    shut_down: Callable[[], None] | None = None
    """Ends the process; ``None``: clients may not."""
    jsonp: bool = False
    """Whether a GET may ask for JavaScript around its reply."""


class Desk:
    """The memory that lasts over messages. Belongs to the server's loop."""

    def __init__(self, context: ApiContext, settings: Aria2Settings) -> None:
        self.context = context
        self.settings = settings
        self.line = WaitingLine()
        self.everywhere: dict[str, str] = {}
        """Options out of changeGlobalOption, for downloads that are added later."""
        self.session_id = secrets.token_hex(20)
        self.is_shutting_down = False
        self._ledger: Ledger | None = None
        self._ended_before = 0

    @property
    def service(self) -> DownloadService:
        """The downloads."""
        return self.context.service

    @property
    def ledger(self) -> Ledger:
        """What is remembered of downloads; begins with ``open``, or the first use."""
        return self._ledger if self._ledger is not None else self.open()

    def open(self) -> Ledger:
        """Listen to the service from now on."""
        self.close()
        self._ledger = Ledger(self.service)
        self._ended_before = len(stopped_rows(self.context.rows.rows(), {}))
        return self._ledger

    @property
    def stopped_total(self) -> int:
        """All ends so far, purged ones included."""
        return self.ledger.ended + self._ended_before

    def added_texts(self) -> dict[str, str]:
        """Return the options out of changeGlobalOption that a new download takes over."""
        return {name: text for name, text in self.everywhere.items() if RULES[name].when_added}

    def global_texts(self, picture: EngineSnapshot) -> dict[str, str]:
        """Return what getGlobalOption answers, in no order."""
        texts = {
            rule.name: rule.default
            for rule in RULES.values()
            if rule.everywhere and rule.default is not None
        }
        texts |= self.settings.defaults.texts() | {"dir": self.context.directory}
        return {
            **texts,
            **self.everywhere,
            "max-concurrent-downloads": str(picture.slots),
            "max-overall-download-limit": str(picture.limit_bps),
        }

    def close(self) -> None:
        """Stop listening to the service. Idempotent."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


class Look:
    """One message's view of the downloads: the same picture until something is done."""

    def __init__(self, desk: Desk, *, trusted: bool = False, may_change: bool = True) -> None:
        self.desk = desk
        self.service = desk.service
        self.ledger = desk.ledger
        self.trusted = trusted
        """Whether the owner's own key was shown: any folder may be named."""
        self.may_change = may_change
        self._picture: EngineSnapshot | None = None
        self._told = 0

    def picture(self) -> EngineSnapshot:
        """Return a picture that knows everything this message has done."""
        if self._picture is None:
            self._picture = self.desk.context.rows.snapshot()
        return self._picture

    def forget(self) -> None:
        """Take a new picture next time: something was done."""
        self._picture = None

    def find(self, gid: str) -> DownloadSnapshot:
        """Return the download of a gid, or of the beginning of one.

        Raises:
            RpcError: it is no gid, or it fits none or several.
        """
        wanted = gid_prefix(gid)
        # Most clients send whole gids, and some ask for hundreds of them in one message.
        known = self.desk.context.rows.find(wanted) if len(wanted) == GID_DIGITS else None
        if known is not None:
            return known
        rows = self.picture().downloads
        found = [row for row in rows if row.gid.startswith(wanted)]
        if not found:
            raise not_found(gid)
        if len(found) > 1:
            raise RpcError(f"GID {gid} is not unique")
        return found[0]

    def again(self, row: DownloadSnapshot) -> DownloadSnapshot | None:
        """Return the row as it is now."""
        self.forget()
        rows = self.picture().downloads
        return next((one for one in rows if one.id == row.id), None)

    def line(self) -> list[DownloadSnapshot]:
        """Return waiting and paused downloads in their order."""
        return self.desk.line.rows(self.picture().downloads)

    def stopped(self) -> list[DownloadSnapshot]:
        """Return what is over, the oldest end first."""
        return stopped_rows(self.picture().downloads, self.ledger.ends)

    async def views(
        self, rows: Iterable[DownloadSnapshot], keys: Collection[str] = ()
    ) -> list[View]:
        """Return all that these keys need of each download.

        Raises:
            RpcError: this message has been told too many downloads already.
        """
        found: list[View] = []
        for row in rows:
            self._told += 1
            if self._told > MOST_TOLD:
                raise RpcError("The reply would be too large.")
            if self._told % TOLD_IN_A_ROW == 0:
                await asyncio.sleep(0)
            found.append(await self.view(row, keys))
        return found

    async def view(self, row: DownloadSnapshot, keys: Collection[str] = ()) -> View:
        """Return all that these keys need of one download."""
        details = None
        if wants_details(keys) and needs_details(row):
            details = await self.service.details(row.id)
        return View(row, details, self.ledger.extra(row.id).expected_bytes)

    def place(self) -> Place:
        """Return where this caller's downloads may go."""
        folders = self.desk.context.folders

        def resolve(wanted: str | None) -> str:
            return folders.resolve(wanted, trusted=self.trusted)

        return Place(resolve, self.desk.settings.defaults)
