"""Engines and their clients as processes of a test, ended with it: see ``conftest.py``."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pexpect

from tests.cli.processes import LIMIT_S, Place
from tests.support.ports import free_port


def end_all(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Kill what runs, and wait for it."""
    for process in processes:
        process.kill()
        process.communicate(timeout=LIMIT_S)


def end_terminals(terminals: Iterable[pexpect.spawn]) -> None:
    """Kill what runs on terminals, and wait for it."""
    for terminal in terminals:
        if terminal.isalive():
            terminal.kill(signal.SIGKILL)
            terminal.wait()


class Stage:
    """A server in one folder, a client in another."""

    def __init__(self, folder: Path) -> None:
        for name in ("server/target", "client"):
            (folder / name).mkdir(parents=True)
        self.server, self.client = Place(folder / "server"), Place(folder / "client")
        self.port = free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.screen: pexpect.spawn | None = None

    def serve(self, *args: str) -> subprocess.Popen[bytes]:
        """Start the server at this stage's port."""
        process = self.server.start("serve", "--port", str(self.port), "-d", "target", *args)
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    def connect(self, address: str = "", token: str = "") -> pexpect.spawn:
        """Open the app on it, or on another server."""
        token = token or self.server.run("token").stdout.decode().strip()
        address = address or f"127.0.0.1:{self.port}"
        argv = self.client.argv("connect", address, "--token", token)
        self.screen = pexpect.spawn(
            argv[0],
            argv[1:],
            cwd=str(self.client.folder),
            env={**self.client.environ, "TERM": "xterm-256color"},
            dimensions=(24, 100),
            timeout=LIMIT_S,
            encoding="utf-8",
        )
        return self.screen


@dataclass(frozen=True)
class Home(Place):
    """A place with processes that end with the test."""

    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def serve(self, *args: str) -> tuple[subprocess.Popen[bytes], str]:
        """Start ``serve`` at a free port; return the process and its address."""
        process = self.begin("serve", "--port", str(free_port()), "-d", "target", *args)
        assert process.stdout is not None
        line = process.stdout.readline().decode().strip()
        assert line.startswith("http://127.0.0.1:"), process.stderr
        return process, line

    def begin(self, *args: str) -> subprocess.Popen[bytes]:
        """Start a command whose stderr nobody has to read."""
        process = self.start(*args)
        self.running.append(process)
        return process

    def ok(self, *args: str, env: dict[str, str] | None = None) -> str:
        """Run a command that must succeed; return its stdout."""
        done = self.ask(*args, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def ask(
        self, *args: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        return subprocess.run(
            self.argv(*args),
            cwd=self.folder,
            env=self.environ | (env or {}),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=LIMIT_S,
            check=False,
        )

    def rows(self) -> list[dict[str, object]]:
        """Return what the engine that runs says of all downloads."""
        token = (self.folder / "state/token").read_text().strip()
        owner = json.loads((self.folder / "state/instance.json").read_text())
        reply = httpx.get(
            f"http://{owner['host']}:{owner['port']}/list",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        rows: list[dict[str, object]] = reply.json()
        return rows

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that other processes bring about."""
        tick = threading.Event()
        for _ in range(LIMIT_S * 20):
            if holds():
                return
            tick.wait(0.05)
        raise AssertionError("it did not come about")
