"""``serve`` and the commands that steer it, as real processes on the real engine."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import LIMIT_S
from tests.cli.stages import Home
from tests.support.ports import free_port
from tests.support.resource import Resource
from tests.support.server import FaultServer

MIB = 1024 * 1024
SMALL = Resource(path="/small.bin", size=100_000)
ENDLESS = Resource(path="/endless.bin", size=1024 * MIB, rate_bps=MIB / 8)
CLOSED = "http://127.0.0.1:9/closed.bin"


def test_a_download_is_steered_from_its_addition_to_its_end(
    home: Home, fault_server: FaultServer
) -> None:
    url = fault_server.add(ENDLESS)
    server, address = home.serve()
    assert httpx.get(f"{address}/health", trust_env=False).json()["status"] == "ok"

    id_ = home.ok("add", url, "-o", "named.bin").strip()
    fault_server.wait_for(lambda s: s.bytes_sent() > MIB, LIMIT_S)
    (row,) = home.rows()
    assert (row["id"], row["filename"], row["status"]) == (id_, "named.bin", "downloading")
    assert row["dest_path"] == str(home.folder / "named.bin"), "add goes into the current folder"

    home.ok("limit", id_[:8], "300K")
    assert home.rows()[0]["rate_limit"] == 300 * 1024
    home.ok("limit", id_[:8], "default")
    assert "rate_limit" not in home.rows()[0]
    home.ok("limit", "--default", "2M")
    assert home.rows()[0]["rate_limit"] == 2 * MIB
    home.ok("limit", "--global", "unlimited")

    home.ok("pause", id_[:6])
    home.until(lambda: home.rows()[0]["status"] == "paused")
    home.ok("refresh", id_, fault_server.url("/endless.bin?new"))
    home.until(lambda: home.rows()[0]["status"] == "downloading")
    home.ok("pause", "--all")
    home.until(lambda: home.rows()[0]["status"] == "paused")
    home.ok("resume", "--all")
    home.until(lambda: home.rows()[0]["status"] == "downloading")
    home.ok("rm", "--all", "--delete-files")
    assert home.rows() == []
    assert b"There is no download that can be paused now." in home.ask("pause", "--all").stderr
    assert not (home.folder / "named.bin.part").exists()

    server.send_signal(signal.SIGTERM)
    assert server.wait(LIMIT_S) == 143


def test_history_and_retry(home: Home, fault_server: FaultServer) -> None:
    home.serve()
    home.ok("add", fault_server.add(SMALL))
    home.ok("add", fault_server.url("/missing"))
    home.until(lambda: {row["status"] for row in home.rows()} == {"completed", "error"})
    (record,) = map(json.loads, home.ok("history", "--json").splitlines())
    assert record["path"] == str(home.folder / "small.bin")
    assert record["size_bytes"] == SMALL.size
    assert str(home.folder / "small.bin") in home.ok("history")
    fault_server.add(Resource(path="/missing", size=5))
    home.ok("retry", "--all")
    home.until(lambda: {row["status"] for row in home.rows()} == {"completed"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_serve_with_the_state_saved(
    home: Home, fault_server: FaultServer, number: signal.Signals
) -> None:
    """D12; what ran goes on with the next one."""
    url = fault_server.add(ENDLESS)
    server, _ = home.serve(url)
    fault_server.wait_for(lambda s: s.bytes_sent() > MIB, LIMIT_S)
    server.send_signal(number)
    assert server.wait(LIMIT_S) == 128 + number
    assert "queued" in home.ok("ls")
    seen = len(fault_server.requests())
    home.serve()
    fault_server.wait_for(lambda s: len(s.requests()) > seen, LIMIT_S)
    again = fault_server.requests()[seen]
    assert again.range is not None
    assert again.range[0] > 0, "it began again at 0"


def test_without_an_engine_the_stored_list_changes_and_nothing_is_fetched(
    home: Home, fault_server: FaultServer
) -> None:
    url = fault_server.add(SMALL)
    added = home.ask("add", url, "-d", "target")
    assert added.returncode == 0
    assert b"No tui-dl is running" in added.stderr
    id_ = added.stdout.decode().strip()
    home.ok("limit", id_[:8], "5M")
    home.ok("pause", id_[:8])
    assert "paused" in home.ok("ls")
    assert b"go on when one starts" in home.ask("resume", id_[:8]).stderr
    assert "queued" in home.ok("ls")
    home.ok("refresh", id_[:8], f"{url}?new")
    gone = home.ok("add", CLOSED).strip()
    home.ok("rm", gone)
    assert gone[:8] not in home.ok("ls")
    assert home.ask("limit", "--global", "1M").returncode == 2
    assert fault_server.requests() == []

    home.serve()
    home.until(lambda: [row["status"] for row in home.rows()] == ["completed"])
    assert (home.target / "small.bin").stat().st_size == SMALL.size
    assert {request.target for request in fault_server.requests()} == {"/small.bin?new"}


def test_ids_by_their_beginning(home: Home) -> None:
    home.serve("--paused")
    ids = home.ok("add", "--paused", *(f"{CLOSED}?{n}" for n in range(17))).split()
    unknown = home.ask("pause", "zz")
    assert (unknown.returncode, unknown.stdout) == (2, b"")
    assert b"There is no download zz" in unknown.stderr
    firsts = [id_[0] for id_ in ids]
    twice = next(first for first in firsts if firsts.count(first) > 1)
    ambiguous = home.ask("rm", twice)
    assert ambiguous.returncode == 2
    assert b"Write more of it" in ambiguous.stderr
    assert len(home.rows()) == 17
    for args in (("rm",), ("rm", ids[0], "--all"), ("limit",), ("limit", "5M")):
        assert home.ask(*args).returncode == 2
    assert len(home.rows()) == 17


def test_another_engine_by_variable_and_by_flag(home: Home, tmp_path: Path) -> None:
    (tmp_path / "other/target").mkdir(parents=True)
    other = Home(tmp_path / "other", home.running)
    _, address = other.serve("--paused")
    token = other.ok("token").strip()
    host = address.removeprefix("http://")
    env = {"TUI_DL_HOST": host, "TUI_DL_TOKEN": token}
    home.ok("add", CLOSED, "--paused", env=env)
    home.ok("add", f"{CLOSED}?2", "--paused", "--host", address, "--token", token, "-d", "sub")
    folders = {Path(str(row["dest_path"])).parent for row in other.rows()}
    assert folders == {other.target, other.target / "sub"}, "on its side, below its default"
    assert "There are no downloads" in home.ask("ls").stderr.decode()
    listed = [json.loads(line) for line in home.ok("ls", "--json", env=env).splitlines()]
    assert [row["id"] for row in listed] == [row["id"] for row in other.rows()]
    assert home.ok("ls", str(listed[1]["id"])[:13], "--host", address, "--token", token)
    for wrong in ({"TUI_DL_TOKEN": "wrong"}, {"TUI_DL_HOST": f"127.0.0.1:{free_port()}"}):
        refused = home.ask("add", CLOSED, env=env | wrong)
        assert refused.returncode == 5, refused.stderr
    assert home.ask("add", CLOSED, "--host", "http://x/path").returncode == 2
    outside = home.ask("add", CLOSED, "-d", "/etc", env=env)
    assert outside.returncode == 4, "the token of other programs is no owner's key"


def test_a_watch_follows_its_download(home: Home, fault_server: FaultServer) -> None:
    home.serve()
    id_ = home.ok("add", fault_server.add(ENDLESS)).strip()
    watcher = home.begin("ls", id_[:9], "--watch", "--json")
    assert watcher.stdout is not None
    seen: list[dict[str, object]] = []
    while not seen or seen[-1]["rate_bps"] == 0:
        seen.append(json.loads(watcher.stdout.readline()))
    assert seen[-1]["status"] == "downloading"
    assert seen[-1]["connections"] != 0
    assert "RATE" in home.ok("ls").splitlines()[0]
    home.ok("rm", id_)
    assert watcher.wait(LIMIT_S) == 0
    assert watcher.stderr is not None
    assert b"not in the list any more" in watcher.stderr.read()


def test_the_doctor_names_the_port_of_the_engine_and_the_one_of_the_settings(home: Home) -> None:
    _, address = home.serve("--paused")
    told = home.ask("doctor").stdout.decode()
    assert f"ours: {address.removeprefix('http://')}; 1700 is what is tried first" in told


def test_the_token_is_printed_and_rotated(home: Home) -> None:
    first = home.ok("token").strip()
    assert home.ok("token").strip() == first
    path = home.folder / "state/token"
    assert path.stat().st_mode & 0o777 == 0o600
    _, address = home.serve("--paused")

    def status(token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{address}/list", headers=headers, trust_env=False).status_code

    assert status(first) == 200
    second = home.ok("token", "--rotate").strip()
    assert (status(second), status(first)) == (200, 401)
    home.ok("add", CLOSED, "--paused")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("--host", "0.0.0.0"), 2, b"--public"),
        (("--host", "0.0.0.0", "--public", "--no-auth"), 2, b"loopback"),
        (("--port", "0"), 2, b"--port"),
        (("ftp://x/",), 2, b"http"),
        (("-i", "missing.txt"), 2, b"missing.txt"),
    ],
)
def test_serve_refuses_before_it_opens_anything(
    home: Home, args: tuple[str, ...], code: int, words: bytes
) -> None:
    done = home.ask("serve", *args)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == b""
    assert not (home.folder / "state/lock").exists()


def test_a_port_that_is_taken_is_said(home: Home) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        done = home.ask("serve", "--port", str(sock.getsockname()[1]))
    assert done.returncode == 1
    assert b"is taken" in done.stderr


def test_a_second_serve_says_who_has_the_state(home: Home) -> None:
    server, _ = home.serve()
    done = home.ask("serve", "--port", str(free_port()))
    assert done.returncode == 5
    assert str(server.pid).encode() in done.stderr


def test_no_auth_and_a_second_port(home: Home) -> None:
    port = free_port()
    home.serve("--no-auth", "--rpc-port", str(port), "--paused")
    call = {"id": "1", "method": "aria2.addUri", "params": [[CLOSED]]}
    reply = httpx.post(f"http://127.0.0.1:{port}/jsonrpc", json=call, trust_env=False)
    assert reply.status_code == 200, reply.text
    home.ok("rm", "--all")


def test_get_hands_over_to_the_owner(home: Home, fault_server: FaultServer) -> None:
    """Design section 5: one process owns the state, the others work through it."""
    home.serve()
    url = fault_server.add(SMALL)
    done = home.ask("get", "-d", "other", url)
    assert (done.returncode, done.stdout.decode()) == (0, f"{home.folder}/other/small.bin\n")
    assert b"Another tui-dl runs" in done.stderr
    assert [row["status"] for row in home.rows()] == ["completed"]
    again = home.ask("get", "-d", "other", url)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert [path.name for path in (home.folder / "other").iterdir()] == ["small.bin"]
    failed = home.ask("get", fault_server.url("/missing"))
    assert failed.returncode == 1


def test_a_get_that_is_stopped_leaves_the_owner_at_work(
    home: Home, fault_server: FaultServer
) -> None:
    home.serve()
    watcher = home.begin("get", "-d", "target", fault_server.add(ENDLESS))
    fault_server.wait_for(lambda s: s.bytes_sent() > MIB, LIMIT_S)
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(LIMIT_S) == 130
    sent = fault_server.bytes_sent()
    fault_server.wait_for(lambda s: s.bytes_sent() > sent + MIB, LIMIT_S)
    assert [row["status"] for row in home.rows()] == ["downloading"]


def test_a_get_whose_owner_dies_says_so(home: Home, fault_server: FaultServer) -> None:
    server, _ = home.serve()
    watcher = home.begin("get", "-d", "target", fault_server.add(ENDLESS))
    fault_server.wait_for(lambda s: s.bytes_sent() > MIB, LIMIT_S)
    server.kill()
    assert watcher.wait(LIMIT_S) == 1
    assert watcher.stderr is not None
    assert b"has ended" in watcher.stderr.read()


def test_a_client_does_not_load_the_screen_or_the_server(home: Home) -> None:
    """The commands stay quick."""
    home.serve("--paused")
    code = (
        "import sys; from tui_dl.cli.main import main; code = main(['history']);"
        "print(code, *sorted({n.partition('.')[0] for n in sys.modules}"
        " & {'textual', 'starlette', 'uvicorn'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=home.environ,
        cwd=home.folder,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout.decode().split() == ["0"], done.stderr
