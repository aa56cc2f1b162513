"""Where a benchmark runs: folders, source files, certificates, a clean environment, proof.

Must not measure. Everything lies below one temporary folder and goes with it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measuring import RunFailedError
from tests.support.tls import Certificates, make_certificates

MIB = 1024 * 1024
_MEMORY_FOLDER = Path("/dev/shm")
_BLOCK_BYTES = 4 * MIB
_PERSONAL = ("proxy", "TUI_DL_", "WGET", "CURL_", "NO_COLOR", "SSL_CERT", "DONTWRITEBYTECODE")
"""Parts of variable names that would let a user's own settings into a measurement."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The folders of one benchmark."""

    base: Path
    where: str
    """What to tell about the kind of folder."""
    certificates: Certificates

    @property
    def sources(self) -> Path:
        """Files that servers serve."""
        return self.base / "sources"

    @property
    def target(self) -> Path:
        """Folder where programs put files; see ``clear``."""
        return self.base / "target"

    @property
    def state(self) -> Path:
        """State folder of tui-dl."""
        return self.base / "state"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every program: an empty home, no personal settings."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not any(part.lower() in name.lower() for part in _PERSONAL)
        }
        return kept | {
            "HOME": str(self.base / "home"),
            "XDG_CONFIG_HOME": str(self.base / "home" / ".config"),
            "TUI_DL_DATA_DIR": str(self.state),
            "TUI_DL_CONFIG": str(self.base / "home" / "none.toml"),
            # Compiled once, as an installation is, wherever the source lies.
            "PYTHONPYCACHEPREFIX": str(self.base / "bytecode"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }

    def clear(self) -> None:
        """Forget target files and all state."""
        for folder in (self.target, self.state):
            shutil.rmtree(folder, ignore_errors=True)
        self.target.mkdir()

    def source(self, name: str, size_bytes: int) -> Path:
        """Make a source file of random bytes once, and return it."""
        path = self.sources / name
        if not path.exists() or path.stat().st_size != size_bytes:
            with path.open("wb") as file:
                for done in range(0, size_bytes, _BLOCK_BYTES):
                    file.write(os.urandom(min(_BLOCK_BYTES, size_bytes - done)))
        return path

    def many_sources(self, folder: str, count: int, size_bytes: int) -> list[Path]:
        """Make ``count`` source files, each with its own bytes."""
        (self.sources / folder).mkdir(exist_ok=True)
        return [self.source(f"{folder}/{number:04}.bin", size_bytes) for number in range(count)]


@contextmanager
def prepared(folder: Path | None, needed_bytes: int) -> Iterator[Ground]:
    """Make the ground in ``folder``, else in memory when there is room, else in a temp folder."""
    where = f"folder {folder}"
    if folder is None:
        folder, where = Path(tempfile.gettempdir()), "the temp folder (a disk)"
        if _MEMORY_FOLDER.is_dir() and shutil.disk_usage(_MEMORY_FOLDER).free > needed_bytes:
            folder, where = _MEMORY_FOLDER, "memory (/dev/shm)"
    with tempfile.TemporaryDirectory(prefix="tui-dl-benchmark-", dir=folder) as name:
        base = Path(name)
        for part in ("sources", "target", "home", "tls", "work"):
            (base / part).mkdir()
        yield Ground(base, where, make_certificates(base / "tls"))


def prove(path: Path, source: Path) -> None:
    """Compare a result with its source, byte by byte.

    Raises:
        RunFailedError: they differ, or there is no result.
    """
    if not path.exists():
        raise RunFailedError(f"there is no {path.name}")
    if path.stat().st_size != source.stat().st_size:
        raise RunFailedError(f"{path.name} has {path.stat().st_size} bytes: WRONG SIZE")
    mine, theirs = bytearray(_BLOCK_BYTES), bytearray(_BLOCK_BYTES)
    with path.open("rb", buffering=0) as ours, source.open("rb", buffering=0) as original:
        while count := ours.readinto(mine):
            if original.readinto(theirs) != count or mine[:count] != theirs[:count]:
                raise RunFailedError(f"{path.name} DIFFERS from its source")


def program() -> list[str]:
    """Return how tui-dl is started here."""
    script = Path(sys.executable).parent / "tui-dl"
    return [str(script)] if script.exists() else [sys.executable, "-m", "tui_dl"]
