"""``tui-dl [URL...]``: open the app on the embedded engine.

Owns the order of things: the engine first, so that a locked state is a plain sentence in
the shell, then the screen; at the end the screen first, then the engine. A signal closes
the app as its ``q`` key does, but asks nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import priority_option, shared_options, target_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup
    from tui_dl.domain.model import AddRequest
    from tui_dl.engine.config import EngineConfig
    from tui_dl.service.contract import DownloadService

TURN_S = 0.001
"""How long one thread may keep the interpreter while another waits for it.

A frame waits for it several times, and the library's 5 ms each are much while the engine
makes a picture of ten thousand rows and the catalog writes them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFlags(SharedFlags):
    """Every flag of the app, parsed."""

    urls: tuple[str, ...]
    directory: str | None
    input_file: str | None
    is_literal: bool = False
    priority: int = 0
    paused: bool
    exit_when_done: bool
    no_api: bool
    host: str | None
    port: int | None


@click.command("")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@target_options
@priority_option
@click.option("--paused", is_flag=True, help="Start nothing by itself.")
@click.option("--exit-when-done", is_flag=True, help="Leave when all downloads have ended.")
@click.option("--no-api", is_flag=True, help="Serve no remote API.")
@click.option("--host", metavar="ADDRESS", help="Address of the remote API.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, 65_535),
    help="Exactly this port for the remote API.",
)
@shared_options
def command(**flags: Any) -> int:
    """Open the app; the URLs, if any, go into the current folder or that of -d."""
    return run(AppFlags(**flags), Console())


def run(flags: AppFlags, console: Console) -> int:
    """Open the app and return the exit code.

    Raises:
        TuiDlError: bad input, no terminal, or no engine.
    """
    import asyncio

    from tui_dl.cli import engine
    from tui_dl.cli.settings import read_setup
    from tui_dl.config.paths import absolute, download_dir

    setup = read_setup(flags)
    initial = _initial(flags)
    _need_terminal()
    configured = download_dir(setup.settings.downloads.directory)
    directory = absolute(flags.directory) if flags.directory else configured
    config = engine.engine_config(
        setup.settings, setup.paths, directory, resume_running=False if flags.paused else None
    )
    return asyncio.run(_show(config, setup, initial, console, flags))


def _initial(flags: AppFlags) -> tuple[AddRequest, ...]:
    from tui_dl.cli.group import COMMANDS
    from tui_dl.cli.requests import Wanted, build_batch, read_entries
    from tui_dl.config.paths import absolute
    from tui_dl.domain.errors import UsageError
    from tui_dl.domain.model import DownloadOptions

    if flags.input_file == "-":
        raise UsageError("The app reads keys from standard input: put the list into a file.")
    for word in flags.urls[:1]:
        if word.isalpha():
            known = ", ".join(COMMANDS)
            raise UsageError(f"{word!r} is neither a URL nor a command; the commands are {known}.")
    entries = read_entries(flags.urls, flags.input_file, is_literal=flags.is_literal)
    if not entries:
        return ()
    options = DownloadOptions(priority=flags.priority)
    wanted = Wanted(absolute(flags.directory or "."), options, paused=flags.paused)
    return build_batch(entries, wanted).requests


def _need_terminal() -> None:
    from tui_dl.domain.errors import UsageError

    # Textual reads keys from stdin and draws on stderr.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("The app needs a terminal; without one, use: tui-dl get URL...")


async def _show(
    config: EngineConfig,
    setup: Setup,
    initial: tuple[AddRequest, ...],
    console: Console,
    flags: AppFlags,
) -> int:
    import asyncio

    from tui_dl.cli import engine
    from tui_dl.cli.connect import show_remote
    from tui_dl.cli.exit_codes import code_of_signal
    from tui_dl.cli.handover import owner_place
    from tui_dl.cli.reach import refuse_passing
    from tui_dl.cli.signals import leave_closed_terminal, stop_signals, terminal_is_gone

    place = owner_place(config.data_dir)
    refuse_passing(place)
    if place is not None:
        console.say("Another tui-dl runs already: this is its list.")
        return await show_remote(place, setup, initial=initial, exit_when_done=flags.exit_when_done)
    service = engine.open_service(config)
    stopped: list[int] = []
    closing: list[asyncio.Task[None]] = []
    try:
        await service.start()
        await _serve(service, setup, config, flags, console)
        # On the shell's side of the screen: they are still there after the app.
        notices = (*setup.problems, *engine.notices(service))
        for sentence in notices:
            console.say(sentence)
        # Textual takes longest to import; a locked state is told before that.
        from tui_dl.cli.garbage import look_at_work
        from tui_dl.tui.app import TuiDlApp
        from tui_dl.tui.preferences import Preferences

        look_at_work()
        sys.setswitchinterval(TURN_S)

        app = TuiDlApp(
            service,
            directory=str(config.directory),
            initial=initial,
            exit_when_done=flags.exit_when_done,
            notices=notices,
            sorted_from=str(config.directory) if config.categories else None,
            preferences=Preferences(setup.settings, setup.paths.settings_file),
        )

        def stop(number: int) -> None:
            stopped.append(number)
            if terminal_is_gone():
                closing.append(asyncio.create_task(leave_closed_terminal(service.close, number)))
                return
            # Not after the screen: one whose terminal is gone may hang until the deadline.
            closing.append(asyncio.create_task(service.close()))
            app.exit()

        with stop_signals(stop):
            try:
                result = await app.run_async()
            finally:
                # Inside the block, so that a second signal still ends a slow close.
                await service.close()
    finally:
        await service.close()
    if stopped:
        return code_of_signal(stopped[0])
    return app.return_code or result or 0


async def _serve(
    service: DownloadService, setup: Setup, config: EngineConfig, flags: AppFlags, console: Console
) -> None:
    """Open the port, unless it is not wanted. A default that fails does not stop the app.

    Raises:
        TuiDlError: what the flags ask for cannot be.
    """
    from tui_dl.cli.port import PortFlags, exposure, open_port
    from tui_dl.domain.errors import TuiDlError
    from tui_dl.service.local import LocalService

    if flags.no_api or not setup.settings.api.enabled or not isinstance(service, LocalService):
        return
    port_flags = PortFlags(host=flags.host, port=flags.port)
    try:
        address = await open_port(service, setup, config.directory, port_flags)
    except TuiDlError as error:
        if flags.host is not None or flags.port is not None:
            raise
        console.say(f"The remote API is off: {error.message}")
        return
    warning = exposure(flags.host or setup.settings.api.host, address)
    if warning is not None:
        console.say(warning)
