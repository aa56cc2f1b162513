"""The log: lines of JSON, no secret, no forged line, nothing before the first record."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import Place
from tests.support.resource import Resource
from tests.support.server import FaultServer
from tui_dl.cli.log_file import MOST_BYTES, OLDER_FILES, LazyFile, log_path, open_log

logger = logging.getLogger("tui_dl.tests")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Open a log below the folder and take it away again."""
    ours = logging.getLogger("tui_dl")
    level, raises = ours.level, logging.raiseExceptions
    state = tmp_path / "state"
    state.mkdir()
    open_log(state, debug=False)
    yield state
    ours.setLevel(level)
    logging.raiseExceptions = raises
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LazyFile)]:
        root.removeHandler(handler)
        handler.close()


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return all records of the newest file."""
    return [json.loads(line) for line in log_path(folder).read_text().splitlines()]


def test_nothing_is_made_before_the_first_record(folder: Path) -> None:
    logger.info("not told without --debug")
    assert list(folder.iterdir()) == []
    logger.warning("told")
    assert [line["message"] for line in lines(folder)] == ["told"]
    assert stat.S_IMODE(log_path(folder).stat().st_mode) == 0o600


def test_a_record_is_one_line_without_secrets(folder: Path) -> None:
    """Traps S7 and S10."""
    try:
        raise ValueError(
            "https://me:hunter2@host/a?token=abcdef\nAuthorization: Basic aHVudGVyMg=="
        )
    except ValueError:
        logger.exception('a\r\n{"level": "forged"} Bearer hunter2hunter2 token:hunter2')
    (line,) = lines(folder)
    assert (line["level"], line["logger"]) == ("error", "tui_dl.tests")
    assert "ValueError" in line["error"]
    text = log_path(folder).read_text()
    for secret in ("hunter2", "abcdef", "aHVudGVyMg"):
        assert secret not in text


def test_the_log_is_turned_over(folder: Path) -> None:
    for _ in range(6):
        logger.warning("x" * (MOST_BYTES // 2))
    files = list(log_path(folder).parent.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    sizes = [path.stat().st_size for path in files]
    assert 1 < len(sizes) <= 1 + OLDER_FILES
    assert max(sizes) <= MOST_BYTES


def test_a_log_that_cannot_be_written_stops_nothing(folder: Path) -> None:
    log_path(folder).parent.write_text("a file is where the folder should be")
    logger.warning("dropped")
    logger.warning("dropped as well")
    assert log_path(folder).parent.read_text() == "a file is where the folder should be"


def test_debug_tells_each_downloads_log(fault_server: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    place = Place(tmp_path)
    url = fault_server.add(Resource(path="/a.bin", size=1000))
    quiet = place.run("get", "-q", "-d", "target", url)
    assert quiet.returncode == 0, quiet.stderr
    assert not log_path(tmp_path / "state").exists()
    told = place.run("--debug", "get", "-q", "-d", "target", "-o", "b", f"{url}?sig=hunter2")
    assert told.returncode == 0, told.stderr
    messages = " ".join(line["message"] for line in lines(tmp_path / "state"))
    assert "/a.bin?sig=***> Completed." in messages
    assert "hunter2" not in messages
