"""``verify`` as a process: where digests come from, what is said, and the exit codes."""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path

import pexpect
import pytest

from tests.cli.processes import LIMIT_S, Place
from tests.cli.stages import Home
from tests.support.fault_server import right_digest, sha256_of
from tests.support.nginx import Nginx
from tests.support.resource import Resource
from tests.support.server import FaultServer

SIZE = 200_000


def flip_a_byte(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[1000] ^= 1
    path.write_bytes(body)


def test_a_download_is_held_against_what_it_was_promised(
    home: Home, fault_server: FaultServer
) -> None:
    digest = sha256_of(1, SIZE)
    url = fault_server.add(Resource(path="/a.bin", size=SIZE))
    home.ok("get", "-d", "target", "--checksum", f"sha-256={digest}", url)
    (row,) = (json.loads(line) for line in home.ok("ls", "--json").splitlines())

    agrees = home.ask("verify", row["id"][:8])
    flip_a_byte(home.target / "a.bin")
    differs = home.ask("verify", str(home.target / "a.bin"))

    assert (agrees.returncode, agrees.stdout.decode()) == (0, f"{home.target}/a.bin\n")
    assert agrees.stderr == b"a.bin: its sha256 agrees.\n"
    actual = hashlib.sha256((home.target / "a.bin").read_bytes()).hexdigest()
    assert (differs.returncode, differs.stdout) == (3, b"")
    assert f"its sha256 is {actual}, but its download was promised {digest}." in (
        differs.stderr.decode()
    )
    assert b"changed after it had been downloaded" in differs.stderr


def test_without_a_promise_the_server_is_asked_also_while_another_one_runs(
    home: Home, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/b.bin", size=SIZE))
    home.ok("get", "-d", "target", url)
    (row,) = (json.loads(line) for line in home.ok("ls", "--json").splitlines())
    home.serve()

    silent = home.ask("verify", row["id"])
    fault_server.add(Resource(path="/b.bin", size=SIZE), right_digest())
    stated = home.ask("verify", "--json", row["id"])

    assert silent.returncode == 1
    assert sha256_of(1, SIZE) in silent.stderr.decode()
    assert stated.returncode == 0, stated.stderr
    told = json.loads(stated.stdout)
    assert (told["agrees"], told["id"]) == (True, row["id"])
    assert told["digests"][0]["expected"] == sha256_of(1, SIZE)
    asked = fault_server.requests()[-1]
    assert "sha-256" in (asked.header("want-repr-digest") or "")


def test_files_without_a_download_and_a_list_beside_them(place: Place, tmp_path: Path) -> None:
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_bytes(name.encode())
    sums = "".join(
        f"{hashlib.sha512(name.encode()).hexdigest()} *{name}\n" for name in ("one.bin", "two.bin")
    )
    (tmp_path / "SHA512SUMS").write_text(sums)

    by_file = place.run("verify", "--checksum-from", "SHA512SUMS", "one.bin", "two.bin")
    with Nginx(tmp_path) as server:
        by_url = place.run("verify", "--checksum-from", server.url("/SHA512SUMS"), "one.bin")
        none = place.run("verify", "--checksum-from", server.url("/nothing"), "one.bin")
    missing = place.run("verify", "--checksum-from", "SHA512SUMS", "SHA512SUMS")

    assert by_file.stdout.decode().split() == [f"{tmp_path}/one.bin", f"{tmp_path}/two.bin"]
    assert (by_url.returncode, none.returncode, missing.returncode) == (0, 1, 2)
    assert b"404" in none.stderr
    assert b"does not name SHA512SUMS; it has one.bin, two.bin." in missing.stderr


def test_several_digests_are_all_checked(place: Place, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    md5, sha1 = hashlib.md5(b"abc").hexdigest(), hashlib.sha1(b"abd").hexdigest()

    good = place.run("verify", "--checksum", f"md5={md5}", "x")
    bad = place.run("verify", "--checksum", f"md5={md5}", "--checksum", f"sha-1={sha1}", "x")

    assert good.returncode == 0
    assert bad.returncode == 3
    assert sha1 in bad.stderr.decode()
    assert hashlib.sha1(b"abc").hexdigest() in bad.stderr.decode()


def test_what_is_neither_a_file_nor_a_download_is_refused(place: Place) -> None:
    done = place.run("verify", "nothing")

    assert done.returncode == 2
    assert b"nothing is neither a file nor a download." in done.stderr


def test_a_long_check_shows_how_far_it_is_and_can_be_stopped(place: Place, tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as file:
        file.truncate(1 << 40)
    argv = place.argv("verify", "long", "--checksum", "sha-512=" + "0" * 128)
    screen = pexpect.spawn(
        argv[0],
        argv[1:],
        cwd=str(place.folder),
        env={**place.environ, "TERM": "xterm"},
        timeout=LIMIT_S,
        encoding="utf-8",
    )
    screen.expect("long: checking, 0% of")
    screen.kill(signal.SIGINT)
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
