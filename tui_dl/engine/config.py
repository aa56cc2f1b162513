"""What the engine needs to know at start. Owns defaults, reads no file and no environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from tui_dl.domain.categories import Category
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.host_limits import HostLimit
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.retry_rules import NO_RULES
from tui_dl.domain.schedule import NO_SCHEDULE, Schedule
from tui_dl.engine.hooks import NO_HOOKS, HookSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Settings of one engine. Rates are bytes per second, 0 is unlimited."""

    data_dir: Path
    """Catalog, journals and lock live here; created with mode 0700."""
    directory: Path
    """Default target folder, absolute."""
    slots: int = 3
    """Downloads at once, 1 to 100."""
    connections: int = 16
    """Ceiling of connections to one host, 1 to 64."""
    connections_are_fixed: bool = False
    """The user named ``connections``: the ceiling is never raised by measurement."""
    limit_bps: int = 0
    default_limit_bps: int = 0
    """Limit of each download that names none."""
    timeout_s: float = 30.0
    """Longest silence on a connection, and the wait for a reply's head (30 s at most there).

    Less at first where a new connection costs nothing: see ``patience.py``.
    """
    connect_timeout_s: float = 15.0
    max_tries: int = 8
    """Tries in a row without progress before a download fails; 0 is endless."""
    retry_base_s: float = 0.5
    retry_max_s: float = 20.0
    away_factor: int = 1
    """Servers that are away (busy, refusing, broken) get so many times ``max_tries``."""
    user_agent: str = ""
    """Empty: ``tui-dl/VERSION``."""
    proxy: str | None = None
    """``None``: the environment decides (http_proxy, https_proxy, all_proxy, no_proxy)."""
    ca_certificate: str | None = None
    check_certificate: bool = True
    use_netrc: bool = True
    netrc_file: str | None = None
    certificate: str | None = None
    """The client's own (PEM), for the host of each download's URL alone."""
    private_key: str | None = None
    proxy_rules: str = ""
    """``PATTERN=PROXY`` parted by blanks; they come before ``proxy``."""
    no_proxy: str = ""
    interface: str | None = None
    ip_version: int | None = None
    """4 or 6; ``None`` is both."""
    resolve: tuple[str, ...] = ()
    http2: bool = False
    remote_time: bool = False
    """Finished files get the server's date, unless a download says otherwise."""
    mark_origin: bool = False
    """Finished files say in extended attributes where they came from."""
    min_free_bytes: int = 0
    """Space that stays free on the target: below it downloads pause."""
    schedule: Schedule = NO_SCHEDULE
    """Profiles by the time of day; where none fits, ``limit_bps`` is in force."""
    host_limits: tuple[HostLimit, ...] = ()
    tries_by_code: Mapping[ErrorCode, int] = field(default_factory=lambda: NO_RULES)
    """Tries for classes of errors, in place of ``max_tries``; 0 is endless."""
    categories: tuple[Category, ...] = ()
    """Where files of the default folder go by their names."""
    move_to: str = ""
    """Where finished files of the default folder go; empty: they stay."""
    hooks: HookSettings = NO_HOOKS
    resume_running: bool = True
    """Downloads that ran at the last stop run again; else they come up paused."""
    only_asked: bool = False
    """Run only what this process adds or resumes; all else keeps its status and waits.

    For ``tui-dl get``: a queue that an app left behind is neither started nor paused.
    """
    checkpoints: bool = True
    """Off only to measure their cost."""
    sync_interval_s: float = 5.0
    sync_bytes: int = 256 * 1024 * 1024

    def journal_path(self, record_id: str) -> Path:
        """Return where the journal of a running download is kept."""
        return self.data_dir / "journal" / f"{record_id}.journal"
