"""The habits of the source: short files, reasons beside exceptions to the rules."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.sources import PACKAGE, python_files, short

MOST_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

SOURCES = python_files("tui_dl")
EVERYTHING = python_files("tui_dl", "tests")

_SILENCER = re.compile(r"type:\s*ignore|noqa|pragma:|mypy:\s|ruff:\s")
_REASONED = re.compile(
    r"#\s*(type: ignore\[[a-z, -]+\]|noqa: [A-Z0-9, ]+?|mypy: [a-z-]+|pragma: no cover"
    r"|ruff: noqa: [A-Z0-9, ]+?)\s+(-|#)\s*\S.{5,}"
)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and text of each comment."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 40
    assert len(EVERYTHING) > len(SOURCES)


def test_no_file_is_too_long() -> None:
    lengths = {short(path): len(path.read_text().splitlines()) for path in EVERYTHING}

    long = {name: count for name, count in lengths.items() if count > MOST_LINES}
    assert long == {}, "split it along what its parts own"


def test_every_silenced_check_has_a_reason_beside_it() -> None:
    bare = [
        f"{short(path)}:{line}: {text}"
        for path in EVERYTHING
        for line, text in comments(path)
        if _SILENCER.search(text) and not _REASONED.search(text) and not _told_above(path, line)
    ]

    assert bare == []


def _told_above(path: Path, line: int) -> bool:
    """Whether the line above is a comment."""
    return path.read_text().splitlines()[line - 2].lstrip().startswith("# ")


def test_every_broad_except_has_a_reason_beside_it() -> None:
    bare = [
        f"{short(path)}:{node.lineno}"
        for path in EVERYTHING
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node.type)
        and not _told_near(path, node.lineno)
    ]

    assert bare == []


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in ("Exception", "BaseException"))
        for one in kinds
    )


def _told_near(path: Path, line: int) -> bool:
    """Whether a comment stands beside the line, above it or right below."""
    above, beside, below = path.read_text().splitlines()[line - 2 : line + 1]
    return "# " in beside or any(near.lstrip().startswith("# ") for near in (above, below))


def test_every_skipped_test_has_a_reason() -> None:
    bare = [
        f"{short(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("skip", "skipif", "xfail")
        and not _reason_given(path, node.lineno)
    ]

    assert bare == []


def _reason_given(path: Path, line: int) -> bool:
    """Whether a sentence follows within the call."""
    following = "\n".join(path.read_text().splitlines()[line - 1 : line + 5])
    return re.search(r"""["'][^"']{8,}["']""", following) is not None


@pytest.mark.parametrize("path", SOURCES, ids=map(short, SOURCES))
def test_a_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "a module docstring is missing"
    assert path.stem not in VAGUE_NAMES


def test_no_file_names_a_place_of_one_machine() -> None:
    places = re.compile(r"/(work|root|home/\w+)/")
    found = [short(path) for path in SOURCES if places.search(path.read_text())]

    assert found == []
    assert PACKAGE.is_dir()
