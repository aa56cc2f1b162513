"""What the client commands share: flags, a service to speak to, and ids by their beginning.

The service is the engine that runs, here or elsewhere. Without one, the stored list is
opened for the moment of the command: nothing is fetched, and the next start finds it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from tui_dl.cli.options import Command, shared_options
from tui_dl.cli.settings import SharedFlags, read_setup
from tui_dl.domain.errors import ErrorCode, StateError, UsageError
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.console import Console
    from tui_dl.cli.reach import Place
    from tui_dl.cli.settings import Setup
    from tui_dl.service.contract import ActionResult, DownloadService

UNREACHABLE = frozenset(
    {ErrorCode.CONNECT_FAILED, ErrorCode.CONNECT_REFUSED, ErrorCode.NEEDS_LOGIN}
)


PAUSE_S = 0.1
PATIENCE_S = 30.0
"""To get at a list that other commands change at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFlags(SharedFlags):
    """What ``client_options`` adds to a command."""

    host: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A started service and whether an engine is behind it."""

    service: DownloadService
    setup: Setup
    place: Place | None
    """``None``: nobody runs, this is the stored list."""


def client_options(command: Command) -> Command:
    """Add the flags of every client command."""
    decorators = (
        click.option("--host", metavar="HOST:PORT", help="Engine to speak to; also TUI_DL_HOST."),
        click.option("--token", metavar="TEXT", help="Its token; also TUI_DL_TOKEN."),
        shared_options,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


@asynccontextmanager
async def open_client(flags: ClientFlags, console: Console) -> AsyncIterator[Client]:
    """Yield a service to speak to, and close it.

    Raises:
        StateError: an engine is named or runs, but cannot be reached.
    """
    import asyncio

    from tui_dl.cli.reach import find_place, is_exposed

    setup = read_setup(flags)
    for sentence in setup.problems:
        console.say(sentence)
    began_s = monotonic()
    while True:
        place = find_place(setup.paths.data_dir, flags.host, flags.token)
        if place is not None and is_exposed(place.base_url):
            console.say(f"Warning: the token travels unencrypted to {place.base_url}.")
        service = stored_service(setup) if place is None else remote_service(place)
        try:
            await start(service)
            break
        except StateError as error:
            await service.close()
            # Another command was quicker, or the get that was to be asked is just ending.
            is_passing = place is None or place.unix_socket is not None
            is_over = not is_passing or monotonic() - began_s > PATIENCE_S
            if error.code is not ErrorCode.STATE_LOCKED or is_over:
                raise
            await asyncio.sleep(PAUSE_S)
    try:
        if place is None:
            from tui_dl.cli.engine import notices

            for sentence in notices(service):  # a damaged list is told once: to whoever mends it
                console.say(sentence)
        yield Client(service, setup, place)
    finally:
        await service.close()


async def start(service: DownloadService) -> None:
    """Start a service; one that cannot be reached is told as such, with its exit code.

    Raises:
        StateError: ``STATE_LOCKED``, it cannot be reached.
    """
    with told_as_locked():
        await service.start()


@contextmanager
def told_as_locked() -> Iterator[None]:
    """Turn "cannot be reached" into the error that has an exit code of its own.

    Raises:
        StateError: ``STATE_LOCKED``, it cannot be reached.
    """
    try:
        yield
    except StateError as error:
        if error.code not in UNREACHABLE:
            raise
        raise StateError(error.message, code=ErrorCode.STATE_LOCKED) from error


def remote_service(place: Place) -> DownloadService:
    """Return the service of a running engine, not started yet."""
    from tui_dl.service.remote import RemoteService

    return RemoteService(place.base_url, place.token, unix_socket=place.unix_socket)


def stored_service(setup: Setup) -> DownloadService:
    """Return the stored list as a service that fetches nothing, not started yet."""
    from tui_dl.cli import engine
    from tui_dl.config.paths import download_dir

    directory = download_dir(setup.settings.downloads.directory)
    config = engine.engine_config(setup.settings, setup.paths, directory, slots=0, only_asked=True)
    return engine.open_service(config)


def find_ids(service: DownloadService, texts: Sequence[str]) -> list[str]:
    """Return the whole ids for ids, gids, or the beginnings of either.

    Raises:
        UsageError: one fits no download, or several.
    """
    rows = service.snapshot().downloads
    return list(dict.fromkeys(find_one(rows, text).id for text in texts))


class Named(Protocol):
    """What has both ids."""

    @property
    def id(self) -> str:
        """The UUID."""

    @property
    def gid(self) -> str:
        """The sixteen digits of aria2."""


AnyNamed = TypeVar("AnyNamed", bound=Named)


def find_one(rows: Sequence[AnyNamed], text: str) -> AnyNamed:
    """Return the row of an id, a gid, or the beginning of either.

    Raises:
        UsageError: it fits none, or several.
    """
    wanted = text.lower()
    hits = [row for row in rows if wanted in (row.id, row.gid)]
    if not hits and wanted:
        hits = [row for row in rows if row.id.startswith(wanted) or row.gid.startswith(wanted)]
    if not hits:
        raise UsageError(f"There is no download {text}.", code=ErrorCode.UNKNOWN_DOWNLOAD)
    if len(hits) > 1:
        found = ", ".join(row.id[: len(wanted) + 4] for row in hits[:5])
        raise UsageError(f"{text} fits {len(hits)} downloads: {found}. Write more of it.")
    return hits[0]


def run_client(
    flags: ClientFlags, console: Console, work: Callable[[Client], Awaitable[int]]
) -> int:
    """Run ``work`` with a service and return its exit code."""
    import asyncio

    async def main() -> int:
        async with open_client(flags, console) as client:
            return await work(client)

    return asyncio.run(main())


def tell(results: Sequence[ActionResult], done: str, console: Console) -> int:
    """Say what was done and what was refused; return the exit code."""
    from tui_dl.cli.exit_codes import code_of_errors

    failures = [(item.id, item.failure) for item in results if item.failure is not None]
    for id_, failure in failures:
        console.say(f"{id_[:8]}: {failure.message}")
    count = len(results) - len(failures)
    if count:
        console.say(f"{count} download{'' if count == 1 else 's'} {done}.")
    return code_of_errors(failure.code for _, failure in failures)
