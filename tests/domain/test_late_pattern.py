"""Patterns that are compiled late are right, and are compiled once."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import tui_dl
from tui_dl.domain import late_pattern as module
from tui_dl.domain.late_pattern import late_pattern


def _modules() -> list[str]:
    rooms = ("domain", "net", "storage", "engine", "cli", "config")
    return [
        found.name
        for found in pkgutil.walk_packages(tui_dl.__path__, "tui_dl.")
        if found.name.split(".")[1] in rooms
    ]


def test_every_pattern_of_ours_can_be_compiled() -> None:
    patterns = [
        (name, value)
        for name in _modules()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, module._LatePattern)
    ]
    assert len(patterns) > 40
    for name, pattern in patterns:
        assert pattern.flags & re.UNICODE or pattern.flags & re.ASCII, name


def test_it_is_compiled_at_first_use_and_then_out_of_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[str] = []

    def compile_(text: str, flags: int) -> re.Pattern[str]:
        compiled.append(text)
        return re.compile(text, flags)

    monkeypatch.setattr(module, "re", type("fake", (), {"compile": staticmethod(compile_)}))
    digits = late_pattern("[a-z]+(?P<number>[0-9]+)", re.IGNORECASE)
    assert compiled == []
    for _ in range(3):
        match = digits.fullmatch("A12")
        assert match is not None
        assert match["number"] == "12"
    assert compiled == ["[a-z]+(?P<number>[0-9]+)"]
    assert digits.sub("x", "a1 B2") == "x x"


def test_a_wrong_one_says_so() -> None:
    with pytest.raises(re.error, match="unterminated"):
        late_pattern("[a").match("a")
