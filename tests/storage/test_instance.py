"""One process owns a data folder, the kernel says which, and death lets go of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui_dl.domain.errors import DiskError, ErrorCode, StateError
from tui_dl.storage.instance import InstanceLock, Owner, read_owner

_HOLDER = """
import sys
from pathlib import Path
from tui_dl.storage.instance import InstanceLock
lock = InstanceLock.acquire(Path(sys.argv[1]))
lock.set_address("127.0.0.1", 1700)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        try:
            yield child
        finally:
            child.kill()


def test_d9_a_second_process_is_refused_and_told_who_runs(folder: Path) -> None:
    data_dir = folder / "deep" / "data"
    with holder(data_dir) as child:
        with pytest.raises(StateError) as caught:
            InstanceLock.acquire(data_dir)
        assert caught.value.code is ErrorCode.STATE_LOCKED
        assert f"process {child.pid}" in caught.value.message
        assert "127.0.0.1:1700" in caught.value.message
        owner = read_owner(data_dir)
        assert owner is not None
        assert (owner.pid, owner.host, owner.port) == (child.pid, "127.0.0.1", 1700)


def test_d9_a_stopped_owner_still_owns_and_a_killed_one_does_not(folder: Path) -> None:
    with holder(folder) as child:
        child.send_signal(signal.SIGSTOP)
        with pytest.raises(StateError):
            InstanceLock.acquire(folder)
        child.kill()
        child.wait()
        assert (folder / "instance.json").exists()  # stale, and not believed
        assert read_owner(folder) is None
        lock = InstanceLock.acquire(folder)
        owner = read_owner(folder)
        assert owner is not None
        assert (owner.pid, owner.host) == (os.getpid(), None)
        lock.release()


def test_release_lets_the_next_one_in(folder: Path) -> None:
    lock = InstanceLock.acquire(folder)
    lock.release()
    lock.release()
    assert not (folder / "instance.json").exists()
    assert (folder / "lock").exists()
    with pytest.raises(RuntimeError):
        lock.set_address("127.0.0.1", 1)
    InstanceLock.acquire(folder).release()


def test_the_refusal_says_when_there_is_no_api(folder: Path) -> None:
    lock = InstanceLock.acquire(folder)
    with pytest.raises(StateError, match="its API is off"):
        InstanceLock.acquire(folder)
    lock.release()


def test_nobody_owns_what_does_not_exist(folder: Path) -> None:
    assert read_owner(folder / "none") is None
    assert read_owner(folder) is None
    assert list(folder.iterdir()) == []


def test_s6_folder_and_files_are_the_users_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        lock = InstanceLock.acquire(folder / "data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    for name in ("lock", "instance.json"):
        assert stat.S_IMODE((folder / "data" / name).stat().st_mode) == 0o600
    lock.release()


def test_the_lock_is_not_inherited_by_programs_that_we_start(folder: Path) -> None:
    lock = InstanceLock.acquire(folder)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    lock.release()
    try:
        InstanceLock.acquire(folder).release()
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "host": 5, "port": null}'])
def test_a_damaged_note_still_means_owned(folder: Path, content: str) -> None:
    lock = InstanceLock.acquire(folder)
    (folder / "instance.json").write_text(content)
    assert read_owner(folder) == Owner(None, None, None)
    with pytest.raises(StateError, match="Another tui-dl is running"):
        InstanceLock.acquire(folder)
    lock.release()


def test_the_note_is_never_half_written(folder: Path) -> None:
    lock = InstanceLock.acquire(folder)
    done = threading.Event()

    def change() -> None:
        for port in range(300):
            lock.set_address("127.0.0.1", port)
        done.set()

    writer = threading.Thread(target=change)
    writer.start()
    while not done.is_set():
        assert json.loads((folder / "instance.json").read_bytes())["pid"] == os.getpid()
    writer.join()
    lock.release()


def test_a_probing_reader_does_not_keep_an_owner_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    InstanceLock.acquire(folder).release()
    probe = os.open(folder / "lock", os.O_RDONLY)
    fcntl.flock(probe, fcntl.LOCK_SH)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            os.close(probe)  # the reader is done

    monkeypatch.setattr("time.sleep", pause)
    InstanceLock.acquire(folder).release()
    assert len(pauses) == 2


def test_d1_a_link_in_place_of_the_lock_is_refused(folder: Path) -> None:
    (folder / "lock").symlink_to(folder / "victim")
    with pytest.raises(DiskError):
        InstanceLock.acquire(folder)
    assert not (folder / "victim").exists()
