"""Replies of a hostile server, down to the terminal: shown, never obeyed (trap S9).

The real program on a pseudo terminal against raw replies: no client of HTTP in between
could have made them decent.
"""

from __future__ import annotations

import os
import re
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

STEERING = (
    b"\x1b]0;owned\x07",
    b"\x1b]52;c;ZWNobw==\x07owned",
    b"\x9b31mowned",
    b"\xc2\x9b2Jowned",
    b"\xe2\x80\xaeowned",
    b"[red]owned[/]",
)
"""A title, the clipboard, colours by C1 in two encodings, text turned around, markup."""
FIELDS = (
    b'Content-Disposition: attachment; filename="%s.bin"',
    b"Content-Disposition: attachment; filename*=UTF-8''%%1B%%5D0;owned%%07%s.bin",
    b"Content-Type: text/%s",
    b"Server: %s",
    b'ETag: "%s"',
    b"Last-Modified: %s",
    b'Link: <http://%s/x>; rel="duplicate"',
    b"Repr-Digest: sha-256=:%s:",
)
HEADS = (
    *(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + field + b"\r\n\r\nhello" for field in FIELDS),
    b"HTTP/1.1 404 %s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 %s\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://%s/x\r\nContent-Length: 0\r\n\r\n",
    b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="%s"\r\nContent-Length: 0\r\n\r\n',
    b"%s\r\n\r\n",
)
REPLIES = tuple(
    head.replace(b"%s", text).replace(b"%%", b"%") for head in HEADS for text in STEERING
)
COLUMNS, ROWS = 110, 40
COMMAND = re.compile(rb"\x1b[\]P_^X][^\x07\x1b]*|\x1b\[[^@-~]*[@-~]|\xc2[\x80-\x9f][^\x1b]*")


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        path = self.rfile.readline().split()[1]
        while self.rfile.readline().strip():
            pass
        self.wfile.write(REPLIES[int(path.strip(b"/"))])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture
def base_url() -> Iterator[str]:
    """Serve the replies."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Terminal:
    """The program on a terminal: what it wrote, and what stands on the screen."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        environ = {
            **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
            "TERM": "xterm-256color",
            "TUI_DL_DATA_DIR": str(folder / "state"),
            "TUI_DL_CONFIG": str(folder / "settings.toml"),
        }
        self.written = b""
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.child = pexpect.spawn(
            sys.executable, ["-m", "tui_dl", *arguments], dimensions=(ROWS, COLUMNS), env=environ
        )

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def until(self, *patterns: str, limit_s: float = 120) -> None:
        """Read until the screen shows all of these."""
        end_s = time.monotonic() + limit_s
        while not all(re.search(pattern, self.text) for pattern in patterns):
            assert time.monotonic() < end_s, f"{patterns} never came:\n{self.text}"
            try:
                piece = self.child.read_nonblocking(65536, timeout=1)
            except pexpect.TIMEOUT:
                continue
            self.written += piece
            self._stream.feed(piece)

    def leave(self) -> int | None:
        """Press q, read to the end, return the exit code."""
        self.child.send("q")
        self.child.expect_exact([pexpect.EOF], timeout=60)
        self.written += self.child.before
        self.child.close()
        code: int | None = self.child.exitstatus
        return code


def test_no_part_of_a_reply_steers_the_terminal(tmp_path: Path, base_url: str) -> None:
    links = tmp_path / "links"
    links.write_text("".join(f"{base_url}/{number}\n" for number in range(len(REPLIES))))
    folder = tmp_path / "d"
    folder.mkdir()
    settings = ["--set", "downloads.max_tries=1", "--set", "downloads.slots=10"]
    screen = _Terminal(["--no-api", "-i", str(links), "-d", str(folder), *settings], tmp_path)
    try:
        screen.until(rf"All {len(REPLIES)} ", "Active 0 ", "Queued 0 ")
        for row, key in enumerate("j" * (len(REPLIES) - 1), start=1):
            screen.child.send(key)
            if row % len(STEERING) == 1:  # one of each kind, with all of its tabs
                screen.child.send("\r")
                screen.until("proof ")
                screen.child.send("\x1b[D")
                screen.until("esc back", r"\d\d:\d\d:\d\d")
                screen.child.send("\x1b")
                screen.until("All ")
        code = screen.leave()
    finally:
        screen.child.close(force=True)
    assert code == 0
    assert b"owned" in screen.written, "the words of the server must have been on the screen"
    assert not [each for each in COMMAND.findall(screen.written) if b"owned" in each]
    for born_in_data in (*STEERING[:5], b"\x9b31m"):
        assert born_in_data not in screen.written
