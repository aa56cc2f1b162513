"""What ``doctor`` looks at outside the state: port, token, clock, names, TLS, terminal, limits.

Each check yields findings; one that is a problem ends with what to do about it. Changes
nothing, fetches nothing, asks no other host.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.cli.settings import Setup

_BUILT_S = 1_760_000_000
"""A clock before this (October 2025) is wrong: certificates would not be valid yet."""

_LEAST_DESCRIPTORS = 1024
_RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and whether that is a problem."""

    label: str
    text: str
    is_problem: bool = False


def machine_findings(setup: Setup) -> Iterator[Finding]:
    """Give one finding per thing around tui-dl that downloads or clients depend on."""
    yield _token(setup.paths.data_dir)
    yield _port(setup)
    yield _clock(setup.paths.data_dir)
    yield _names()
    yield _tls(setup.settings.network.ca_certificate)
    yield _descriptors()
    yield _terminal()


def _token(data_dir: Path) -> Finding:
    from tui_dl.api.tokens import TOKEN_NAME

    path = data_dir / TOKEN_NAME
    try:
        seen = path.stat()
    except FileNotFoundError:
        return Finding("token", "made by the first server")
    except OSError as error:
        return Finding("token", f"{path}: {error.strerror}", is_problem=True)
    mode = stat.S_IMODE(seen.st_mode)
    if mode & 0o077:
        text = f"others can read it (mode {mode:o}): chmod 600 {path}; tui-dl token --rotate"
        return Finding("token", text, is_problem=True)
    if seen.st_uid != os.geteuid():
        return Finding("token", f"{path} belongs to another user", is_problem=True)
    return Finding("token", f"{path} (only for you)")


def _port(setup: Setup) -> Finding:
    """Say what clients will find at the port that they try first."""
    from tui_dl.storage.instance import read_owner

    api = setup.settings.api
    if not api.enabled:
        return Finding("port", "off (api.enabled is false)")
    owner = read_owner(setup.paths.data_dir)
    if owner is not None and owner.port is not None:
        there = f"ours: {owner.host}:{owner.port}"
        is_first = owner.port == api.port
        return Finding("port", there if is_first else f"{there}; {api.port} is what is tried first")
    family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((api.host, api.port))
        except OSError as error:
            text = f"{api.host}:{api.port}: {error.strerror}; a server takes the next free one"
            return Finding("port", text)
    return Finding("port", f"{api.host}:{api.port} is free")


def _clock(data_dir: Path) -> Finding:
    """Hold the clock against the state's own times: resuming and TLS need a sane one."""
    now_s = time.time()
    said = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now_s))
    if now_s < _BUILT_S:
        text = f"{said} lies in the past: certificates look not yet valid. Set the clock."
        return Finding("clock", text, is_problem=True)
    newest_s = max((path.stat().st_mtime for path in data_dir.glob("*.sqlite3*")), default=now_s)
    if newest_s > now_s + 3600:
        text = f"{said}, but the state was written later: the clock has gone back."
        return Finding("clock", text, is_problem=True)
    return Finding("clock", said)


def _names() -> Finding:
    """Look whether host names can be asked for, without asking for one of another host."""
    try:
        text = _RESOLV_CONF.read_text(errors="replace")
    except OSError:
        text = ""  # other systems keep their servers elsewhere: getaddrinfo decides
    servers = [line.split()[1] for line in text.splitlines() if line.startswith("nameserver ")]
    try:
        socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding("names", f"localhost is not found ({reason}): see /etc/hosts", True)
    if sys.platform.startswith("linux") and not servers:
        text = f"no name server in {_RESOLV_CONF}: only addresses and /etc/hosts work"
        return Finding("names", text)
    return Finding("names", f"asked of {', '.join(servers)}" if servers else "by the system")


def _tls(ca_certificate: str) -> Finding:
    from tui_dl.domain.errors import TuiDlError
    from tui_dl.net.tls import TlsOptions, make_context

    try:
        context = make_context(TlsOptions(ca_certificate=ca_certificate or None))
    except TuiDlError as error:
        return Finding("tls", error.message, is_problem=True)
    import ssl

    where = ca_certificate or "the system's store"
    known = context.cert_store_stats()["x509_ca"]
    roots = f", {known} roots" if known else ""  # a folder of them is only read when asked
    return Finding("tls", f"{ssl.OPENSSL_VERSION}, {where}{roots}")


def _descriptors() -> Finding:
    try:
        import resource
    except ImportError:  # no such limit on this system
        return Finding("files", "no limit known")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"at most {soft} open at once"
    if soft < _LEAST_DESCRIPTORS:
        more = f"ulimit -n {min(hard, 4096) if hard > 0 else 4096}"
        return Finding("files", f"{text}: too few for many connections; {more}", is_problem=True)
    return Finding("files", text)


def _terminal() -> Finding:
    if not sys.stderr.isatty():
        return Finding("terminal", "none here: the app needs one, get and serve do not")
    term = os.environ.get("TERM", "")
    if term in ("", "dumb"):
        text = f"TERM is {term or 'not set'}: the app cannot draw; try TERM=xterm-256color"
        return Finding("terminal", text, is_problem=True)
    encoding = (sys.stderr.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        text = f"{term}, but its encoding is {encoding}: bars and glyphs break; LANG=C.UTF-8"
        return Finding("terminal", text, is_problem=True)
    size = os.get_terminal_size(sys.stderr.fileno())
    if os.environ.get("NO_COLOR"):
        colours = "no colour (NO_COLOR)"
    elif os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        colours = "16 million colours"
    else:
        colours = "256 colours" if "256" in term else "16 colours"
    return Finding("terminal", f"{term}, {size.columns} x {size.lines}, {colours}")
