"""The user's netrc file. Owns its reading; must not decide who gets a login."""

from __future__ import annotations

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)


class NetrcBook:
    """The user's netrc file, read again when it changes.

    Only entries that name a host are used: ``default`` would go to any host at all.
    """

    def __init__(self, path: Path | None = None) -> None:
        """``None``: the file that NETRC names, else ``~/.netrc``."""
        self._fixed_path = path
        self._named: tuple[str | None, Path] | None = None
        self._seen: tuple[Path, int] | None = None
        self._hosts: dict[str, tuple[str, str, str]] = {}

    def look_up(self, host: str) -> tuple[str, str] | None:
        """Return (user, password) for ``host``, or ``None``."""
        path = self._path()
        try:
            seen = (path, path.stat().st_mtime_ns)
        except OSError:  # no such file: the usual case
            return None
        if seen != self._seen:
            self._seen = seen
            self._hosts = _read_netrc(path)
        entry = self._hosts.get(host)
        return None if entry is None else (entry[0], entry[2])

    def _path(self) -> Path:
        """Return where to look, worked out again only when the environment changed."""
        if self._fixed_path is not None:
            return self._fixed_path
        name = os.environ.get("NETRC")
        if self._named is None or self._named[0] != name:
            self._named = (name, Path(name or "~/.netrc").expanduser())
        return self._named[1]


def _read_netrc(path: Path) -> dict[str, tuple[str, str, str]]:
    import netrc  # brings shlex along: not for everybody

    try:
        hosts = netrc.netrc(path).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        log.warning("The netrc file is not used: %s", type(error).__name__)
        return {}
    return {
        host.lower(): (user or "", account or "", password or "")
        for host, (user, account, password) in hosts.items()
        if host != "default"
    }
