"""What every dialect works with: the service, the guard, the folders, the events.

Must not know any dialect.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field

from starlette.types import Scope

from tui_dl import __version__
from tui_dl.api.auth import Guard, TokenStore
from tui_dl.api.events import EventHub
from tui_dl.api.folders import Folders
from tui_dl.api.live import LiveRows
from tui_dl.api.requests import is_trusted
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import DownloadService


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and times that protect the engine from its clients (traps S13, S14)."""

    body_s: float = 30.0
    """Longest time for a body to arrive."""
    head_s: float = 10.0
    """Longest time for a request's head."""
    head_bytes: int = 32 * 1024
    stalled_write_s: float = 30.0
    """A client that takes no byte for so long is cut off."""
    keep_alive_s: int = 15
    connections: int = 96
    """More are answered with 503, twice as many not at all."""
    heartbeat_s: float = 15.0
    """Between two comments on a quiet event stream."""


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Everything a dialect may use. Built once per server."""

    service: DownloadService
    folders: Folders
    guard: Guard
    events: EventHub
    rows: LiveRows
    allowed_origins: frozenset[str] = frozenset()
    """Web origins that may call, beside extensions; ``*`` is all, ``null`` is a word too."""
    allowed_hosts: frozenset[str] = frozenset()
    """Extra values of the Host field, with or without port."""
    limits: Limits = field(default_factory=Limits)
    version: str = __version__
    clock: Callable[[], float] = time.monotonic

    @property
    def directory(self) -> str:
        """The default target folder."""
        return self.folders.directory

    @property
    def token(self) -> TokenStore | None:
        """The token, ``None`` under --no-auth."""
        return self.guard.token

    def target_folder(self, scope: Scope, wanted: str | None) -> str:
        """Return where a request may write (see ``Folders.resolve``).

        Raises:
            UsageError: the folder is not allowed.
        """
        return self.folders.resolve(wanted, trusted=is_trusted(scope))

    def find(self, id_or_gid: str) -> DownloadSnapshot | None:
        """Return the download of a whole id or gid, with everything that events told."""
        return self.rows.find(id_or_gid)

    async def fresh(self, id_or_gid: str) -> DownloadSnapshot | None:
        """Return the download of a whole id or gid with its counters of this moment."""
        row = self.find(id_or_gid)
        details = None if row is None else await self.service.details(row.id)
        return None if details is None else details.download


def make_context(
    service: DownloadService,
    directory: str,
    *,
    token: TokenStore | None,
    owner: TokenStore | None = None,
    roots: tuple[str, ...] = (),
    forbidden: tuple[str, ...] = (),
    allowed_origins: frozenset[str] = frozenset(),
    allowed_hosts: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ApiContext:
    """Return the context of one server; ``token`` ``None`` is --no-auth.

    The service must be started: the context listens to it from now on.
    """
    return ApiContext(
        service=service,
        folders=Folders(directory, roots, forbidden),
        guard=Guard(token, clock, owner),
        events=EventHub(service),
        rows=LiveRows(service),
        allowed_origins=allowed_origins,
        allowed_hosts=allowed_hosts,
        limits=limits or Limits(),
        clock=clock,
    )
