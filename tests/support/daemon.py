"""Real programs from Debian on a free loopback port, each in a folder of its own.

Owns processes and their configuration: lighttpd (Digest), microsocks (SOCKS5), tinyproxy.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_WHERE = "/usr/local/sbin:/usr/sbin:/sbin"
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Daemon:
    """A program that listens."""

    port: int
    folder: Path
    """Configuration and logs; gone after the block."""
    _process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the program, which also makes its log complete. Idempotent."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """Return what the program wrote into its log so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""


@contextmanager
def running(program: str, argv: Callable[[Path, int], list[str]]) -> Iterator[Daemon]:
    """Start ``program`` with what ``argv`` makes of a folder and a port; stop it at the end."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + os.pathsep + _WHERE)
    assert found is not None, f"these tests run against {program}: apt-get install {program}"
    with tempfile.TemporaryDirectory(prefix=f"tui-dl-{program}-") as name:
        folder = Path(name)
        process, port = _start(found, argv, folder)
        daemon = Daemon(port, folder, process)
        try:
            yield daemon
        finally:
            daemon.stop()


def _start(
    program: str, argv: Callable[[Path, int], list[str]], folder: Path
) -> tuple[subprocess.Popen[bytes], int]:
    """Start it; a free port may be taken by another process meanwhile, so try again."""
    for _ in range(3):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                [program, *argv(folder, port)], stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        deadline = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    return process, port
            time.sleep(0.01)
        process.kill()
        process.wait()
    raise RuntimeError(f"{program} does not start: {(folder / 'said').read_text()}")


def lighttpd_with_digest(
    root: Path, user: str, password: str, *, algorithm: str = "SHA-256", kib_per_s: int = 0
) -> Callable[[Path, int], list[str]]:
    """Return what ``running("lighttpd", ...)`` needs: all below ``root`` behind a Digest login.

    ``kib_per_s`` is the rate of one connection, 0 unlimited.
    """
    import hashlib

    def argv(folder: Path, port: int) -> list[str]:
        secret = f"{user}:files:{password}".encode()
        hashed = hashlib.new(algorithm.replace("-", "").lower(), secret).hexdigest()
        (folder / "users").write_text(f"{user}:files:{hashed}\n")
        (folder / "conf").write_text(f"""
server.modules = ("mod_auth", "mod_authn_file", "mod_accesslog")
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
mimetype.assign = ("" => "application/octet-stream")
connection.kbytes-per-second = {kib_per_s}
accesslog.filename = "{folder}/log"
accesslog.format = "%>s %{{Authorization}}i"
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{folder}/users"
auth.require = ("" => ("method" => "digest", "algorithm" => "{algorithm}",
                       "realm" => "files", "require" => "valid-user"))
""")
        return ["-D", "-f", str(folder / "conf")]

    return argv


def microsocks(user: str = "", password: str = "") -> Callable[[Path, int], list[str]]:
    """Return what ``running("microsocks", ...)`` needs; with a user a login is required."""
    login = ["-u", user, "-P", password] if user else []
    return lambda _, port: ["-i", "127.0.0.1", "-p", str(port), *login]


def tinyproxy(user: str = "", password: str = "") -> Callable[[Path, int], list[str]]:
    """Return what ``running("tinyproxy", ...)`` needs; with a user a login is required."""

    def argv(folder: Path, port: int) -> list[str]:
        login = f"BasicAuth {user} {password}\n" if user else ""
        (folder / "conf").write_text(
            f'Port {port}\nListen 127.0.0.1\nTimeout 600\nLogFile "{folder}/log"\n'
            f"LogLevel Connect\nMaxClients 100\n{login}"
        )
        return ["-d", "-c", str(folder / "conf")]

    return argv
