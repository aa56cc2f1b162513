"""Paths and settings of one run, out of the flags that every command takes."""

from __future__ import annotations

from tui_dl.cli.log_file import open_log
from tui_dl.config.paths import Paths, find_paths
from tui_dl.config.schema import Settings
from tui_dl.config.store import apply_overrides, load_settings
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFlags:
    """What ``shared_options`` adds to every command."""

    data_dir: str | None = None
    config_file: str | None = None
    overrides: tuple[str, ...] = ()
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """Where things are, what the settings say, and what is wrong with their file."""

    paths: Paths
    settings: Settings
    problems: tuple[str, ...]


def read_setup(flags: SharedFlags) -> Setup:
    """Open the log and return the setup of this run.

    Raises:
        UsageError: a ``--set`` is wrong. A wrong file is only a problem.
    """
    paths = find_paths(flags.data_dir, flags.config_file)
    open_log(paths.data_dir, debug=flags.debug)
    loaded = load_settings(paths.settings_file)
    return Setup(paths, apply_overrides(loaded.settings, flags.overrides), loaded.problems)
