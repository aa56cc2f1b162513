"""What the process decides for the files dialect; no client can change it."""

from __future__ import annotations

from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSettings:
    """Whether and from where clients may download."""

    allow_download: bool = True
    allowed_hosts: str = ""
    """Patterns as in ``domain/hosts.py``; empty: every host."""
    blocked_hosts: str = ""
    timeout_s: float = 300.0
    """Longest time of a download whose client names none."""
