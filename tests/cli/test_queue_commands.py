"""Start times, places in the queue, and what the schedule says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui_dl.cli.main import main
from tui_dl.cli.moments import read_moment
from tui_dl.cli.schedule_words import schedule_words
from tui_dl.domain.errors import UsageError
from tui_dl.service.offline import read_stored

NOW = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
"""A quarter of a day before the clocks of Berlin go forward: half past eleven there."""


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hang Berlin's clock on the wall."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("23:45", "2026-03-28T22:45"),
        ("23:30", "2026-03-29T21:30"),  # the next one, by the other offset
        ("6:00", "2026-03-29T04:00"),
        ("+2h", "2026-03-29T00:30"),
        ("+90", "2026-03-28T22:31:30"),
        ("2026-04-01T12:00", "2026-04-01T10:00"),
        ("2026-04-01T12:00Z", "2026-04-01T12:00"),
        ("2026-04-01", "2026-03-31T22:00"),
    ],
)
def test_a_moment_is_read(text: str, moment: str) -> None:
    assert read_moment(text, NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "+", "+soon", "2026-13-01", "12:60"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="Write it like"):
        read_moment(text, NOW)


@pytest.mark.usefixtures("berlin")
def test_the_schedule_in_words() -> None:
    rules = "23:00-07:00 full; 07:00-23:00 1M; mon-fri 09:00-17:00 pause"
    assert schedule_words(rules, 0, NOW) == "no limit until 07:00"
    assert schedule_words("sat 07:00-24:00 pause", 0, NOW) == "paused until 00:00"
    assert schedule_words("mon 09:00-10:00 pause", 500_000, NOW) == "limit 500 kB/s until Mon 09:00"
    assert schedule_words("", 500_000, NOW) == ""


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a way to run a command on the stored list; no engine runs beside it."""
    monkeypatch.setenv("TUI_DL_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TUI_DL_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.chdir(tmp_path)

    def command(*args: str) -> tuple[int, str, str]:
        code = main(args)
        return (code, *capfd.readouterr())

    return command


Run = Callable[..., tuple[int, str, str]]


def names(run: Run) -> list[str]:
    return [json.loads(line)["url"][-1] for line in run("ls", "--json")[1].splitlines()]


def test_the_order_of_the_queue_is_changed_without_an_engine(run: Run) -> None:
    _, out, _ = run("add", *(f"http://127.0.0.1:9/{name}" for name in "abc"))
    a, _b, c = out.split()
    assert run("move", c, "first")[0] == 0
    assert names(run) == ["c", "a", "b"]
    assert run("move", a, "down")[0] == 0
    assert names(run) == ["c", "b", "a"]
    assert run("move", c, "3")[0] == 0
    assert names(run) == ["b", "a", "c"]
    assert run("add", "--first", "http://127.0.0.1:9/x", "http://127.0.0.1:9/y")[0] == 0
    assert names(run) == ["x", "y", "b", "a", "c"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("first",), "Say which and where"),
        (("ID", "sideways"), "'sideways' is no place"),
        (("ID", "0"), "'0' is no place"),
        (("ID", "PAUSED", "2"), "One download at a time"),
        (("PAUSED", "up"), "only what is queued"),
        (("ID", "PAUSED", "up"), "only what is queued"),
    ],
)
def test_a_move_that_cannot_be_is_told_and_moves_nothing(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    ids = {
        "ID": run("add", "http://127.0.0.1:9/a")[1].strip(),
        "PAUSED": run("add", "--paused", "http://127.0.0.1:9/b")[1].strip(),
    }
    run("add", "http://127.0.0.1:9/c")
    code, _, err = run("move", *(ids.get(word, word) for word in words))
    assert code != 0
    assert told in err
    assert names(run) == ["a", "b", "c"]


def test_a_start_time_is_stored_and_a_bad_one_is_refused(run: Run, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("http://127.0.0.1:9/a\n  start-at=2040-01-01T00:00Z\n")
    assert run("add", "-i", str(listed))[0] == 0
    assert run("add", "--start-at", "2041-01-01T00:00Z", "http://127.0.0.1:9/b")[0] == 0
    stored = read_stored(tmp_path / "state").downloads
    assert [item.record.options.start_at for item in stored] == [
        datetime(2040, 1, 1, tzinfo=UTC),
        datetime(2041, 1, 1, tzinfo=UTC),
    ]
    code, _, err = run("add", "--start-at", "soon", "http://127.0.0.1:9/c")
    assert code == 2
    assert "'soon' is not a moment" in err


def test_ls_and_doctor_tell_what_the_schedule_says(run: Run, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[queue]\nschedule = "00:00-24:00 1M"\n')
    assert "By the schedule: limit 1.05 MB/s.\n" in run("ls")[2]
    assert "limit 1.05 MB/s" in run("doctor")[1]
    (tmp_path / "settings.toml").write_text('[queue]\nschedule = "00:00-24:00 fast"\n')
    assert "queue.schedule cannot be used: Rule 1 of the schedule: 'fast'" in run("ls")[2]


def test_priorities_are_given_shown_and_carried(run: Run, tmp_path: Path) -> None:
    a, b = run("add", "http://127.0.0.1:9/a", "http://127.0.0.1:9/b")[1].split()
    assert "PRIO" not in run("ls")[1]
    assert run("add", "--priority", "-3", "http://127.0.0.1:9/c")[0] == 0
    (tmp_path / "list.txt").write_text("http://127.0.0.1:9/d\n  priority=+7\n")
    assert run("add", "-i", "list.txt")[0] == 0
    assert names(run) == ["d", "a", "b", "c"]
    code, out, err = run("priority", b, "100")
    assert (code, out) == (0, "")
    assert "given priority 100" in err
    assert names(run) == ["b", "d", "a", "c"]
    assert run("move", a, "first")[0] == 0
    assert names(run) == ["b", "d", "a", "c"]
    assert run("priority", a, b[:8], "-5")[0] == 0
    assert names(run) == ["d", "c", "b", "a"]
    found = [json.loads(line)["priority"] for line in run("ls", "--json")[1].splitlines()]
    assert found == [7, -3, -5, -5]
    head, first, *_ = run("ls")[1].splitlines()
    assert head.split() == ["ID", "STATUS", "SIZE", "DONE", "PRIO", "NAME"]
    assert first.split()[4] == "7"
    assert "priority   -5" in run("ls", b)[1]
    assert run("export", "-o", "queue.json")[0] == 0
    assert run("import", "queue.json", "--data-dir", str(tmp_path / "other"))[0] == 0
    there = run("ls", "--json", "--data-dir", str(tmp_path / "other"))[1].splitlines()
    assert [json.loads(line)["priority"] for line in there] == [7, -3, -5, -5]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("priority",), "Say which and how much"),
        (("priority", "5"), "Say which and how much"),
        (("priority", "ID", "101"), "'101' is no priority; it is a whole number from -100 to 100"),
        (("priority", "ID", "-101"), "'-101' is no priority"),
        (("priority", "ID", "high"), "'high' is no priority"),
        (("priority", "ID", "1.5"), "'1.5' is no priority"),
        (("priority", "ID", "\u0663"), "is no priority"),
        (("priority", "ID", "99999999999999999999"), "is no priority"),
        (("priority", "--all", "ID", "5"), "--all is neither an id nor a flag"),
        (("priority", "ffffffff-none", "5"), "ffffffff-none"),
        (("add", "--priority", "soon", "http://127.0.0.1:9/b"), "'soon' is no priority"),
        (("get", "--priority", "101", "http://127.0.0.1:9/b"), "'101' is no priority"),
        (("--priority", "x", "http://127.0.0.1:9/b"), "'x' is no priority"),
        (("add", "-i", "list.txt"), "line 2: priority: '200' is no priority"),
        (("import", "bad.json"), "Download 1 of the queue: The priority 999 is not from"),
    ],
)
def test_a_bad_priority_is_told_and_changes_nothing(
    run: Run, tmp_path: Path, args: tuple[str, ...], told: str
) -> None:
    id_ = run("add", "--priority", "4", "http://127.0.0.1:9/a")[1].strip()
    (tmp_path / "list.txt").write_text("http://127.0.0.1:9/d\n  priority=200\n")
    exported = run("export")[1].replace('"priority": 4', '"priority": 999')
    (tmp_path / "bad.json").write_text(exported)
    code, _, err = run(*(id_ if word == "ID" else word for word in args))
    assert code == 2
    assert told in " ".join(err.split())
    (row,) = run("ls", "--json")[1].splitlines()
    assert json.loads(row)["priority"] == 4
