"""A machine of its own for the README's shell blocks: home, programs, servers on loopback.

``Machine.localized`` is the one place where addresses of the README become those of servers
here. Programs that a test must not have (systemd, ssh to another machine) are stand-ins on
the path; everything else that runs is real.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from tests.support.fault_server import FaultServer, Resource, sha256_of
from tests.support.ports import free_port
from tests.support.tls import Certificates

LIMIT_S = 110
SEED, SIZE = 31, 60_000
PAGE = b'<a href="a.iso">a</a> <a href="b.iso">b</a> <a href="notes.txt">c</a>'
PASSWORD = "key word"
STAND_INS = {
    "systemctl": 'echo "systemctl $*" >> "$HOME/asked"; case "$2" in is-*) echo active;; esac',
    "loginctl": 'echo "loginctl $*" >> "$HOME/asked"',
    # "ssh box COMMAND" runs it in the home folder, as the other machine would.
    "ssh": 'echo "ssh $*" >> "$HOME/asked"; [ "$1" != box ] || { cd; shift; exec sh -c "$*"; }',
}
OF_SYSTEM = "/usr/local/bin:/usr/bin:/bin"


@dataclass
class Machine:
    """Where blocks run."""

    folder: Path
    home: Path
    server: FaultServer
    """With TLS; its name is localhost, and the settings file trusts it."""
    replaced: dict[str, str] = field(default_factory=dict)
    """More of the README's words and what they are here; these come first."""
    engine: subprocess.Popen[bytes] | None = None
    address: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of every file on the server but its pages."""
        return sha256_of(SEED, SIZE)

    def localized(self, text: str) -> str:
        """Return a block of the README for this machine."""
        words = self.replaced | {
            "https://host/": self.server.url("/", host="localhost"),
            "https://mirror/": self.server.url("/mirror/", host="localhost"),
            "HEX": self.digest,
            "/srv/": f"{self.folder}/srv/",
            "/home/me/": f"{self.home}/",
        }
        if self.engine is not None:
            token = (self.state / "token").read_text().strip()
            words |= {"YOUR_TOKEN": token, "localhost:1700": self.address}
            words |= {"127.0.0.1:1700": self.address}
        for theirs, ours in words.items():
            text = text.replace(theirs, ours)
        return text

    @property
    def state(self) -> Path:
        """The state folder, where it is without any setting."""
        return self.home / ".local/share/tui-dl"

    @property
    def environ(self) -> dict[str, str]:
        """The environment: a home, a path, and what the README says is set."""
        path = f"{self.folder}/stand-ins:{self.home}/.local/bin:{OF_SYSTEM}"
        kept = {name: value for name, value in os.environ.items() if name.startswith("XDG_")}
        return kept | {
            "HOME": str(self.home),
            "PATH": path,
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "HUB_TOKEN": "secret",
        }

    def serve(self, *args: str) -> str:
        """Start an engine with a port; return its address."""
        argv = ["tui-dl", "serve", "-q", "--port", str(free_port()), *args]
        self.engine = subprocess.Popen(
            [str(self.home / ".local/bin/tui-dl"), *argv[1:]],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self.engine.stdout is not None
        line = self.engine.stdout.readline().decode().strip()
        assert line.startswith("http://"), line
        self.address = line.removeprefix("http://")
        return self.address

    def run(self, block: str, stdin: str = "") -> str:
        """Run a block to its end in bash; every command must succeed. Return its stdout."""
        script = "set -euo pipefail\n" + self.localized(block)
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            text=True,
        )
        try:
            out, err = process.communicate(stdin, timeout=LIMIT_S)
        finally:
            # Whatever a block leaves in the background goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, f"{script}\n{out}\n{err}"
        return out

    def files(self) -> list[str]:
        """Return the names of finished files below the working folder, sorted."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.name for path in found if path.stat().st_size == SIZE)

    def close(self) -> None:
        """End the engine."""
        if self.engine is not None:
            self.engine.kill()
            self.engine.communicate()


def make_machine(tmp_path: Path, home: Path, server: FaultServer, ca: Certificates) -> Machine:
    """Set everything up below ``tmp_path``; ``home`` is the test's own."""
    folder = tmp_path / "here"
    for place in (folder, folder / "stand-ins", folder / "srv/iso", home / ".local/bin"):
        place.mkdir(parents=True, exist_ok=True)
    for name, text in STAND_INS.items():
        program = folder / "stand-ins" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    scripts = Path(sys.executable).parent
    for name in ("tui-dl", "aria2p"):
        (home / ".local/bin" / name).symlink_to(scripts / name)
    (home / ".config/tui-dl").mkdir(parents=True, exist_ok=True)
    settings = f'[network]\nca_certificate = "{ca.ca_file}"\n'
    (home / ".config/tui-dl/settings.toml").write_text(settings)
    (home / ".curlrc").write_text("fail\nsilent\nshow-error\n")
    machine = Machine(folder, home, server)
    server.add(Resource(path="/*", size=SIZE, seed=SEED))
    page = Resource(path="/pub/", literal=PAGE, content_type="text/html")
    server.add(page)
    names = ("a.iso", "b.iso")
    sums = "".join(f"{machine.digest}  {name}\n" for name in names)
    server.add(Resource(path="/SHA256SUMS", literal=sums.encode(), content_type="text/plain"))
    (folder / "SHA256SUMS").write_text(sums)
    _write_files(folder, server, ca)
    return machine


def _write_files(folder: Path, server: FaultServer, ca: Certificates) -> None:
    """Write the files that lines of the README name."""
    urls = [server.url(f"/{name}.iso", host="localhost") for name in ("one", "two")]
    listing = "".join(f"{url}\n" for url in urls)
    for place in (folder / "list.txt", folder / "srv/iso/nightly.txt"):
        place.write_text(listing)
    (folder / "pw.txt").write_text("secret\n")
    (folder / "cookies.txt").write_text("# Netscape HTTP Cookie File\n")
    (folder / "films.meta4").write_text(
        '<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="b.iso">'
        f'<hash type="sha-256">{sha256_of(SEED, SIZE)}</hash><url>{urls[0]}</url>'
        "</file></metalink>"
    )
    pem = ca.good_chain_file.read_bytes()
    (folder / "me.pem").write_bytes(b"".join(_parts(pem, b"CERTIFICATE")))
    [plain] = _parts(pem, b"PRIVATE KEY")
    key = serialization.load_pem_private_key(plain, None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    (folder / "key.pem").write_bytes(locked)


def _parts(pem: bytes, kind: bytes) -> list[bytes]:
    pattern = rb"-----BEGIN [A-Z ]*" + kind + rb"-----.*?-----END [A-Z ]*" + kind + rb"-----\n"
    return re.findall(pattern, pem, re.S)
