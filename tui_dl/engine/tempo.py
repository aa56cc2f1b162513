"""How patient and how greedy one download is: what it asks for, else what the settings say."""

from __future__ import annotations

from tui_dl.domain.model import DownloadOptions
from tui_dl.domain.retry_rules import NO_RULES
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.governor import Governor
from tui_dl.engine.retry import RetryPolicy


def policy_of(options: DownloadOptions, config: EngineConfig) -> RetryPolicy:
    """Return when to try again; tries of its own stand above all rules for classes of errors."""
    return RetryPolicy(
        config.max_tries if options.max_tries is None else options.max_tries,
        config.retry_base_s,
        config.retry_max_s,
        config.away_factor,
        NO_RULES if options.max_tries is not None else config.tries_by_code,
    )


def governor_of(options: DownloadOptions, config: EngineConfig) -> Governor:
    """Return who decides about the number of connections; one that was named is never passed."""
    return Governor(
        options.connections or config.connections,
        ceiling_is_fixed=bool(options.connections) or config.connections_are_fixed,
    )
