"""Where state and settings live. Must not create anything: whoever writes makes the folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tui_dl.domain.quick_dataclass import dataclass

DATA_DIR_VARIABLE = "TUI_DL_DATA_DIR"
CONFIG_VARIABLE = "TUI_DL_CONFIG"
_APP = "tui-dl"


@dataclass(frozen=True, slots=True)
class Paths:
    """The two places that tui-dl keeps things in, both absolute."""

    data_dir: Path
    """Catalog, journals, lock and log."""
    settings_file: Path


def find_paths(
    data_dir: str | None = None,
    settings_file: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Paths:
    """Return the paths in force: the flag first, then the variable, then the system's place.

    An empty flag or variable counts as not given. XDG variables work through platformdirs.
    """
    env = os.environ if environ is None else environ
    data = data_dir or env.get(DATA_DIR_VARIABLE)
    settings = settings_file or env.get(CONFIG_VARIABLE)
    return Paths(
        data_dir=absolute(data) if data else _user_data_dir(),
        settings_file=absolute(settings) if settings else _user_settings_file(),
    )


def download_dir(chosen: str = "") -> Path:
    """Return the app's default target folder: ``chosen``, or the system's download folder."""
    if chosen:
        return absolute(chosen)
    from platformdirs import user_downloads_path

    return user_downloads_path()


def absolute(text: str) -> Path:
    """Return ``text`` as an absolute path, ``~`` expanded, links kept as they are."""
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - Path.absolute keeps ".."


def _user_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path(_APP, appauthor=False)


def _user_settings_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path(_APP, appauthor=False) / "settings.toml"
