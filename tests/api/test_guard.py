"""S6 and S20: the token file, comparing, counting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tui_dl.api.auth import Guard, Verdict
from tui_dl.api.tokens import TokenStore, read_token
from tui_dl.domain.errors import DiskError, StateError


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore.open(tmp_path / "state/token")


@pytest.fixture
def guard(store: TokenStore, clock: Clock) -> Guard:
    return Guard(store, clock)


def test_a_token_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        first = TokenStore.open(tmp_path / "state/token")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "state/token").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert len(first.text) == 43, "256 bits in base64"
    assert TokenStore.open(tmp_path / "state/token").text == first.text
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["token"]


def test_two_tokens_differ(tmp_path: Path) -> None:
    assert TokenStore.open(tmp_path / "a").text != TokenStore.open(tmp_path / "b").text


def test_a_token_that_others_read_is_not_used(store: TokenStore) -> None:
    store.path.chmod(0o644)
    with pytest.raises(StateError, match="--rotate"):
        TokenStore.open(store.path)


def test_an_empty_token_is_none(store: TokenStore) -> None:
    store.path.write_text(" \n")
    with pytest.raises(StateError):
        read_token(store.path)


def test_a_link_is_not_followed(tmp_path: Path, store: TokenStore) -> None:
    (tmp_path / "link").symlink_to(store.path)
    with pytest.raises(DiskError):
        TokenStore.open(tmp_path / "link")


def test_a_rotated_token_counts_at_once(store: TokenStore) -> None:
    old = store.text
    fresh = TokenStore.save(store.path)
    assert fresh.text != old
    assert store.matches(fresh.text.encode())
    assert not store.matches(old.encode())
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_a_token_file_that_is_gone_or_open_to_others_changes_nothing(store: TokenStore) -> None:
    old = store.text
    fresh = TokenStore.save(store.path)
    store.path.chmod(0o640)
    assert store.matches(old.encode())
    store.path.unlink()
    assert store.matches(old.encode())
    assert not store.matches(fresh.text.encode())


def test_verdicts(guard: Guard, store: TokenStore) -> None:
    assert guard.check("a", store.text.encode()) is Verdict.CLIENT
    assert guard.check("a", None) is Verdict.MISSING
    for wrong in (b"", b"x", store.text.encode()[:-1], store.text.encode() + b"x", b"\xff"):
        assert guard.check("a", wrong) is Verdict.WRONG


def test_the_owner_s_key(store: TokenStore, clock: Clock, tmp_path: Path) -> None:
    owner = TokenStore.save(tmp_path / "owner-key")
    guard = Guard(store, clock, owner)
    assert guard.check("a", owner.text.encode()) is Verdict.OWNER
    assert guard.check("a", store.text.encode()) is Verdict.CLIENT


def test_without_a_token_all_are_clients(clock: Clock) -> None:
    guard = Guard(None, clock)
    assert guard.check("a", None) is Verdict.CLIENT
    assert guard.check("a", b"anything") is Verdict.CLIENT


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (None, Verdict.MISSING),
        ("Basic eDp5", Verdict.MISSING),
        ("bearer {token}", Verdict.MISSING),
        ("Bearer {token}", Verdict.CLIENT),
        ("Bearer  {token}", Verdict.WRONG),
        ("Bearer {token} ", Verdict.WRONG),
        ("Bearer ", Verdict.WRONG),
    ],
)
def test_the_bearer_form(
    guard: Guard, store: TokenStore, value: str | None, verdict: Verdict
) -> None:
    headers = []
    if value is not None:
        headers.append((b"authorization", value.format(token=store.text).encode()))
    scope = {"type": "http", "headers": headers, "client": ("1.2.3.4", 5)}
    assert guard.check_bearer(scope) is verdict


def test_who_guesses_is_locked_out_for_a_while(
    guard: Guard, store: TokenStore, clock: Clock
) -> None:
    for number in range(Guard.MOST_GUESSES):
        assert guard.check("a", b"guess %d" % number) is Verdict.WRONG
    assert guard.check("a", b"one more") is Verdict.LOCKED
    assert guard.check("a", store.text.encode()) is Verdict.LOCKED
    assert 0 < guard.retry_after_s("a") <= Guard.LOCK_S + 1
    assert guard.check("b", store.text.encode()) is Verdict.CLIENT
    clock.now_s += Guard.LOCK_S
    assert guard.check("a", store.text.encode()) is Verdict.CLIENT
    assert guard.retry_after_s("b") == 0


def test_an_old_token_that_a_client_repeats_locks_nobody_out(
    guard: Guard, store: TokenStore
) -> None:
    for _ in range(10 * Guard.MOST_GUESSES):
        assert guard.check("a", b"an old token") is Verdict.WRONG
    assert guard.check("a", store.text.encode()) is Verdict.CLIENT


def test_slow_guesses_are_forgotten(guard: Guard, clock: Clock) -> None:
    for number in range(3 * Guard.MOST_GUESSES):
        clock.now_s += Guard.WINDOW_S / 10
        assert guard.check("a", b"guess %d" % number) is Verdict.WRONG


def test_many_addresses_cost_a_fixed_amount(guard: Guard) -> None:
    for number in range(3 * Guard.MOST_PEERS):
        guard.check(f"peer {number}", b"x")
    assert len(guard._peers) == Guard.MOST_PEERS
