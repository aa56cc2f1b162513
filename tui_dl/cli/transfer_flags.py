"""From the flags that shape a download (``options.transfer_options``) to its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_dl.cli.login_options import login_values
from tui_dl.cli.route_options import route_values
from tui_dl.cli.source_options import source_values
from tui_dl.domain.model import DownloadOptions

_SAME = (
    "out",
    "connections",
    "mirrors",
    "limit_bps",
    "headers",
    "user_agent",
    "referer",
    "ca_certificate",
    "max_tries",
    "timeout_s",
    "connect_timeout_s",
    "checksum_from",
    "start_at",
    "priority",
)


def transfer_options_of(flags: Mapping[str, Any]) -> DownloadOptions:
    """Return the options; a flag that was not given leaves the setting in force."""
    values = {name: flags[name] for name in _SAME}
    values |= login_values(flags) | route_values(flags) | source_values(flags)
    values["digests"] = flags["checksums"]
    if flags["check_certificate"] is not None:
        values["check_certificate"] = flags["check_certificate"]
    return DownloadOptions(**values)
