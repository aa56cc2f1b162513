"""Fixtures keep tests apart; the server also runs by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import platformdirs

from tests.support.fault_server import body_bytes

ROOT = Path(__file__).parents[2]


def test_the_environment_is_clean(clean_env: Path) -> None:
    assert not [n for n in os.environ if n.startswith("TUI_DL_") or n.lower().endswith("_proxy")]
    assert Path.home() == clean_env
    for folder in (
        platformdirs.user_data_path("tui-dl"),
        platformdirs.user_config_path("tui-dl"),
        platformdirs.user_state_path("tui-dl"),
        platformdirs.user_cache_path("tui-dl"),
        platformdirs.user_runtime_path("tui-dl"),
    ):
        assert folder.is_relative_to(clean_env)


def test_by_hand() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fault_server", "--size", "3K", "--seed", "7"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.endswith("/file.bin")
        run = subprocess.run(["curl", "-sSf", url], capture_output=True, check=True)
        assert run.stdout == body_bytes(7, 0, 3072)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "body_bytes_sent=3072" in told
