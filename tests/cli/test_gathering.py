"""Patterns, curl commands and links of a page on the command line, against a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fault_server import FaultServer, Resource
from tui_dl.cli.main import main
from tui_dl.service.offline import read_stored

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a way to run a command on a real engine with a state of its own."""
    monkeypatch.setenv("TUI_DL_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TUI_DL_CONFIG", str(tmp_path / "settings.toml"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def command(*args: str) -> tuple[int, str, str]:
        code = main(args)
        return (code, *capfd.readouterr())

    return command


def names(out: str) -> list[str]:
    return sorted(Path(line).name for line in out.splitlines())


def urls_of(tmp_path: Path) -> list[str]:
    return [item.record.url for item in read_stored(tmp_path / "state").downloads]


def test_a_pattern_is_many_files(run: Run, fault_server: FaultServer) -> None:
    for n in range(8, 12):
        fault_server.add(Resource(path=f"/disc{n:02}.bin", size=10))
    code, out, err = run("get", "-q", fault_server.url("/disc[08-11].bin"))
    assert code == 0, err
    assert names(out) == ["disc08.bin", "disc09.bin", "disc10.bin", "disc11.bin"]


def test_brackets_that_are_meant_as_they_are(run: Run, tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/a[1-2].bin"
    assert run("add", "-g", url)[0] == 0
    assert run("add", url.replace("[", r"\[") + "?x")[0] == 0
    assert urls_of(tmp_path) == [url, url + "?x"]


def test_a_list_may_hold_patterns_with_mirrors_in_step(run: Run, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("http://127.0.0.1:9/[1-2]\thttp://127.0.0.2:9/[1-2]\n  split=3\n")
    assert run("add", "-i", str(listed))[0] == 0
    stored = [item.record for item in read_stored(tmp_path / "state").downloads]
    assert [(r.url[-1], r.options.mirrors[0][-1], r.options.connections) for r in stored] == [
        ("1", "1", 3),
        ("2", "2", 3),
    ]
    listed.write_text("# ok\nhttp://127.0.0.1:9/[1-2]\thttp://127.0.0.2:9/[1-3]\n")
    code, _, err = run("add", "-i", str(listed))
    assert code == 2
    assert "line 2: the addresses of one file must stand for equally many" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("http://h/[1-10001]",), "10001 addresses; at most 10000"),
        (("http://h/[1-9999]", "http://g/[1-9999]"), "19998 addresses; at most 10000"),
        (("http://h/[1-2]", "-o", "x"), "-o/--out speaks of one file, but there are 2"),
        (("--curl", "wget http://h/"), "--curl takes a whole command"),
        (("--curl", "curl -d x=1 http://h/"), "--data sends something"),
        (("file.iso.aria2",), "does not know its URL: tui-dl get --adopt file.iso.aria2 URL"),
        (("/x/file.iso.surge",), "belongs to Surge"),
        (("--links", "*.iso"), "--links takes the address of a page"),
    ],
)
def test_what_cannot_be_is_told_and_adds_nothing(
    run: Run, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    code, out, err = run("add", *args)
    assert (code, out) == (2, "")
    assert words in err
    assert not (tmp_path / "state").exists() or urls_of(tmp_path) == []


def test_a_curl_command_brings_its_headers(run: Run, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/private.bin", size=10))
    code, out, _ = run("get", "-q", "--curl", f"curl '{url}' -H 'X-Pass: sesame' --compressed")
    assert code == 0
    assert names(out) == ["private.bin"]
    assert fault_server.requests("/private.bin")[0].header("x-pass") == "sesame"


def test_the_links_of_a_page(run: Run, fault_server: FaultServer) -> None:
    for name in ("a.iso", "b.iso", "c.txt"):
        fault_server.add(Resource(path=f"/pub/{name}", size=10))
    html = (
        b'<a href="a.iso">a</a> <a href=b.iso#x>b</a> <a href="c.txt">c</a>'
        b'<a href="http://127.0.0.2:9/elsewhere.iso">no</a>'
    )
    page = fault_server.add(Resource(path="/pub/", literal=html, content_type="text/html"))
    code, out, err = run("get", "-q", "--links", "*.iso", page)
    assert code == 0, err
    assert names(out) == ["a.iso", "b.iso"]
    code, _, err = run("get", "-q", "--links", "*.zip", page)
    assert code == 2
    assert "has no link of its own that fits '*.zip'" in err
    code, _, err = run("get", "-q", "--links", "*.iso", fault_server.url("/pub/a.iso"))
    assert code == 1
    assert "is no page with links: the server calls it application/octet-stream" in err


def test_a_category_names_a_folder_and_lists_may_not_name_hooks(run: Run, tmp_path: Path) -> None:
    films = tmp_path / "films"
    (tmp_path / "settings.toml").write_text(
        f'[after]\ncategories = "films = *.mkv -> {films}"\non_complete = ["touch", "a b"]\n'
    )
    assert run("add", "--category", "films", "http://127.0.0.1:9/a")[0] == 0
    listed = tmp_path / "list.txt"
    listed.write_text("http://127.0.0.1:9/b\n  category=films\nhttp://127.0.0.1:9/c\n")
    assert run("add", "-i", str(listed))[0] == 0
    stored = [item.record.directory for item in read_stored(tmp_path / "state").downloads]
    assert stored == [str(films), str(films), str(tmp_path / "here")]
    assert "There are: films." in run("add", "--category", "x", "http://127.0.0.1:9/d")[2]
    assert "give one of them" in run("add", "--category", "films", "-d", ".", "http://h/")[2]
    for name in ("on-complete", "on-download-complete"):
        listed.write_text(f"http://127.0.0.1:9/e\n  {name}=/bin/sh\n")
        code, _, err = run("add", "-i", str(listed))
        assert code == 2
        assert "Hooks are set in the settings file only" in err
