"""``tui-dl connect [HOST:PORT]``: the whole app on an engine that runs elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.reach import Place
    from tui_dl.cli.settings import Setup
    from tui_dl.domain.model import AddRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFlags(SharedFlags):
    """Every flag of ``connect``, parsed."""

    address: str | None
    token: str | None


@click.command("connect")
@click.argument("address", required=False, metavar="[HOST:PORT]")
@click.option("--token", metavar="TEXT", help="Its token; also TUI_DL_TOKEN.")
@shared_options
def command(**flags: Any) -> int:
    """Open the app on an engine that runs, here or on another machine.

    Without an address it is the one that holds the state folder. A Surge server will do
    as well, as far as it can.
    """
    return run(ConnectFlags(**flags), Console())


def run(flags: ConnectFlags, console: Console) -> int:
    """Open the app and return its exit code.

    Raises:
        TuiDlError: no terminal, or nobody answers.
    """
    from tui_dl.cli.reach import find_place, is_exposed, refuse_passing
    from tui_dl.cli.settings import read_setup
    from tui_dl.domain.errors import UsageError

    setup = read_setup(flags)
    place = find_place(setup.paths.data_dir, flags.address, flags.token)
    if place is None:
        raise UsageError("No tui-dl runs here. Name one: tui-dl connect HOST:PORT")
    refuse_passing(place)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("The app needs a terminal; without one, use: tui-dl ls")
    if is_exposed(place.base_url):
        console.say(f"Warning: the token travels unencrypted to {place.base_url}.")
    return asyncio.run(show_remote(place, setup))


async def show_remote(
    place: Place,
    setup: Setup,
    *,
    initial: Sequence[AddRequest] = (),
    exit_when_done: bool = False,
) -> int:
    """Show the app on the engine at ``place`` and return the exit code.

    Raises:
        StateError: nobody answers there, or the token is refused.
    """
    from tui_dl.cli.client import remote_service, start
    from tui_dl.cli.exit_codes import code_of_signal
    from tui_dl.cli.signals import leave_closed_terminal, stop_signals, terminal_is_gone

    service = remote_service(place)
    stopped: list[int] = []
    closing: list[asyncio.Task[None]] = []
    try:
        await start(service)
        # Textual takes longest to import; an engine out of reach is told before that.
        from tui_dl.cli.garbage import look_at_work
        from tui_dl.tui.app import TuiDlApp
        from tui_dl.tui.preferences import Preferences

        look_at_work()

        app = TuiDlApp(
            service,
            directory=service.snapshot().directory,
            initial=initial,
            exit_when_done=exit_when_done,
            remote=True,
            preferences=Preferences(setup.settings, setup.paths.settings_file),
        )

        def stop(number: int) -> None:
            stopped.append(number)
            if terminal_is_gone():
                closing.append(asyncio.create_task(leave_closed_terminal(service.close, number)))
                return
            app.exit()

        with stop_signals(stop):
            result = await app.run_async()
    finally:
        await service.close()
    if stopped:
        return code_of_signal(stopped[0])
    return app.return_code or result or 0
