"""What the engine asks of the world outside: the wall clock, and whether there is a network.

One value, so that tests can put another in its place. Must not decide.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.schedule import Wall, local_wall
from tui_dl.net.route import has_route


def utc_now() -> datetime:
    """Return the wall time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    """The outside as the system sees it."""

    now: Callable[[], datetime] = utc_now
    wall: Wall = local_wall
    is_online: Callable[[str], bool] = has_route
    """Whether there is a way to a host."""


REAL_WORLD = World()
