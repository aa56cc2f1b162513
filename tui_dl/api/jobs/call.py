"""One request to this dialect, and what all its handlers work with. Must not act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import field

from starlette.responses import Response
from starlette.types import Scope

from tui_dl.api.context import ApiContext
from tui_dl.api.history import History
from tui_dl.api.jobs.board import Board
from tui_dl.api.jobs.params import id_of
from tui_dl.api.jobs.settings import JobsSettings
from tui_dl.api.jobs.ticket_box import Tickets
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(slots=True)
class Desk:
    """What lasts over requests. Belongs to the server's loop."""

    context: ApiContext
    settings: JobsSettings
    history: History
    board: Board
    tickets: Tickets
    submitting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Two batches at once must not both see the last free place."""
    cancelling: set[str] = field(default_factory=set)
    """Ids whose cancel was accepted and whose workers are on their way out."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request with its body read."""

    desk: Desk
    scope: Scope
    body: bytes

    def job_id(self) -> str:
        """Return the id that the request names; empty when there is none."""
        return id_of(self.scope, self.body)


Action = Callable[[Call], Awaitable[Response]]
