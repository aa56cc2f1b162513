"""What each command imports, looked at in a process of its own.

import-linter reads the source and cannot see whether an import inside a function really
waits. These tests can: they look at ``sys.modules`` after the command has run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.sources import ROOT
from tests.support.resource import Resource
from tests.support.server import FaultServer

_SPY = """
import sys
from tui_dl.cli.main import main
code = main(sys.argv[1:])
names = sorted(sys.modules)
import json  # after the look: it brings modules of its own
print("\\nSPY" + json.dumps([int(code), names]), file=sys.stderr)
"""
SCREEN = {"textual", "rich"}
SERVER = {"starlette", "uvicorn", "websockets", "wsproto"}
LOGINS_AND_WAYS = {
    *("tui_dl.net.digest_login", "tui_dl.net.socks", "tui_dl.net.interfaces", "netrc", "h2"),
    *("tui_dl.net.proxy_client", "tui_dl.net.http2_client"),
    *("tui_dl.domain.curl", "tui_dl.domain.links", "html.parser"),
}
"""Only for downloads that need them."""
ENGINE = {"asyncio", "httpx", "h11", "uvloop", "ssl", "tui_dl.engine.engine"}


def modules_after(tmp_path: Path, *args: str, code: int = 0) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SPY, *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    marker = done.stderr.rpartition("\nSPY")[2]
    found, names = json.loads(marker)
    assert found == code, done.stderr
    return set(names)


def test_the_version_costs_nothing(tmp_path: Path) -> None:
    loaded = modules_after(tmp_path, "--version")

    assert "tui_dl.cli.main" in loaded
    assert not loaded & (SCREEN | SERVER | ENGINE | {"click", "dataclasses", "tomllib", "re"})


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--help"], 0),
        (["get", "--help"], 0),
        (["ls", "--help"], 0),
        (["doctor", "--help"], 0),
        (["ls"], 0),
        (["doctor"], 0),
        (["get"], 2),
        (["get", "ftp://127.0.0.1/x"], 2),
    ],
)
def test_what_downloads_nothing_loads_no_engine(tmp_path: Path, args: list[str], code: int) -> None:
    loaded = modules_after(tmp_path, *args, code=code)

    assert "click" in loaded
    assert not loaded & (SCREEN | SERVER | (ENGINE - {"asyncio", "ssl"}))


def test_get_loads_the_engine_but_no_screen(tmp_path: Path, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/file.bin", size=5000))

    loaded = modules_after(tmp_path, "get", "-d", str(tmp_path), url)

    assert "tui_dl.engine.engine" in loaded
    assert not loaded & (SCREEN | SERVER | LOGINS_AND_WAYS)


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
