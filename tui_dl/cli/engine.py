"""The one seam to the engine: from settings and flags to a service.

Imports the engine only inside functions, so that help and listings stay quick.
Tests replace ``open_service``.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.config.categories import categories_of
from tui_dl.config.paths import Paths, absolute, download_dir
from tui_dl.config.schema import Settings
from tui_dl.domain.host_limits import parse_host_limits
from tui_dl.domain.retry_rules import parse_retry_rules
from tui_dl.domain.schedule import parse_schedule

if TYPE_CHECKING:
    from tui_dl.engine.config import EngineConfig
    from tui_dl.service.contract import DownloadService


PATIENCE_OF_THE_APP = 2
"""How many times longer than ``get`` the app and ``serve`` try a server that is away."""


def open_service(config: EngineConfig) -> DownloadService:
    """Return the embedded engine, not started yet."""
    from tui_dl.service.local import LocalService

    return LocalService(config)


def notices(service: DownloadService) -> tuple[str, ...]:
    """Return what the engine found damaged and repaired at its start, as sentences."""
    from tui_dl.service.local import LocalService

    return service.notices if isinstance(service, LocalService) else ()


def engine_config(
    settings: Settings,
    paths: Paths,
    directory: Path,
    *,
    slots: int | None = None,
    connections: int | None = None,
    resume_running: bool | None = None,
    only_asked: bool = False,
) -> EngineConfig:
    """Return what the engine is told; a flag that was not given leaves the setting in force."""
    from tui_dl.engine.config import EngineConfig
    from tui_dl.engine.hooks import HookSettings

    downloads, network = settings.downloads, settings.network
    queue, after = settings.queue, settings.after
    is_default = directory == download_dir(downloads.directory)
    config = EngineConfig(
        data_dir=paths.data_dir,
        directory=directory,
        slots=downloads.slots,
        connections=downloads.connections,
        limit_bps=downloads.limit,
        default_limit_bps=downloads.limit_each,
        timeout_s=downloads.timeout_s,
        connect_timeout_s=downloads.connect_timeout_s,
        max_tries=downloads.max_tries,
        retry_max_s=downloads.retry_max_s,
        away_factor=1 if only_asked else PATIENCE_OF_THE_APP,
        user_agent=network.user_agent,
        proxy=network.proxy or None,
        ca_certificate=_file(network.ca_certificate),
        check_certificate=network.check_certificate,
        use_netrc=network.netrc,
        netrc_file=_file(network.netrc_path),
        proxy_rules=network.proxy_rules,
        no_proxy=network.no_proxy,
        http2=network.http2,
        interface=network.interface or None,
        ip_version=None if network.ip_version == "both" else int(network.ip_version),
        resolve=tuple(network.resolve.split()),
        certificate=_file(network.certificate),
        private_key=_file(network.private_key),
        min_free_bytes=downloads.min_free,
        remote_time=downloads.remote_time,
        mark_origin=downloads.mark_origin,
        resume_running=downloads.resume,
        only_asked=only_asked,
        # Who names a folder wants the files there, and a shell has a current one.
        categories=categories_of(settings) if is_default and not only_asked else (),
        move_to=_file(after.move_to) or "" if is_default and not only_asked else "",
        hooks=HookSettings(
            tuple(shlex.split(after.on_complete)),
            tuple(shlex.split(after.on_failure)),
            after.hook_timeout_s,
            after.unpack,
            downloads.min_free,
        ),
        schedule=parse_schedule(queue.schedule),
        host_limits=parse_host_limits(queue.hosts),
        tries_by_code=parse_retry_rules(queue.retries),
    )
    if slots is not None:
        config = replace(config, slots=slots)
    if connections is not None:
        config = replace(config, connections=connections, connections_are_fixed=True)
    if resume_running is not None:
        config = replace(config, resume_running=resume_running)
    return config


def _file(path: str) -> str | None:
    """Return the whole path of a setting, ``None`` when it is empty."""
    return str(absolute(path)) if path else None
