"""Putting the port together: context, dialects, server, and its place in the engine's loop.

The one function that a process calls. Must not read settings files or flags.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from tui_dl.api.aria2.desk import Aria2Settings
from tui_dl.api.aria2.routes import Aria2Facade
from tui_dl.api.context import ApiContext, Limits, make_context
from tui_dl.api.facade import Dialect, Facade
from tui_dl.api.files.routes import FilesFacade
from tui_dl.api.files.settings import FilesSettings
from tui_dl.api.history import History
from tui_dl.api.history_file import HISTORY_NAME, HistoryFile
from tui_dl.api.jobs.routes import JobsFacade
from tui_dl.api.jobs.settings import JobsSettings
from tui_dl.api.native.routes import NativeFacade
from tui_dl.api.origins import is_loopback
from tui_dl.api.server import ApiServer
from tui_dl.api.surge.routes import SurgeFacade
from tui_dl.api.tokens import OWNER_NAME, TOKEN_NAME, TokenStore
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.service.contract import DownloadService


class Host(DownloadService, Protocol):
    """A service with a loop of its own, where a server can live."""

    async def attach(self, guest: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``guest`` in the engine's loop until the service closes."""

    async def set_api_address(self, address: str | None) -> None:
        """Make ``host:port`` of the remote API known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the process decides about its port."""

    data_dir: Path
    settings_file: Path
    directory: str
    """Default target folder, absolute."""
    host: str = "127.0.0.1"
    port: int = 1700
    strict_port: bool = False
    """Exactly this port; else the next free of a hundred."""
    extra_ports: tuple[int, ...] = ()
    """More ports for the same dialects, such as aria2's 6800."""
    token: str | None = None
    """Replaces the stored token; ``None`` keeps it, or makes one."""
    no_auth: bool = False
    public: bool = False
    """Whether the user said that other machines may connect."""
    roots: tuple[str, ...] = ()
    """Folders below which clients may write, beside the default one and the home."""
    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    aria2: Aria2Settings = field(default_factory=Aria2Settings)
    jobs: JobsSettings = field(default_factory=JobsSettings)
    files: FilesSettings = field(default_factory=FilesSettings)
    limits: Limits = field(default_factory=Limits)


async def start_api(service: Host, settings: ApiSettings) -> str:
    """Serve ``service`` on the port and return ``host:port``. It ends with the service.

    Raises:
        UsageError: what is asked for is not safe.
        StateError: no port is free, or the token cannot be used.
        DiskError: the token cannot be stored.
    """
    check_exposure(settings)
    context = build_context(service, settings)
    server = ApiServer(
        context,
        build_facades(context, settings),
        settings.host,
        settings.port,
        strict_port=settings.strict_port,
        extra_ports=settings.extra_ports,
    )
    address = server.bind()
    try:
        await service.attach(server.run)
        await service.set_api_address(address)
    except BaseException:  # a cancel too: undone, then raised again
        server.unbind()
        raise
    return address


def check_exposure(settings: ApiSettings) -> None:
    """Refuse a port that strangers could use.

    Raises:
        UsageError: --no-auth beyond loopback, or another machine without being asked for.
    """
    if is_loopback(settings.host):
        return
    if settings.no_auth:
        raise UsageError("--no-auth works on a loopback address only: others could steer tui-dl.")
    if not settings.public:
        raise UsageError(
            f"{settings.host} can be reached by other machines, without encryption. "
            "If that is meant: --public, or the setting api.public."
        )


def build_context(service: DownloadService, settings: ApiSettings) -> ApiContext:
    """Return the context: the stored token, a fresh owner's key, and the allowed folders.

    Raises:
        StateError, DiskError: the token cannot be used.
    """
    token_path = settings.data_dir / TOKEN_NAME
    token = None
    if not settings.no_auth:
        token = (
            TokenStore.open(token_path)
            if settings.token is None
            else TokenStore.save(token_path, settings.token)
        )
    return make_context(
        service,
        settings.directory,
        token=token,
        owner=TokenStore.save(settings.data_dir / OWNER_NAME),
        roots=(str(Path.home()), *settings.roots),
        forbidden=_forbidden(settings),
        allowed_origins=settings.origins,
        allowed_hosts=settings.hosts,
        limits=settings.limits,
    )


def _forbidden(settings: ApiSettings) -> tuple[str, ...]:
    """Return our own folders; one that --config names may be anything, such as the home."""
    folders = [settings.data_dir]
    if settings.settings_file.parent.name == "tui-dl":
        folders.append(settings.settings_file.parent)
    return tuple(map(str, folders))


def build_facades(context: ApiContext, settings: ApiSettings) -> Mapping[Dialect, Facade]:
    """Return every dialect that is spoken."""
    history = History(context.service, HistoryFile(settings.data_dir / HISTORY_NAME))
    return {
        Dialect.SURGE: SurgeFacade(context),
        Dialect.NATIVE: NativeFacade(context),
        Dialect.ARIA2: Aria2Facade(context, settings.aria2),
        Dialect.JOBS: JobsFacade(context, history, settings.jobs),
        Dialect.FILES: FilesFacade(context, history, settings.files),
    }
