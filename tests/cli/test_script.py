"""The end of the process: at once, but nothing that still works is cut off."""

from __future__ import annotations

import subprocess
import sys

RUN = """
import atexit, sys, threading
import tui_dl.cli.main as entry
atexit.register(print, "usual end")
def main():
    sys.stdout.write("last words ")
    {work}
    return 7
entry.main = main
entry.script()
"""


def _run(work: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", RUN.format(work=work)]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


def test_the_process_ends_without_taking_the_interpreter_down() -> None:
    done = _run("pass")

    assert (done.returncode, done.stdout) == (7, "last words ")


def test_a_thread_at_work_is_waited_for() -> None:
    done = _run("threading.Timer(0.2, print, ['saved']).start()")

    assert done.returncode == 7
    assert done.stdout == "last words saved\nusual end\n"
