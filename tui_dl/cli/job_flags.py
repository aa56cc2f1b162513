"""The three times of queued jobs as flags, variables and settings; what the files may do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tui_dl.cli import parse
from tui_dl.cli.options import Command, Parsed
from tui_dl.domain.errors import UsageError

if TYPE_CHECKING:
    from tui_dl.api.files.settings import FilesSettings
    from tui_dl.api.jobs.settings import JobsSettings
    from tui_dl.cli.port import PortFlags
    from tui_dl.config.schema import Settings

REMOTE_TIMEOUTS = {
    "remote-connect-timeout": "Longest wait for the connection of a queued job",
    "remote-idle-timeout": "Longest silence of a queued job",
    "remote-overall-timeout": "Longest time of a queued job",
}


def job_options(command: Command) -> Command:
    """Add the three times of queued jobs, under the names that users of the queue know."""
    for name, about in reversed(REMOTE_TIMEOUTS.items()):
        command = click.option(
            f"--{name}",
            f"-{name}",  # as Go programs write it
            metavar="TIME",
            type=Parsed("TIME", parse.seconds),
            help=f"{about}, such as 30s or 5m; also {variable_of(name)}.",
        )(command)
    return command


def variable_of(name: str) -> str:
    """Return the environment variable of a flag: ``REMOTE_IDLE_TIMEOUT``."""
    return name.replace("-", "_").upper()


def jobs_settings(settings: Settings, flags: PortFlags) -> JobsSettings:
    """Return the times of queued jobs: the flag, else the variable, else the setting.

    Raises:
        UsageError: a variable holds no time.
    """
    from tui_dl.api.jobs.settings import JobsSettings

    jobs = settings.jobs
    connect_s, idle_s, overall_s = (_seconds_of(name) for name in REMOTE_TIMEOUTS)
    return JobsSettings(
        connect_timeout_s=flags.remote_connect_timeout or connect_s or jobs.connect_timeout_s,
        idle_timeout_s=flags.remote_idle_timeout or idle_s or jobs.idle_timeout_s,
        overall_timeout_s=flags.remote_overall_timeout or overall_s or jobs.overall_timeout_s,
    )


def files_settings(settings: Settings) -> FilesSettings:
    """Return what clients of the files interface may do."""
    from tui_dl.api.files.settings import FilesSettings

    files = settings.files
    return FilesSettings(
        allow_download=files.allow_download,
        allowed_hosts=files.allow_domains,
        blocked_hosts=files.block_domains,
        timeout_s=files.timeout_s,
    )


def _seconds_of(name: str) -> float | None:
    """Return what the variable of a flag says, ``None`` when it is not set."""
    text = os.environ.get(variable_of(name), "")
    try:
        return parse.seconds(text) if text else None
    except UsageError as error:
        raise UsageError(f"{variable_of(name)}: {error.message}") from error
