"""From settings and flags to the remote API of an engine in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui_dl.cli.job_flags import files_settings, jobs_settings
from tui_dl.cli.options import Command
from tui_dl.cli.settings import Setup, SharedFlags
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui_dl.api.start import ApiSettings, Host


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFlags(SharedFlags):
    """The flags of the port; ``None`` leaves the setting in force."""

    host: str | None = None
    port: int | None = None
    rpc_port: int | None = None
    token: str | None = None
    no_auth: bool = False
    public: bool = False
    remote_connect_timeout: float | None = None
    remote_idle_timeout: float | None = None
    remote_overall_timeout: float | None = None
    """Seconds; see ``job_flags.py``."""


def port_options(command: Command) -> Command:
    """Add the flags of a server."""
    decorators = (
        click.option("--host", metavar="ADDRESS", help="Address to bind."),
        click.option(
            "--port", metavar="N", type=click.IntRange(1, 65_535), help="Exactly this port."
        ),
        click.option(
            "--rpc-port",
            metavar="N",
            type=click.IntRange(1, 65_535),
            help="A second port, such as aria2's 6800.",
        ),
        click.option("--token", metavar="TEXT", help="Replace the stored token."),
        click.option(
            "--no-auth", is_flag=True, help="Ask for no token; on a loopback address only."
        ),
        click.option(
            "--public", is_flag=True, help="Allow an address that other machines can reach."
        ),
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


async def open_port(
    service: Host,
    setup: Setup,
    directory: Path,
    flags: PortFlags,
    shut_down: Callable[[], None] | None = None,
) -> str:
    """Serve a started engine and return ``host:port``.

    ``shut_down`` is what a client's request to end the process does; ``None``: nothing.

    Raises:
        UsageError: what is asked for is not safe.
        StateError, DiskError: no port is free, or the token cannot be used.
    """
    from tui_dl.api.start import start_api

    return await start_api(service, api_settings(setup, directory, flags, shut_down))


def api_settings(
    setup: Setup,
    directory: Path,
    flags: PortFlags,
    shut_down: Callable[[], None] | None = None,
) -> ApiSettings:
    """Return what the port is told; a flag that was not given leaves the setting in force."""
    from tui_dl.api.aria2.desk import Aria2Settings
    from tui_dl.api.aria2.options import Defaults
    from tui_dl.api.start import ApiSettings

    api, downloads = setup.settings.api, setup.settings.downloads
    rpc_port = api.rpc_port if flags.rpc_port is None else flags.rpc_port
    data_dir = setup.paths.data_dir
    defaults = Defaults(
        connections=downloads.connections,
        limit_bps=downloads.limit_each,
        max_tries=downloads.max_tries,
        timeout_s=downloads.timeout_s,
        connect_timeout_s=downloads.connect_timeout_s,
        user_agent=setup.settings.network.user_agent,
    )
    return ApiSettings(
        data_dir=data_dir,
        settings_file=setup.paths.settings_file,
        directory=str(directory),
        host=flags.host or api.host,
        port=flags.port or api.port,
        strict_port=flags.port is not None,
        extra_ports=(rpc_port,) if rpc_port else (),
        token=flags.token,
        no_auth=flags.no_auth,
        public=flags.public or api.public,
        roots=tuple(text for text in api.folders.split(":") if text),
        origins=frozenset(api.origins.split()),
        hosts=frozenset(api.hosts.lower().split()),
        aria2=Aria2Settings(defaults, data_dir / "aria2.session", shut_down),
        jobs=jobs_settings(setup.settings, flags),
        files=files_settings(setup.settings),
    )


def exposure(host: str, address: str) -> str | None:
    """Return the warning for a port that other machines can reach, ``None`` for another."""
    from tui_dl.api.origins import is_loopback

    if is_loopback(host):
        return None
    return (
        f"Warning: other machines can reach {address}, and nothing on the way is encrypted: "
        "who listens there can read the token."
    )
