"""The interpreter's looks for garbage: none while a command starts, and the usual ones later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.resource import Resource
from tests.support.server import FaultServer

_SPY = """
import gc, sys
looks = []
gc.callbacks.append(lambda phase, info: looks.append(info["generation"]))
from tui_dl.cli import foreground, garbage, main
began = garbage.look_at_work
seen = []
def at_work():
    seen.extend(looks)
    began()
foreground.look_at_work = at_work
sys.argv[:1] = ["tui-dl"]
import os
os._exit = lambda code: print(code, len(seen), gc.get_threshold()[0], gc.get_freeze_count() > 9_000)
garbage.look_seldom()
looks.clear()  # what this script itself has imported before
main.script()
"""


def test_get_starts_without_a_look_and_works_with_them(
    tmp_path: Path, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/file.bin", size=5000))

    done = subprocess.run(
        [sys.executable, "-c", _SPY, "get", "-q", "-d", str(tmp_path), url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.stdout.splitlines()[-1:] == ["0 0 20000 True"], done.stderr
