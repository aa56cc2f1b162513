"""The real server starts, tells what it sent, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import nginx as nginx_module
from tests.support.fault_server import body_bytes, write_body
from tests.support.nginx import Nginx, NginxMissing
from tests.support.tls import Certificates


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with one file of a MiB."""
    folder = tmp_path / "served"
    folder.mkdir()
    write_body(folder / "f.bin", 3, 1 << 20)
    return folder


def curl(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Run curl silently."""
    return subprocess.run(["curl", "-sS", *words], capture_output=True, check=False)


def test_ranges_are_served_and_told(root: Path) -> None:
    with Nginx(root) as server:
        assert curl("-r", "100-299", server.url("/f.bin")).stdout == body_bytes(3, 100, 300)
        assert curl("-A", 'odd "agent"', server.url("/f.bin")).stdout == body_bytes(3, 0, 1 << 20)
        ranged, whole = server.wait_for_requests(2)
        assert (ranged.status, ranged.body_bytes_sent, ranged.range) == (206, 200, (100, 300))
        assert (whole.status, whole.body_bytes_sent, whole.range) == (200, 1 << 20, None)
        assert (whole.request, whole.user_agent) == ("GET /f.bin HTTP/1.1", 'odd "agent"')
        assert ranged.connection_id != whole.connection_id
        assert server.bytes_sent() == 200 + (1 << 20)


def test_the_rate_is_per_connection(root: Path) -> None:
    with Nginx(root, rate_bps=600_000) as server:
        curl(server.url("/f.bin"))
        # nginx lets one second's worth go at once, so the rest alone has to wait.
        assert server.wait_for_requests(1)[0].elapsed_s >= 0.3


def test_connections_per_address_are_capped(root: Path) -> None:
    with Nginx(root, rate_bps=100_000, most_per_address=1) as server:
        slow = subprocess.Popen(["curl", "-sS", "-N", server.url("/f.bin")], stdout=subprocess.PIPE)
        try:
            assert slow.stdout is not None
            assert slow.stdout.read(1)
            assert curl("-o", "/dev/null", "-w", "%{http_code}", server.url("/f.bin")).stdout == (
                b"503"
            )
        finally:
            slow.kill()
            slow.communicate()


def test_tls(root: Path, certificates: Certificates) -> None:
    with Nginx(root, chain_file=certificates.good_chain_file) as server:
        trust = ("--cacert", str(certificates.ca_file))
        run = curl(*trust, "-r", "0-9", server.url("/f.bin"))
        assert (run.stderr, run.stdout) == (b"", body_bytes(3, 0, 10))


def test_it_leaves_no_process_and_no_folder(root: Path) -> None:
    with Nginx(root) as server:
        pid = server.pid
        children: list[str] = []
        deadline = time.monotonic() + 60
        while not children and time.monotonic() < deadline:  # it listens before it has workers
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        folder = server.folder
        assert children
        assert folder.exists()
    for gone in (pid, *map(int, children)):
        with pytest.raises(ProcessLookupError):
            os.kill(gone, 0)
    assert not folder.exists()


def test_a_bad_configuration_says_why(root: Path) -> None:
    with pytest.raises(RuntimeError, match="unknown directive"):
        Nginx(root, extra="no_such_directive on;").__enter__()


def test_a_machine_without_nginx_is_an_error_not_a_skip(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(nginx_module, "_WHERE", "/nonexistent")
    with pytest.raises(NginxMissing, match="nginx-light"):
        Nginx(root)
