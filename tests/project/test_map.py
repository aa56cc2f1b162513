"""The architecture map: what it names exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.sources import PACKAGE, ROOT, short

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
README = (ROOT / "README.md").read_text()
_QUOTED = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:tui_dl|tests|screenshots|\.ci)(?:/[\w.-]+)*/?|[\w-]+\.(?:md|toml)")


def named_paths(text: str) -> set[str]:
    """Return everything in back quotes that is a path of the project."""
    return {quoted for quoted in _QUOTED.findall(text) if _PATH.fullmatch(quoted)}


def packages() -> list[str]:
    folders = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    return [short(folder) + "/" for folder in sorted(folders)]


@pytest.mark.parametrize("text", [CONTRIBUTING, README], ids=["CONTRIBUTING", "README"])
def test_every_path_that_is_named_exists(text: str) -> None:
    named = named_paths(text)

    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("folder", packages())
def test_every_package_is_on_the_map(folder: str) -> None:
    assert f"`{folder}`" in CONTRIBUTING


def test_every_test_folder_is_on_the_map() -> None:
    folders = {path.parent for path in (ROOT / "tests").glob("*/*.py")}

    assert [short(f) for f in sorted(folders) if f"`{short(f)}/`" not in CONTRIBUTING] == []


def test_nothing_stands_outside_the_agreed_layout() -> None:
    allowed = {"tui_dl", "tests", "screenshots"}
    ignored = (ROOT / ".gitignore").read_text().split()
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    visible = {name for name in folders if not name.startswith(".") and f"{name}/" not in ignored}

    assert visible <= allowed
    assert Path(ROOT / "LICENSE").read_text().startswith("MIT License")
