"""A real server beside the fake one: Debian's nginx on a free loopback port, in a folder.

Owns its process, its configuration and the reading of its access log.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port
from tests.support.request import parse_range

_WHERE = "/usr/local/sbin:/usr/sbin:/sbin"
"""Debian keeps servers outside the PATH of ordinary users."""

_LOG_FORMAT = (
    """log_format told escape=json '{"request":"$request","status":$status,"""
    """"body_bytes":$body_bytes_sent,"range":"$http_range","connection":$connection,"""
    """"seconds":$request_time,"ended":$msec,"agent":"$http_user_agent"}';"""
)


class NginxMissing(RuntimeError):  # noqa: N818 - names the state of the machine
    """nginx is not installed; tests that need it fail rather than skip."""


@dataclass(frozen=True, slots=True)
class NginxRequest:
    """One line of the access log, written when the request is over."""

    request: str
    status: int
    body_bytes_sent: int
    """Body bytes that nginx handed to the kernel."""
    range: tuple[int, int | None] | None
    """Half-open, as in the fault server's log."""
    connection_id: int
    elapsed_s: float
    ended_s: float
    """Wall time, to the millisecond."""
    user_agent: str


def nginx_path() -> str:
    """Return the program.

    Raises:
        NginxMissing: with the name of the package to install.
    """
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + os.pathsep + _WHERE)
    if found is None:
        raise NginxMissing("these tests run against nginx: apt-get install nginx-light")
    return found


class Nginx:
    """nginx serving ``root``; a context manager. Plain HTTP/1.1 with ranges and strong ETags.

    ``rate_bps`` is per connection, 0 unlimited; nginx lets one second's worth go at once.
    ``chain_file`` (certificate chain and key in
    one PEM) turns on TLS, ``http2`` offers that. ``extra`` goes into the location block as it is.
    ``send_buffer_bytes`` bounds what counts as sent and is still here; 0 is the system's choice.
    """

    def __init__(
        self,
        root: Path,
        *,
        rate_bps: int = 0,
        most_per_address: int = 0,
        chain_file: Path | None = None,
        workers: int = 1,
        http2: bool = False,
        extra: str = "",
        send_buffer_bytes: int = 0,
    ) -> None:
        self._program = nginx_path()
        self._root = root
        self._rate_bps = rate_bps
        self._most_per_address = most_per_address
        self._chain_file = chain_file
        self._workers = workers
        self._http2 = http2
        self._extra = extra
        self._send_buffer_bytes = send_buffer_bytes
        self.port = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="tui-dl-nginx-")
        try:
            # The port is free only until another process takes it: try again if one did.
            for attempt in range(3):
                if self._start(is_last=attempt == 2):
                    break
        except BaseException:  # a cancel too: undone, then raised again
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def url(self, path: str) -> str:
        """Return the URL of ``path`` (with its leading slash)."""
        return f"{'https' if self._chain_file else 'http'}://127.0.0.1:{self.port}{path}"

    @property
    def pid(self) -> int:
        """Process id of the master."""
        assert self._process is not None
        return self._process.pid

    @property
    def folder(self) -> Path:
        """Where configuration and logs are; gone after the block."""
        assert self._folder is not None
        return Path(self._folder.name)

    @property
    def requests(self) -> list[NginxRequest]:
        """Requests that are over, in the order they ended."""
        log = self._path("access.log")
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return [_read_line(line) for line in lines]

    def bytes_sent(self) -> int:
        """Return body bytes of all requests that are over."""
        return sum(request.body_bytes_sent for request in self.requests)

    def wait_for_requests(self, count: int, timeout_s: float = 10) -> list[NginxRequest]:
        """Block until ``count`` requests are over; raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while len(seen := self.requests) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(seen)} of {count} requests in nginx's log: {seen}")
            time.sleep(0.01)
        return seen

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _start(self, *, is_last: bool) -> bool:
        self.port = free_port()
        config = self._path("nginx.conf")
        config.write_text(self._config())
        prefix = self._path("")
        self._process = subprocess.Popen(
            [self._program, "-p", str(prefix), "-e", str(prefix / "error.log"), "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while self._process.poll() is None and time.monotonic() < deadline:
            # The pid file appears after bind: a stranger at this port cannot be mistaken for ours.
            if (prefix / "nginx.pid").exists() and self._answers():
                return True
            time.sleep(0.01)
        said = self._path("error.log").read_text(errors="replace")
        if is_last or "Address already in use" not in said:
            raise RuntimeError(f"nginx does not start: {said}")
        return False

    def _answers(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _config(self) -> str:
        prefix = self._path("")
        tls = ""
        if self._chain_file is not None:
            tls = f"ssl_certificate {self._chain_file}; ssl_certificate_key {self._chain_file};"
        buffer = f" sndbuf={self._send_buffer_bytes}" if self._send_buffer_bytes else ""
        kind = (" ssl" if tls else "") + (" http2" if self._http2 else "")
        zone = limit = ""
        if self._most_per_address:
            zone = "limit_conn_zone $binary_remote_addr zone=peers:1m;"
            limit = f"limit_conn peers {self._most_per_address};"
        temps = " ".join(
            f"{name}_temp_path {prefix}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # The master drops root for a user that could not read a private folder.
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        return f"""
{user}
daemon off;
worker_processes {self._workers};
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    {temps}
    {_LOG_FORMAT}
    {zone}
    access_log {prefix}/access.log told;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    server {{
        listen 127.0.0.1:{self.port}{kind} backlog=1024{buffer};
        {tls}
        root {self._root};
        location / {{
            limit_rate {self._rate_bps};
            {limit}
            {self._extra}
        }}
    }}
}}
"""


def _read_line(line: str) -> NginxRequest:
    told = json.loads(line)
    return NginxRequest(
        request=told["request"],
        status=told["status"],
        body_bytes_sent=told["body_bytes"],
        range=parse_range(told["range"]),
        connection_id=told["connection"],
        elapsed_s=told["seconds"],
        ended_s=told["ended"],
        user_agent=told["agent"],
    )
