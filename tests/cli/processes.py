"""``tui-dl`` as a process of its own, on the real engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, "-m", "tui_dl")
LIMIT_S = 60


@dataclass(frozen=True)
class Place:
    """A state folder and a target folder."""

    folder: Path

    @property
    def target(self) -> Path:
        """Where files go."""
        return self.folder / "target"

    def argv(self, *args: str) -> list[str]:
        """Return a whole command line; the state folder is that of the environment."""
        return [*COMMAND, *args]

    @property
    def environ(self) -> dict[str, str]:
        """The environment with this place's state folder."""
        return {**os.environ, "TUI_DL_DATA_DIR": str(self.folder / "state")}

    def run(self, *args: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        return subprocess.run(
            self.argv(*args),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT_S,
            check=False,
        )

    def start(self, *args: str, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [*prefix, *self.argv(*args)],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
