"""What a transfer is surrounded by: shared parts, and whoever is told how it goes.

Must not hold behaviour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.engine.limiter import RateLimit
from tui_dl.engine.world import REAL_WORLD, World
from tui_dl.net.client import HttpClient
from tui_dl.net.host_gate import HostGates


class Observer(Protocol):
    """Who is told how the transfer goes. Called in the loop; must not block."""

    def on_asking(self) -> None:
        """A request is sent now."""

    def on_receiving(self) -> None:
        """The first reply of this run was admitted."""

    def on_waiting(self, error: TuiDlError, tries: int, delay_s: float) -> None:
        """Nothing runs; the next try begins after ``delay_s``."""

    def on_trying(self) -> None:
        """The wait is over."""

    def on_note(self, text: str) -> None:
        """Something worth a line in the download's log."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all transfers of an engine share, injected so that tests can hold the strings."""

    client: HttpClient
    gates: HostGates
    now_s: Callable[[], float]
    random: Callable[[], float]
    global_limit: RateLimit
    world: World = REAL_WORLD
    busy_s: Callable[[], float] = time.thread_time
    """Seconds in which the engine's thread had something to do: see ``busy.py``."""
