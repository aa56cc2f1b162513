"""The files of the project, for tests that read them as text."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tui_dl"


def python_files(*folders: str) -> list[Path]:
    """Return all Python files below ``folders`` of the project, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def short(path: Path) -> str:
    """Return the path as it is written in documents."""
    return path.relative_to(ROOT).as_posix()
