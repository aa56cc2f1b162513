"""TLS settings of a request and the contexts made from them.

Owns certificate loading. Must not connect. ``ssl`` is imported at first use only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How to check a server."""

    ca_certificate: str | None = None
    """PEM file whose authorities are trusted beside those of the system."""
    check: bool = True
    """Off: any certificate is accepted. A choice for one download, never a default."""


SYSTEM_TLS = TlsOptions()
"""The authorities of the system, everything checked."""
