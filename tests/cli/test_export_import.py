"""The queue out and in again: nothing lost, no secret out, nothing half added."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui_dl.cli.main import main
from tui_dl.domain.model import DownloadRecord
from tui_dl.service.offline import read_stored

SECRETS = ("hunter2", "Cookie", "sesame", "deadbeef", "pw.txt", "jar.txt")


class Machine:
    """A state folder of its own, and commands on it; no engine runs beside them."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.state = folder
        self._capfd = capfd

    def run(self, *args: str) -> tuple[int, str, str]:
        code = main([*args, "--data-dir", str(self.state)])
        return (code, *self._capfd.readouterr())

    def records(self) -> list[DownloadRecord]:
        return [item.record for item in read_stored(self.state).downloads]


MachineMaker = Callable[[str], Machine]


@pytest.fixture
def machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> MachineMaker:
    monkeypatch.setenv("TUI_DL_CONFIG", str(tmp_path / "settings.toml"))
    monkeypatch.chdir(tmp_path)
    return lambda name: Machine(tmp_path / name, capfd)


@pytest.fixture
def full(machine: MachineMaker, tmp_path: Path) -> Machine:
    """A machine with a plain download, a paused one, and some with secrets."""
    (tmp_path / "jar.txt").write_text("# Netscape HTTP Cookie File\n")
    made = machine("first")
    plain = ("--start-at", "2040-01-01T00:00Z", "-x", "3", "--limit", "1M")
    for args in (
        (*plain, "http://127.0.0.1:9/plain"),
        ("--paused", "http://127.0.0.1:9/paused"),
        ("-H", "Cookie: sesame", "http://me:hunter2@127.0.0.1:9/login"),
        ("--load-cookies", "jar.txt", "http://127.0.0.1:9/cookies"),
        ("http://127.0.0.1:9/signed?signature=deadbeef",),
    ):
        assert made.run("add", *args)[0] == 0
    return made


def test_a_queue_moves_to_another_machine_without_its_secrets(
    full: Machine, machine: MachineMaker, tmp_path: Path
) -> None:
    code, out, _ = full.run("export")
    assert code == 0
    assert [word for word in SECRETS if word in out] == []
    (tmp_path / "queue.json").write_text(out)

    other = machine("second")
    code, ids, err = other.run("import", "queue.json")
    assert code == 0
    assert len(ids.split()) == 4
    assert "lost their secrets: 1." in err
    first, paused, login, cookies = other.records()
    assert (first.url, first.directory) == ("http://127.0.0.1:9/plain", str(tmp_path))
    assert first.options == full.records()[0].options
    assert (paused.status, first.status) == ("paused", "queued")
    assert login.url == "http://127.0.0.1:9/login"
    assert login.options.headers == ()
    assert cookies.options.cookie_file is None


def test_with_secrets_everything_moves_in_a_file_of_one_s_own(
    full: Machine, machine: MachineMaker, tmp_path: Path
) -> None:
    path = tmp_path / "all.json"
    assert full.run("export", "--with-secrets", "-o", str(path))[:2] == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    other = machine("second")
    code, _, err = other.run("import", str(path))
    assert code == 2
    assert "Download 4 of the queue names files to read or write" in err
    assert other.run("import", "--with-secrets", str(path))[0] == 0
    assert [(r.url, r.options) for r in other.records()] == [
        (r.url, r.options) for r in full.records()
    ]


def test_secrets_do_not_go_to_stdout_and_no_file_is_written_over(
    full: Machine, tmp_path: Path
) -> None:
    code, out, err = full.run("export", "--with-secrets")
    assert (code, out) == (2, "")
    assert "needs -o FILE" in err
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert full.run("export", "-o", str(taken))[0] == 2
    assert taken.read_text() == "mine"


def test_the_same_document_twice_adds_nothing_twice(full: Machine, tmp_path: Path) -> None:
    (tmp_path / "queue.json").write_text(full.run("export")[1])
    before = [record.id for record in full.records()]
    assert full.run("import", "queue.json")[0] == 0
    kept = [record.id for record in full.records()]
    assert kept[: len(before)] == before
    # Only the link without its login is another one.
    assert len(kept) == len(before) + 1


def change(document: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        **document,
        "downloads": [*document["downloads"], {**document["downloads"][0], **values}],
    }


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: {**d, "version": 2}, "The queue has version 2; this tui-dl reads version 1."),
        (lambda d: {**d, "format": "other"}, "its format is 'other'"),
        (lambda d: [], "This is no exported queue"),
        (lambda d: change(d, url="ftp://h/x"), "Download 5 of the queue: Only http"),
        (lambda d: change(d, directory="here"), "its folder must be a whole path"),
        (lambda d: change(d, url=7), r"This is no exported queue: Expected `str`"),
        (lambda d: change(d, options={"connections": "many"}), "This is no exported queue"),
        (lambda d: change(d, options={"headers": [["a b", "c"]]}), "is not a header name"),
        (lambda d: change(d, options={"start_at": "2040-01-01T00:00:00"}), "has no zone"),
        (lambda d: change(d, options={"save_cookies": "/x"}), "names files to read or write"),
    ],
)
def test_a_bad_document_adds_nothing(
    machine: MachineMaker,
    tmp_path: Path,
    spoil: Callable[[dict[str, Any]], Any],
    words: str,
) -> None:
    source = machine("source")
    for n in range(4):
        source.run("add", f"http://127.0.0.1:9/{n}")
    document = json.loads(source.run("export")[1])
    (tmp_path / "queue.json").write_text(json.dumps(spoil(document)))
    other = machine("second")
    code, out, err = other.run("import", "queue.json")
    assert (code, out) == (2, "")
    assert words in err
    assert not other.state.exists()


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00"])
def test_what_is_no_json_is_told(machine: MachineMaker, tmp_path: Path, text: str) -> None:
    (tmp_path / "queue.json").write_text(text)
    code, _, err = machine("m").run("import", "queue.json")
    assert code == 2
    assert "This is no exported queue" in err
