"""How long a silent server is waited for. Pure decisions, no clock."""

from __future__ import annotations

from typing import Any

import pytest

from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.engine.patience import AWAY, HEAD_STEPS_S, SILENCE_STEPS_S, Patience
from tui_dl.engine.recovery import may_be_about_ranges
from tui_dl.engine.retry import RetryPolicy

SILENT = TransferError("Nothing came.", code=ErrorCode.TIMEOUT)
LOST = TransferError("It broke.", code=ErrorCode.CONNECTION_LOST)


def patience(*, tries: int = 8, own: bool = False, **policy: Any) -> Patience:
    return Patience(RetryPolicy(max_tries=tries, **policy), 0, tries_are_own=own)


def waits(waiting: Patience, error: TransferError, *, jitter: float = 1.0) -> list[float]:
    """Return the waits until the download fails, while no byte comes."""
    found: list[float] = []
    while (delay_s := waiting.failed(error, 0, jitter)) is not None:
        found.append(delay_s)
    return found


def test_a_server_that_never_speaks_is_given_up_within_a_minute() -> None:
    """Trap H21: with the default number of tries."""
    waiting = patience()
    waited_s = 0.0
    while True:
        waited_s += waiting.head_s(0)
        delay_s = waiting.failed(SILENT, 0, 1.0)
        if delay_s is None:
            break
        waited_s += delay_s
    assert waiting.tries == 3
    assert waited_s < 50


@pytest.mark.parametrize(("tries", "own"), [(5, True), (0, False)])
def test_tries_that_the_user_named_are_all_made(tries: int, own: bool) -> None:
    waiting = patience(tries=tries, own=own)
    delays = [waiting.failed(SILENT, 0, 0.5) for _ in range(4)]
    assert None not in delays
    assert (waiting.failed(SILENT, 0, 0.5) is None) == (tries == 5)


def test_a_download_with_bytes_outlasts_a_link_that_is_off_for_a_minute() -> None:
    """Trap D14: waits for connections (15 s each) and pauses together."""
    waiting = patience()
    waited_s = waiting.silence_s(500)
    assert waiting.failed(SILENT, 1000, 0.0) is not None
    while (delay_s := waiting.failed(SILENT, 1000, 0.0)) is not None:
        waited_s += 15 + delay_s
    assert waited_s + 15 > 60, "the last try waits as well"


def test_waits_grow_while_nothing_comes_and_shrink_when_bytes_do() -> None:
    waiting = patience(tries=0)
    assert (waiting.head_s(0), waiting.silence_s(0)) == (HEAD_STEPS_S[0], SILENCE_STEPS_S[0])
    for step in range(1, 9):
        waiting.failed(SILENT, 0, 0.5)
        assert waiting.head_s(0) == HEAD_STEPS_S[min(step, len(HEAD_STEPS_S) - 1)]
        assert waiting.silence_s(0) == SILENCE_STEPS_S[min(step, len(SILENCE_STEPS_S) - 1)]
    assert waiting.silence_s(1) == SILENCE_STEPS_S[0], "bytes came since"
    assert waiting.failed(LOST, 1, 0.5) == pytest.approx(0.05), "it moves: at once"
    assert waiting.head_s(1) == HEAD_STEPS_S[0]


@pytest.mark.parametrize("code", sorted(AWAY))
def test_a_server_that_is_away_is_tried_for_the_better_part_of_a_minute(code: ErrorCode) -> None:
    error = TransferError("Not now.", code=code)
    pauses = waits(patience(), error)
    assert pauses == sorted(pauses), "they grow"
    assert pauses[0] <= 0.5
    assert len(pauses) >= 6, "six refusals are survived"
    assert sum(pauses[:6]) < 35
    assert 25 < sum(waits(patience(), error, jitter=0.0)) < sum(pauses) < 60


def test_a_server_that_gave_bytes_and_an_engine_without_a_user_in_front_wait_longer() -> None:
    busy = TransferError("Not now.", code=ErrorCode.BUSY)
    known = patience()
    known.failed(LOST, 1000, 0.5)
    assert len(waits(known, busy)) > len(waits(patience(), busy))
    assert sum(waits(patience(away_factor=2), busy)) > 120


def test_bytes_of_an_earlier_run_do_not_make_it_wait_longer() -> None:
    busy = TransferError("Not now.", code=ErrorCode.BUSY)
    resumed = Patience(RetryPolicy(), 1000, tries_are_own=False)
    pauses = 0
    while resumed.failed(busy, 1000, 1.0) is not None:
        pauses += 1
    assert pauses == len(waits(patience(), busy))


def test_nonsense_is_given_up_sooner() -> None:
    nonsense = TransferError("What?", code=ErrorCode.PROTOCOL)
    assert sum(waits(patience(), nonsense)) < 10


@pytest.mark.parametrize("code", [ErrorCode.BUSY, ErrorCode.PROTOCOL, ErrorCode.TIMEOUT])
def test_tries_of_a_class_are_exact(code: ErrorCode) -> None:
    waiting = patience(tries_by_code={code: 4}, away_factor=2)
    assert len(waits(waiting, TransferError("No.", code=code))) == 3


def test_a_definite_error_is_not_waited_for() -> None:
    gone = TransferError("Gone.", code=ErrorCode.NOT_FOUND, retryable=False)
    assert waits(patience(tries=0), gone) == []


@pytest.mark.parametrize(
    ("code", "status", "has_bytes", "expected"),
    [
        (ErrorCode.HTTP_STATUS, 400, False, True),
        (ErrorCode.HTTP_STATUS, 501, True, True),
        (ErrorCode.FORBIDDEN, 403, False, True),
        (ErrorCode.NEEDS_NEW_LINK, 403, True, False),
        (ErrorCode.NOT_FOUND, 404, False, False),
        (ErrorCode.BUSY, 503, False, False),
        (ErrorCode.CONNECTION_LOST, None, False, True),
        (ErrorCode.CONNECTION_LOST, None, True, True),
        (ErrorCode.TIMEOUT, None, False, True),
        (ErrorCode.TIMEOUT, None, True, True),
        (ErrorCode.CONNECT_REFUSED, None, False, False),
    ],
)
def test_which_refusals_may_be_about_the_range(
    code: ErrorCode, status: int | None, has_bytes: bool, expected: bool
) -> None:
    error = TransferError("No.", code=code, http_status=status)
    assert may_be_about_ranges(error, has_bytes=has_bytes) is expected
