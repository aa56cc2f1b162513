"""``tui-dl serve``: the engine and its port without a screen, until a signal ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.job_flags import job_options
from tui_dl.cli.options import shared_options, target_options
from tui_dl.cli.port import PortFlags, port_options
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_dl.cli.settings import Setup
    from tui_dl.domain.model import AddRequest
    from tui_dl.domain.snapshot import DownloadEvent
    from tui_dl.engine.config import EngineConfig
    from tui_dl.service.contract import DownloadService


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeFlags(PortFlags):
    """Every flag of ``serve``, parsed."""

    urls: tuple[str, ...]
    directory: str | None
    input_file: str | None
    is_literal: bool = False
    paused: bool
    quiet: bool


@click.command("serve")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@target_options
@click.option("--paused", is_flag=True, help="Start nothing by itself.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about single downloads.")
@port_options
@job_options
@shared_options
def command(**flags: Any) -> int:
    """Run the engine and its port without a screen.

    The address is printed on stdout once clients may connect. They need the token that
    tui-dl token prints.
    """
    return run(ServeFlags(**flags), Console())


def run(flags: ServeFlags, console: Console) -> int:
    """Serve until a signal and return the exit code.

    Raises:
        TuiDlError: bad input, no engine, or no port.
    """
    from tui_dl.cli import engine
    from tui_dl.cli.port import api_settings
    from tui_dl.cli.requests import Wanted, build_batch, read_entries
    from tui_dl.cli.settings import read_setup
    from tui_dl.config.paths import absolute, download_dir
    from tui_dl.domain.model import DownloadOptions

    setup = read_setup(flags)
    for sentence in setup.problems:
        console.say(sentence)
    configured = download_dir(setup.settings.downloads.directory)
    directory = absolute(flags.directory) if flags.directory else configured
    entries = read_entries(flags.urls, flags.input_file, is_literal=flags.is_literal)
    requests: Sequence[AddRequest] = ()
    if entries:
        wanted = Wanted(directory, DownloadOptions(), paused=flags.paused)
        batch = build_batch(entries, wanted)
        requests = batch.requests
        for sentence in batch.notes:
            console.say(sentence)
    from tui_dl.api.start import check_exposure

    check_exposure(api_settings(setup, directory, flags))
    config = engine.engine_config(
        setup.settings, setup.paths, directory, resume_running=False if flags.paused else None
    )
    return asyncio.run(_serve(config, setup, flags, requests, console))


async def _serve(
    config: EngineConfig,
    setup: Setup,
    flags: ServeFlags,
    requests: Sequence[AddRequest],
    console: Console,
) -> int:
    from tui_dl.cli.exit_codes import code_of_signal
    from tui_dl.cli.garbage import look_at_work
    from tui_dl.cli.port import exposure, open_port
    from tui_dl.cli.signals import stop_signals
    from tui_dl.service.local import LocalService

    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def end_from_engine() -> None:
        loop.call_soon_threadsafe(end, 0)

    service = LocalService(config)
    with stop_signals(lambda number: end(code_of_signal(number))):
        try:
            await service.start()
            for sentence in service.notices:
                console.say(sentence)
            address = await open_port(
                service,
                setup,
                config.directory,
                flags,
                shut_down=end_from_engine,
            )
            look_at_work()
            _greet(address, exposure(flags.host or setup.settings.api.host, address), console)
            if not flags.quiet:
                service.subscribe(lambda event: _report(event, console))
            await _add(service, requests, console)
            return await ended
        finally:
            # Inside the block, so that a second signal still ends a slow close.
            await service.close()


async def _add(service: DownloadService, requests: Sequence[AddRequest], console: Console) -> None:
    """Add what the command line names; what a saved session holds may be here already."""
    from tui_dl.domain.redaction import redacted

    known = {row.gid for row in service.snapshot().downloads}
    fresh = [request for request in requests if request.gid not in known]
    if len(fresh) < len(requests):
        console.say(f"In the list already: {len(requests) - len(fresh)}.")
    if not fresh:
        return
    for request, result in zip(fresh, await service.add(fresh), strict=True):
        if result.failure is not None:
            console.say(f"{redacted(request.url)}: {result.failure.message}")


def _greet(address: str, warning: str | None, console: Console) -> None:
    console.data(f"http://{address}")
    if warning is not None:
        console.say(warning)


def _report(event: DownloadEvent, console: Console) -> None:
    """Say what became of a download; called on the engine's thread."""
    from tui_dl.cli.sentences import completed, failed
    from tui_dl.domain.snapshot import EventKind

    row = event.download
    words = {
        EventKind.STARTED: f"{row.name}: started.",
        EventKind.PAUSED: f"{row.name}: paused.",
        EventKind.REMOVED: f"{row.name}: taken off the list.",
    }.get(event.kind)
    if event.kind is EventKind.COMPLETED:
        words = completed(row)
    elif event.kind is EventKind.FAILED:
        words = failed(row)
    if words is not None:
        console.say(words)
