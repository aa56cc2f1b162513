"""What the process decides for the job-queue dialect; no client can change it."""

from __future__ import annotations

from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsSettings:
    """Times of the downloads that this dialect adds, in seconds."""

    connect_timeout_s: float = 30.0
    idle_timeout_s: float = 60.0
    """Longest silence while the remote server should send."""
    overall_timeout_s: float = 1800.0
    """Longest time of one run."""
