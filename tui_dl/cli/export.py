"""``tui-dl export``: the queue as JSON. Reads, never starts an engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.errors import DiskError, ErrorCode, UsageError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFlags(SharedFlags):
    """Every flag of ``export``, parsed."""

    out: str | None
    with_secrets: bool


@click.command("export")
@click.option("-o", "--out", metavar="FILE", help="Write there; it must not exist.")
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Logins, headers and signed links too; only into a file that only you can read.",
)
@shared_options
def command(**flags: Any) -> int:
    """Write what is not completed as JSON, for tui-dl import. Works while another one runs."""
    return run(ExportFlags(**flags), Console())


def run(flags: ExportFlags, console: Console) -> int:
    """Write the document and return the exit code.

    Raises:
        TuiDlError: the state cannot be read, or the file cannot be written.
    """
    from datetime import UTC, datetime

    from tui_dl.cli.settings import read_setup
    from tui_dl.service.offline import read_stored
    from tui_dl.service.queue_file import write_queue

    if flags.with_secrets and flags.out is None:
        raise UsageError("--with-secrets needs -o FILE: stdout may be read by others.")
    setup = read_setup(flags)
    stored = read_stored(setup.paths.data_dir)
    records = [download.record for download in stored.downloads]
    data = write_queue(records, datetime.now(UTC), with_secrets=flags.with_secrets)
    if flags.out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _write(Path(flags.out), data)
    if stored.damaged:
        console.say(f"Damaged records that cannot be exported: {stored.damaged}.")
    return 0


def _write(path: Path, data: bytes) -> None:
    """Make the file, readable by its owner only from its first moment."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise UsageError(f"{path} is there already; nothing is written over.") from error
    except OSError as error:
        raise DiskError(
            f"{path} cannot be written: {error.strerror}.", code=ErrorCode.NOT_WRITABLE
        ) from error
