"""The port of a ``get``: our own dialect on a Unix socket that only this user can open.

Another ``get`` works through it while this one runs. Loaded when the first caller knocks:
most ``get`` never have one. Must not choose the socket.
"""

from __future__ import annotations

import socket
import time

from starlette.types import ASGIApp

from tui_dl.api.auth import Guard, Verdict
from tui_dl.api.context import ApiContext
from tui_dl.api.dispatch import Dispatcher
from tui_dl.api.events import EventHub
from tui_dl.api.facade import Dialect, Facade
from tui_dl.api.folders import Folders
from tui_dl.api.live import LiveRows
from tui_dl.api.native.routes import NativeFacade
from tui_dl.api.origins import HostRule
from tui_dl.api.server import ApiServer
from tui_dl.api.surge.routes import SurgeFacade
from tui_dl.service.contract import DownloadService

HOST = "localhost"
"""What callers write into the Host field; over a socket it names nothing."""


class _OwnersGuard(Guard):
    """Everybody who can open the socket is this user."""

    def check(self, peer: str, candidate: bytes | None) -> Verdict:
        """Let the caller name any folder, as the user can."""
        return Verdict.OWNER


class _DoorServer(ApiServer):
    """A server on a socket that listens already."""

    def __init__(self, context: ApiContext, listening: socket.socket) -> None:
        # The native dialect; what is no path of it is refused in the words of Surge's.
        facades: dict[Dialect, Facade] = {
            Dialect.NATIVE: NativeFacade(context),
            Dialect.SURGE: SurgeFacade(context),
        }
        super().__init__(context, facades)
        self._sockets.append(listening)

    @property
    def app(self) -> ASGIApp:
        """The application for the socket."""
        return Dispatcher(self._context, self._facades, HostRule(HOST, frozenset({80})))


async def serve_door(service: DownloadService, directory: str, listening: socket.socket) -> None:
    """Answer callers of ``listening`` until cancelled, then close it."""
    context = ApiContext(
        service=service,
        folders=Folders(directory, (), ()),
        guard=_OwnersGuard(None, time.monotonic),
        events=EventHub(service),
        rows=LiveRows(service),
    )
    await _DoorServer(context, listening).run()
