"""``doctor`` on the machine around it, and the bundle for who helps."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.cli.test_ls_doctor import HALF, store
from tui_dl.cli.log_file import log_path
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import DownloadOptions

SECRET = "hunter2hunter2"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name a state folder that is not there yet."""
    monkeypatch.setenv("TUI_DL_DATA_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def lines(text: str) -> dict[str, str]:
    """Return the findings by their labels."""
    return {line[2:].split()[0]: line for line in text.splitlines()}


def test_a_token_that_others_can_read_is_a_problem_with_a_way_out(
    shell: Shell, data_dir: Path
) -> None:
    """Trap S6."""
    data_dir.mkdir()
    token = data_dir / "token"
    token.write_text(SECRET)
    token.chmod(0o644)
    told = shell.run("doctor")
    assert told.code == 1
    assert lines(told.out)["token"].startswith("✗")
    assert f"chmod 600 {token}" in told.out
    assert SECRET not in told.out
    token.chmod(0o600)
    assert lines(shell.run("doctor").out)["token"].startswith(" ")


def test_a_port_that_somebody_has_is_told(shell: Shell, data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        told = shell.run("doctor", "--set", f"api.port={number}")
        assert "in use; a server takes the next free one" in lines(told.out)["port"]
    told = shell.run("doctor", "--set", "api.enabled=false")
    assert "off" in lines(told.out)["port"]


def test_a_state_from_the_future_means_a_wrong_clock(shell: Shell, data_dir: Path) -> None:
    catalog = store(data_dir, [HALF])
    tomorrow = time.time() + 86_400
    os.utime(catalog, (tomorrow, tomorrow))
    told = shell.run("doctor")
    assert told.code == 1
    assert "gone back" in lines(told.out)["clock"]


def test_roots_that_are_none_are_a_problem(shell: Shell, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("no certificate")
    told = shell.run("doctor", "--set", f"network.ca_certificate={tmp_path}/roots.pem")
    assert told.code == 1
    assert "no PEM certificate" in lines(told.out)["tls"]


def test_few_descriptors_are_a_problem(tmp_path: Path, data_dir: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 200; exec {sys.executable} -m tui_dl doctor"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "at most 200 open at once" in lines(done.stdout)["files"]
    assert "ulimit -n" in lines(done.stdout)["files"]


def test_the_bundle_has_everything_but_secrets(
    shell: Shell, data_dir: Path, tmp_path: Path
) -> None:
    """Trap S7: links, logins and tokens stay at home."""
    record = replace(
        HALF,
        url=f"https://me:{SECRET}@files.example/{SECRET}?sig={SECRET}",
        failure=Failure(ErrorCode.DISK_FULL, f"https://me:{SECRET}@h/ broke"),
        options=DownloadOptions(headers=(("Cookie", SECRET),), http_password=SECRET),
    )
    store(data_dir, [record])
    (data_dir / "token").write_text(SECRET)
    (data_dir / "token").chmod(0o600)
    log_path(data_dir).parent.mkdir()
    log_path(data_dir).write_text(f'{{"message": "Authorization: Bearer {SECRET}"}}\n')
    bundle = tmp_path / "help.zip"
    proxy = f"http://me:{SECRET}@proxy:1"
    told = shell.run("doctor", "--bundle", str(bundle), "--set", f"network.proxy={proxy}")
    assert told.code == 0, told.out
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    with zipfile.ZipFile(bundle) as parts:
        texts = {name: parts.read(name).decode() for name in parts.namelist()}
    assert set(texts) == {"doctor.txt", "settings.txt", "list.txt", "log/tui-dl.jsonl"}
    assert "lock" in texts["doctor.txt"]
    assert "network.proxy = http://proxy:1" in texts["settings.txt"]
    assert "https://files.example " in texts["list.txt"]
    assert "disk_full" in texts["list.txt"]
    assert all(SECRET not in text for text in texts.values())


def test_a_bundle_replaces_nothing(shell: Shell, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "help.zip").write_text("mine")
    told = shell.run("doctor", "--bundle", str(tmp_path / "help.zip"))
    assert told.code == 4
    assert "exists" in told.err
    assert (tmp_path / "help.zip").read_text() == "mine"
