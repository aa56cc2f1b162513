"""The flags about versions, dates and order, as a process sees them through."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.processes import Place
from tests.support.fault_server import FaultServer, Resource, check_file, right_digest, sha256_of
from tests.support.nginx import Nginx

SIZE = 300_000


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "target").mkdir()
    return Place(tmp_path)


def test_a_dry_run_tells_all_and_writes_nothing(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/a%20b.iso", size=SIZE), right_digest())

    told = place.run("get", "-d", "target", "--dry-run", url)
    as_json = place.run("get", "-d", "target", "--dry-run", "--json", url + "?token=abc")

    lines = dict(line.split(None, 1) for line in told.stdout.decode().splitlines())
    assert told.returncode == 0, told.stderr
    assert lines["name"] == "a b.iso"
    assert lines["size"].endswith(f"({SIZE} bytes)")
    assert (lines["ranges"], lines["etag"], lines["url"]) == ("yes", '"v1"', url)
    assert lines["sha256"] == sha256_of(1, SIZE)
    found = json.loads(as_json.stdout)
    assert (found["size_bytes"], found["ranges"]) == (SIZE, True)
    assert found["final_url"].endswith("?token=***")
    assert list(place.target.iterdir()) == []
    assert not (place.folder / "state").exists()


def test_a_dry_run_of_what_is_not_there_is_exit_1(place: Place, fault_server: FaultServer) -> None:
    good = fault_server.add(Resource(path="/good", size=SIZE))

    done = place.run("get", "--dry-run", fault_server.url("/none"), good)

    assert done.returncode == 1
    assert b"404" in done.stderr
    assert b"name     good" in done.stdout


def test_dates_and_conditions_on_nginx(place: Place) -> None:
    root = place.folder / "root"
    root.mkdir()
    (root / "f").write_bytes(b"x" * SIZE)
    os.utime(root / "f", (1_700_000_000, 1_700_000_000))
    with Nginx(root) as server:
        first = place.run("get", "-d", "target", "--remote-time", server.url("/f"))
        # Another state folder: nothing but the file's date is known.
        argv = ("--data-dir", "other", "get", "-d", "target", "--conditional-get")
        again = place.run(*argv, server.url("/f"))
        statuses = [request.status for request in server.requests]

    assert first.returncode == 0, first.stderr
    assert (place.target / "f").stat().st_mtime == 1_700_000_000
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert b"not modified: nothing was fetched" in again.stderr
    assert statuses[-1] == 304
    assert [path.name for path in place.target.iterdir()] == ["f"]


def test_a_list_may_ask_for_all_of_it(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x", size=SIZE))
    (place.folder / "list").write_text(
        f"{url}\n  dir=target\n  remote-time=true\n  sequential=true\n  conditional-get=true\n"
    )

    done = place.run("get", "-i", "list")

    assert done.returncode == 0, done.stderr
    assert b"ignored" not in done.stderr
    check_file(place.target / "x", 1, SIZE)
    assert (place.target / "x").stat().st_mtime < 1_800_000_000


def test_marks_of_origin_are_a_setting(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x", size=SIZE))

    done = place.run("get", "-d", "target", "--set", "downloads.mark_origin=true", url)

    assert done.returncode == 0, done.stderr
    assert os.getxattr(place.target / "x", "user.xdg.origin.url").decode() == url


def test_a_finished_file_is_moved_and_found_there_by_the_next_get(
    place: Place, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    line = ("get", "-d", "target", "--move-to", "done", url)

    first = place.run(*line)
    sent = fault_server.bytes_sent()
    again = place.run(*line)

    path = place.folder / "done" / "a.iso"
    assert (first.returncode, first.stdout.decode()) == (0, f"{path}\n"), first.stderr
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert b"is already here" in again.stderr
    assert fault_server.bytes_sent() <= sent + 1, "it was fetched twice"
    check_file(path, 1, SIZE)
    assert [list(place.target.iterdir()), [p.name for p in path.parent.iterdir()]] == [
        [],
        ["a.iso"],
    ]


def test_one_that_cannot_be_moved_is_done_and_the_reason_is_told(
    place: Place, fault_server: FaultServer
) -> None:
    (place.folder / "file").write_text("no folder")
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))

    done = place.run("get", "-d", "target", "--move-to", "file/sub", url)
    listed = place.run("ls", json.loads(place.run("ls", "--json").stdout)["id"])

    assert (done.returncode, done.stdout.decode()) == (0, f"{place.target / 'a.iso'}\n")
    assert b"It stays in" in done.stderr
    assert b"remark     It stays in" in listed.stdout


def test_a_list_and_a_category_name_the_last_folder(
    place: Place, fault_server: FaultServer
) -> None:
    (place.folder / "list").write_text(
        f"{fault_server.add(Resource(path='/a.iso', size=9))}\n  category=images\n"
        f"{fault_server.add(Resource(path='/b.iso', size=9))}\n  move-to={place.folder}/own\n"
    )
    rule = f"after.categories=images = *.iso -> {place.folder}/in -> {place.folder}/out"
    one = fault_server.add(Resource(path="/c.iso", size=9))

    done = place.run("get", "-q", "-d", "target", "-i", "list", "--set", rule)
    named = place.run("get", "-q", "--category", "images", "--set", rule, one)

    assert sorted(done.stdout.decode().split()) == [
        f"{place.folder}/out/a.iso",
        f"{place.folder}/own/b.iso",
    ]
    assert named.stdout.decode().split() == [f"{place.folder}/out/c.iso"]


def test_a_download_is_moved_and_renamed_without_an_engine(
    place: Place, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/a.iso", size=SIZE))
    assert place.run("get", "-q", "-d", "target", url).returncode == 0
    id_ = json.loads(place.run("ls", "--json").stdout)["id"]
    (place.folder / "taken").mkdir()
    (place.folder / "taken" / "b.iso").write_text("precious")

    codes = [
        place.run("move", id_, "./films").returncode,
        place.run("rename", id_, "b.iso").returncode,
        place.run("move", id_, "taken").returncode,
        place.run("rename", id_, "sub/c.iso").returncode,
        place.run("move", id_, "nowhere").returncode,
    ]

    assert codes == [0, 0, 1, 2, 2]
    check_file(place.folder / "films" / "b.iso", 1, SIZE)
    assert (place.folder / "taken" / "b.iso").read_text() == "precious"
    row = json.loads(place.run("ls", "--json").stdout)
    assert (row["directory"], row["name"]) == (str(place.folder / "films"), "b.iso")
