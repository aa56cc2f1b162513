"""Run a command line in this process, on a service that fetches nothing."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.fake_service import FakeService
from tests.cli.stages import Home, Stage, end_all
from tui_dl.cli import engine
from tui_dl.cli.main import main
from tui_dl.engine.config import EngineConfig


@dataclass(frozen=True)
class Outcome:
    """What a shell would see."""

    code: int
    out: str
    err: str


@dataclass
class Shell:
    """Runs ``tui-dl`` on ``service`` and keeps what the engine was told."""

    service: FakeService
    configs: list[EngineConfig]
    run: Callable[..., Outcome]

    @property
    def config(self) -> EngineConfig:
        """What the engine was told by the last command."""
        return self.configs[-1]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """Return a shell in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    configs: list[EngineConfig] = []
    made: list[Shell] = []

    def open_fake(config: EngineConfig) -> FakeService:
        configs.append(config)
        return made[0].service

    monkeypatch.setattr(engine, "open_service", open_fake)

    def run(*args: str, stdin: bytes = b"") -> Outcome:
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
            code = main(args)
            texts = os.fsdecode(out.getvalue()), os.fsdecode(err.getvalue())
        return Outcome(code, *texts)

    made.append(Shell(FakeService(), configs, run))
    return made[0]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a server and a client in folders of their own."""
    stage = Stage(tmp_path)
    yield stage
    if stage.screen is not None:
        stage.screen.close(force=True)
    end_all(stage.processes)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Give a place with an empty folder ``target``."""
    (tmp_path / "target").mkdir()
    home = Home(tmp_path)
    yield home
    end_all(home.running)
