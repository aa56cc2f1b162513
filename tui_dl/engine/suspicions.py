"""Whether a refusal means that a server bears no more connections (trap H35).

Only if others go on to receive. When a server ends, all fail one after the other, and the last
ones seemed to be refused while one other stood: the download had one connection from then on,
and its host for an hour. So a refusal is noted and judged a moment later.

Pure: times come in. Must not end or begin connections.
"""

from __future__ import annotations

from collections.abc import Iterable

from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.engine.governor import Governor
from tui_dl.engine.source import LinkSource
from tui_dl.engine.worker import Worker
from tui_dl.net.host_gate import HostGate

PROOF_S = 0.25
"""So long after a refusal others must have received. Nothing is begun meanwhile: ``HOLD_OFF_S``."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    at_s: float
    source: LinkSource
    gate: HostGate | None
    """``None``: it is the download's own affair, not the host's."""
    governor: Governor | None
    """``None``: a mirror's refusal does not bound the download."""


class Suspicions:
    """Refusals of one transfer that are not judged yet."""

    def __init__(self) -> None:
        self._open: list[_Refusal] = []

    def note(
        self,
        now_s: float,
        source: LinkSource,
        *,
        gate: HostGate | None = None,
        governor: Governor | None = None,
    ) -> None:
        """A connection to ``source`` was refused while there were others."""
        self._open.append(_Refusal(now_s, source, gate, governor))

    def judge(self, workers: Iterable[Worker], now_s: float) -> None:
        """Bow to the servers that have gone on to give bytes to others since they refused one."""
        if not self._open:
            return
        due = [one for one in self._open if now_s - one.at_s >= PROOF_S]
        self._open = [one for one in self._open if now_s - one.at_s < PROOF_S]
        for one in due:
            going_on = [w for w in workers if w.received_of_claim and w.last_byte_s > one.at_s]
            if going_on and one.governor is not None:
                one.governor.lower(len(going_on))
            of_source = sum(w.source is one.source for w in going_on)
            if of_source and one.gate is not None:
                one.gate.lower(of_source)
