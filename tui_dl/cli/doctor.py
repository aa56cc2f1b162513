"""``tui-dl doctor``: paths, versions and what is wrong. Changes nothing, fetches nothing."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_dl import __version__
from tui_dl.cli.console import Console
from tui_dl.cli.machine import Finding, machine_findings
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup

_PACKAGES = ("httpx", "h11", "textual", "click", "msgspec", "uvloop")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFlags(SharedFlags):
    """Every flag of ``doctor``, parsed."""

    bundle: str | None


@click.command("doctor")
@click.option("--bundle", metavar="FILE", help="Write a zip for who helps, without secrets.")
@shared_options
def command(**flags: Any) -> int:
    """Show paths, versions, who holds the state, and what is wrong. Exits 1 on a problem."""
    return run(DoctorFlags(**flags), Console())


def run(flags: DoctorFlags, console: Console) -> int:
    """Print one line per finding and return 1 if one of them is a problem.

    Raises:
        TuiDlError: a ``--set`` is wrong, or the bundle cannot be written.
    """
    from tui_dl.cli.settings import read_setup

    setup = read_setup(flags)
    findings = list(_findings(setup))
    width = max(len(finding.label) for finding in findings)
    marks = {True: "✗", False: " "}
    report = [f"{marks[f.is_problem]} {f.label.ljust(width)}  {f.text}" for f in findings]
    for line in report:
        console.row(line)
    if flags.bundle is not None:
        from tui_dl.cli.bundle import write_bundle

        write_bundle(Path(flags.bundle), report, setup)
        console.say(f"Written: {flags.bundle}")
    return int(any(finding.is_problem for finding in findings))


def _findings(setup: Setup) -> Iterator[Finding]:
    from tui_dl.config.paths import download_dir

    yield from _versions()
    yield Finding("settings", _with_state(setup.paths.settings_file))
    for sentence in setup.problems:
        yield Finding("settings", sentence, is_problem=True)
    yield _folder("state", setup.paths.data_dir)
    yield _owner(setup.paths.data_dir)
    yield _list(setup.paths.data_dir)
    yield Finding("log", _log(setup.paths.data_dir))
    yield _folder("downloads", download_dir(setup.settings.downloads.directory))
    yield Finding("proxy", _proxy(setup))
    yield Finding("schedule", _schedule(setup))
    yield from machine_findings(setup)


def _versions() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    yield Finding("tui-dl", __version__)
    yield Finding("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    for name in _PACKAGES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            # uvloop is only there where its platform is: the engine runs without it.
            yield Finding(name, "not installed", is_problem=name != "uvloop")


def _with_state(path: Path) -> str:
    return f"{path}" if path.exists() else f"{path} (not there: defaults)"


def _log(data_dir: Path) -> str:
    from tui_dl.cli.log_file import log_path

    path = log_path(data_dir)
    return f"{path}" if path.exists() else f"{path} (nothing to tell so far)"


def _folder(label: str, path: Path) -> Finding:
    """Judge a folder that is made on first use: what exists of its path must take files."""
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir():
        return Finding(label, f"{path}: {existing} is not a folder", is_problem=True)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(label, f"{path}: {existing} cannot be written", is_problem=True)
    from tui_dl.domain.units import format_size

    free = format_size(shutil.disk_usage(existing).free)
    made = "" if existing == path else ", made on first use"
    return Finding(label, f"{path} ({free} free{made})")


def _owner(data_dir: Path) -> Finding:
    from tui_dl.domain.errors import TuiDlError
    from tui_dl.storage.instance import read_owner

    try:
        owner = read_owner(data_dir)
    except TuiDlError as error:
        return Finding("lock", error.message, is_problem=True)
    if owner is None:
        return Finding("lock", "free")
    who = "another process" if owner.pid is None else f"process {owner.pid}"
    since = "" if owner.started_at is None else f" since {owner.started_at}"
    version = "" if owner.version is None else f", version {owner.version}"
    return Finding("lock", f"held by {who}{since}{version}")


def _list(data_dir: Path) -> Finding:
    from tui_dl.domain.errors import TuiDlError
    from tui_dl.service.offline import read_stored

    try:
        stored = read_stored(data_dir)
    except TuiDlError as error:
        return Finding("list", error.message, is_problem=True)
    count = len(stored.downloads)
    text = f"{count} download{'' if count == 1 else 's'}"
    if stored.damaged:
        return Finding("list", f"{text}, {stored.damaged} damaged", is_problem=True)
    return Finding("list", text)


def _schedule(setup: Setup) -> str:
    from datetime import UTC, datetime

    from tui_dl.cli.schedule_words import schedule_words

    settings = setup.settings
    now = datetime.now(UTC)
    return schedule_words(settings.queue.schedule, settings.downloads.limit, now) or "none"


def _proxy(setup: Setup) -> str:
    from tui_dl.domain.redaction import redacted

    if setup.settings.network.proxy:
        return redacted(setup.settings.network.proxy)
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    found = {name: os.environ.get(name) or os.environ.get(name.upper()) for name in names}
    given = [f"{name}={redacted(value)}" for name, value in found.items() if value]
    return ", ".join(given) or "none"
