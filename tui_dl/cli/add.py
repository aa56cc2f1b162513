"""``tui-dl add``: put downloads on the list of the engine that runs, and do not wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, run_client
from tui_dl.cli.console import Console
from tui_dl.cli.options import gathering_options, target_options, transfer_options
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.domain.model import AddRequest
    from tui_dl.service.contract import AddResult


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFlags(ClientFlags):
    """Every flag of ``add``, parsed. The transfer's own are in ``transfer``."""

    urls: tuple[str, ...]
    directory: str | None
    input_file: str | None
    is_literal: bool
    curl: str | None
    links: str | None
    category: str | None
    paused: bool
    is_first: bool
    transfer: dict[str, Any]


_OWN = frozenset(AddFlags.__dataclass_fields__)


@click.command("add")
@click.argument("urls", nargs=-1, metavar="URL...")
@target_options
@gathering_options
@transfer_options
@click.option("--paused", is_flag=True, help="Add them, but start nothing.")
@click.option("--first", "is_first", is_flag=True, help="Put them at the head of the queue.")
@client_options
def command(**flags: Any) -> int:
    """Add downloads to the tui-dl that runs; print their ids on stdout.

    They go into the current folder or that of -d; on another machine into its default
    folder, and -d is below that unless it is a whole path. When none runs they are
    stored and begin with the next one.
    """
    own = {name: value for name, value in flags.items() if name in _OWN}
    rest = {name: value for name, value in flags.items() if name not in _OWN}
    return run(AddFlags(**own, transfer=rest), Console())


def run(flags: AddFlags, console: Console) -> int:
    """Add what the flags say and return the exit code.

    Raises:
        TuiDlError: bad input, before anything was added, or no engine.
    """
    import asyncio

    from tui_dl.cli import engine
    from tui_dl.cli.gathering import find_links, options_in, target_folder, with_curl
    from tui_dl.cli.metalinks import unfold
    from tui_dl.cli.requests import Wanted, build_batch, read_entries
    from tui_dl.cli.settings import read_setup
    from tui_dl.cli.transfer_flags import transfer_options_of
    from tui_dl.config.categories import categories_of
    from tui_dl.domain.errors import UsageError

    if flags.transfer["slots"] is not None:
        raise UsageError("-j is for the tui-dl that runs: tui-dl serve --set downloads.slots=N.")
    urls, options = with_curl(
        flags.curl, flags.urls, transfer_options_of(flags.transfer), is_literal=flags.is_literal
    )
    setup = read_setup(flags)
    directory = target_folder(flags.directory, flags.category, setup.settings)
    options = options_in(flags.category, options, setup.settings)
    if flags.links is not None:
        asked = engine.engine_config(setup.settings, setup.paths, Path.cwd())
        urls = asyncio.run(find_links(urls, flags.links, options, asked))
    is_literal = flags.is_literal or flags.links is not None
    entries = read_entries(urls, flags.input_file, is_literal=is_literal)
    entries = unfold(
        entries,
        flags.transfer["metalink_files"],
        options,
        read_setup(flags),
        follow=flags.transfer["follow_metalink"],
    )
    batch = build_batch(
        entries, Wanted(directory, options, flags.paused, categories_of(setup.settings))
    )
    for sentence in batch.notes:
        console.say(sentence)

    async def work(client: Client) -> int:
        requests = list(batch.requests)
        if flags.is_first:
            requests = [replace(item, position=at) for at, item in enumerate(requests)]
        if client.place is not None and not client.place.is_own:
            requests = [_elsewhere(item) for item in requests]
        return tell_added(requests, await client.service.add(requests), client, console)

    return run_client(flags, console, work)


def _elsewhere(request: AddRequest) -> AddRequest:
    moved = request.options.move_to
    options = replace(request.options, move_to=folder_there(moved)) if moved else request.options
    return replace(request, directory=folder_there(request.directory), options=options)


def folder_there(directory: str) -> str:
    """Return the folder for another machine: what lies below here lies below its default."""
    path = Path(directory)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else directory


def tell_added(
    requests: list[AddRequest], results: list[AddResult], client: Client, console: Console
) -> int:
    """Print the ids, say what was refused, return the exit code."""
    from tui_dl.cli.exit_codes import code_of_errors
    from tui_dl.domain.errors import ErrorCode
    from tui_dl.domain.redaction import redacted
    from tui_dl.service.contract import AddOutcome

    codes: list[ErrorCode] = []
    for request, result in zip(requests, results, strict=True):
        if result.id is not None:
            console.data(result.id)
            if result.outcome is AddOutcome.DUPLICATE:
                console.say(f"{redacted(request.url)} is in the list already.")
        else:
            failure = result.failure
            codes.append(ErrorCode.INTERNAL if failure is None else failure.code)
            words = "It was refused." if failure is None else failure.message
            console.say(f"{redacted(request.url)}: {words}")
    if client.place is None:
        console.say("No tui-dl is running: they begin when one starts, as with tui-dl serve.")
    return code_of_errors(codes)
