"""``tui-dl get``: download in the foreground, without the app.

Owns its flags and their meaning. The run itself is ``foreground.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.login_options import LoginFlags, login_values
from tui_dl.cli.options import gathering_options, shared_options, target_options, transfer_options
from tui_dl.cli.route_options import ROUTE_FLAGS, route_values
from tui_dl.cli.source_options import SourceFlags, source_values
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from tui_dl.cli.reporters import Reporter
    from tui_dl.domain.model import Digest, DownloadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFlags(SourceFlags):
    """Every flag of ``get``, parsed. ``None`` is: not given."""

    urls: tuple[str, ...]
    directory: str | None
    input_file: str | None
    is_literal: bool
    curl: str | None
    links: str | None
    category: str | None
    out: str | None
    slots: int | None
    connections: int | None
    mirrors: tuple[str, ...]
    checksums: tuple[Digest, ...]
    checksum_from: str | None
    limit_bps: int | None
    headers: tuple[tuple[str, str], ...]
    user_agent: str | None
    referer: str | None
    ca_certificate: str | None
    check_certificate: bool | None
    max_tries: int | None
    timeout_s: float | None
    connect_timeout_s: float | None
    start_at: datetime | None
    priority: int = 0
    dry_run: bool
    json_lines: bool
    quiet: bool


@click.command("get")
@click.argument("urls", nargs=-1, metavar="URL...")
@target_options
@gathering_options
@transfer_options
@click.option("--dry-run", is_flag=True, help="Say what would be fetched; write nothing.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per line on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; only paths and failures.")
@shared_options
def command(**flags: Any) -> int:
    """Download every URL into the current folder, or into that of -d.

    The path of each finished file is printed on stdout, everything else on stderr. The
    same command after any interruption continues. Several URLs are several files; other
    addresses of one file are given with --mirror.
    """
    return run(GetFlags(**flags), Console())


def run(flags: GetFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: bad input, before anything was added, or no engine.
    """
    import asyncio

    from tui_dl.cli import engine
    from tui_dl.cli.gathering import find_links, options_in, target_folder, with_curl
    from tui_dl.cli.handover import fetch
    from tui_dl.cli.metalinks import unfold
    from tui_dl.cli.requests import Wanted, build_batch, read_entries
    from tui_dl.cli.settings import read_setup
    from tui_dl.config.categories import categories_of

    setup = read_setup(flags)
    directory = target_folder(flags.directory, flags.category, setup.settings)
    urls, options = with_curl(flags.curl, flags.urls, _options(flags), is_literal=flags.is_literal)
    options = options_in(flags.category, options, setup.settings)
    if flags.links is not None:
        asked = engine.engine_config(setup.settings, setup.paths, directory)
        urls = asyncio.run(find_links(urls, flags.links, options, asked))
    is_literal = flags.is_literal or flags.links is not None
    entries = read_entries(urls, flags.input_file, is_literal=is_literal)
    entries = unfold(entries, flags.metalink_files, options, setup, follow=flags.follow_metalink)
    batch = build_batch(
        entries, Wanted(directory, options, categories=categories_of(setup.settings))
    )
    reporter = _reporter(flags, console)
    for sentence in (*setup.problems, *batch.notes):
        reporter.note(sentence)
    config = engine.engine_config(
        setup.settings,
        setup.paths,
        directory,
        slots=flags.slots,
        connections=flags.connections,
        only_asked=True,
    )
    # A paused entry of a list would never end here.
    requests = [replace(request, paused=False) for request in batch.requests]
    if flags.dry_run:
        from tui_dl.cli.dry_run import look_only

        return asyncio.run(look_only(requests, config, console, as_json=flags.json_lines))
    return asyncio.run(fetch(config, requests, reporter))


def _options(flags: GetFlags) -> DownloadOptions:
    from tui_dl.domain.model import DownloadOptions

    options = DownloadOptions(
        out=flags.out,
        connections=flags.connections,
        headers=flags.headers,
        user_agent=flags.user_agent,
        referer=flags.referer,
        digests=flags.checksums,
        checksum_from=flags.checksum_from,
        mirrors=flags.mirrors,
        limit_bps=flags.limit_bps,
        max_tries=flags.max_tries,
        timeout_s=flags.timeout_s,
        connect_timeout_s=flags.connect_timeout_s,
        **route_values({name: getattr(flags, name) for name in ROUTE_FLAGS}),
        ca_certificate=flags.ca_certificate,
        **login_values({name: getattr(flags, name) for name in LoginFlags.__dataclass_fields__}),
        **source_values({name: getattr(flags, name) for name in SourceFlags.__dataclass_fields__}),
        start_at=flags.start_at,
        priority=flags.priority,
    )
    if flags.check_certificate is None:
        return options
    return replace(options, check_certificate=flags.check_certificate)


def _reporter(flags: GetFlags, console: Console) -> Reporter:
    from tui_dl.cli.reporters import JsonReporter, LineReporter, QuietReporter

    if flags.json_lines:
        return JsonReporter(console, with_progress=not flags.quiet)
    if flags.quiet:
        return QuietReporter(console)
    if console.stderr_is_terminal:
        from tui_dl.cli.live import LiveReporter

        return LiveReporter(console)
    return LineReporter(console)
