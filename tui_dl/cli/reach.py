"""Finding the engine that a client command means, and a service to speak to it with.

Order: the flags, ``TUI_DL_HOST`` and ``TUI_DL_TOKEN``, then whoever holds the state
folder. Must not start an engine by itself: ``client.py`` decides what happens without one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui_dl.domain.errors import ErrorCode, StateError, UsageError
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from tui_dl.storage.instance import Owner

HOST_VARIABLE = "TUI_DL_HOST"
TOKEN_VARIABLE = "TUI_DL_TOKEN"
DEFAULT_PORT = 1700
BEGINNING_S = 3.0
"""For so long after its start an owner may still be about to open its port."""
PATIENCE_S = 30.0
"""When one such owner follows the other."""
_LOOK_S = 0.02
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine answers, and with which secret."""

    base_url: str
    token: str | None
    is_own: bool
    """Whether it holds this user's own state folder, on this machine."""
    unix_socket: Path | None = None
    """The way to a ``get``, which ends with its own downloads; ``None``: the URL is the way."""


def find_place(
    data_dir: Path,
    host: str | None = None,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Place | None:
    """Return where the engine answers; ``None`` when none is named and none runs here.

    Raises:
        UsageError: the host cannot be read as one.
        StateError: one runs here, but its API is off.
    """
    env = os.environ if environ is None else environ
    named = host or env.get(HOST_VARIABLE)
    secret = token or env.get(TOKEN_VARIABLE) or None
    if named:
        return Place(base_url(named), secret or _stored_token(data_dir, named), is_own=False)
    from tui_dl.storage.instance import read_owner

    owner = _settled_owner(data_dir, read_owner)
    if owner is None:
        return None
    if owner.socket is not None:
        if _is_halted(owner.pid):
            raise StateError(_halted(owner), code=ErrorCode.STATE_LOCKED)
        name = Path(owner.socket).name
        return Place("http://localhost", None, is_own=True, unix_socket=data_dir / name)
    if owner.host is None or owner.port is None:
        raise StateError(_api_is_off(owner), code=ErrorCode.STATE_LOCKED)
    address = _ANY_ADDRESS.get(owner.host, owner.host)
    found = _read(data_dir / "owner-key") or secret or _read(data_dir / "token")
    return Place(f"http://{address}:{owner.port}", found, is_own=True)


def refuse_passing(place: Place | None) -> None:
    """Refuse to open the app on a ``get``: it would soon look at nothing.

    Raises:
        StateError: ``STATE_LOCKED``.
    """
    if place is not None and place.unix_socket is not None:
        from tui_dl.storage.instance import read_owner

        owner = read_owner(place.unix_socket.parent)
        who = "" if owner is None or owner.pid is None else f" (process {owner.pid})"
        raise StateError(
            f"A tui-dl get{who} holds the state until its downloads have ended; then the app "
            "can open. tui-dl ls --watch shows them meanwhile.",
            code=ErrorCode.STATE_LOCKED,
        )


def _settled_owner(data_dir: Path, read_owner: Callable[[Path], Owner | None]) -> Owner | None:
    """Return the owner. One that has just begun gets a moment to say where it answers.

    A command that changes the stored list is one as well, for some milliseconds.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        owner = read_owner(data_dir)
        if owner is None or owner.is_reachable or not _is_young(owner):
            return owner
        if time.monotonic() > deadline_s:
            return owner
        time.sleep(_LOOK_S)


def _is_halted(pid: int | None) -> bool:
    """Return whether a process sleeps until somebody continues it; unknown is no."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[:1] == ["T"]


def _halted(owner: Owner) -> str:
    return (
        f"Another tui-dl get (process {owner.pid}) holds the state, and it is halted. "
        f"Continue it with fg in its shell, or with kill -CONT {owner.pid}."
    )


def _is_young(owner: Owner) -> bool:
    try:
        began = datetime.fromisoformat(owner.started_at or "")
        return abs(datetime.now(UTC) - began) < timedelta(seconds=BEGINNING_S)
    except (ValueError, TypeError):  # it does not say, or in some other form
        return owner.pid is None  # between its lock and its first words


def base_url(text: str) -> str:
    """Return ``http://host:port`` for ``host``, ``host:port`` or a whole URL.

    Raises:
        UsageError: it is none of these.
    """
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text!r} is not a host, or a host and a port.") from error
    has_more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("http", "https") or not parts.hostname or has_more:
        raise UsageError(f"{text!r} is not a host, or a host and a port.")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is None and parts.scheme == "http":
        port = DEFAULT_PORT
    return f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")


def is_exposed(url: str) -> bool:
    """Return whether the token would travel unencrypted over a network."""
    from ipaddress import ip_address

    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


def _stored_token(data_dir: Path, named: str) -> str | None:
    """Return our own token for a host on this machine; nobody else is shown it."""
    return None if is_exposed(base_url(named)) else _read(data_dir / "token")


def _read(path: Path) -> str | None:
    from tui_dl.api.tokens import read_token

    try:
        return read_token(path)
    except (OSError, StateError):  # none, or not ours: then there is none
        return None


def _api_is_off(owner: Owner) -> str:
    who = "Another tui-dl" if owner.pid is None else f"Another tui-dl (process {owner.pid})"
    return f"{who} holds the state, and its API is off: it cannot be reached."
