"""The numbers that scripts depend on."""

from __future__ import annotations

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.cli.exit_codes import ExitCode, code_of_error, code_of_errors, code_of_signal
from tui_dl.domain.errors import ErrorCode


def test_the_numbers_never_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "INTEGRITY": 3,
        "DISK": 4,
        "LOCKED": 5,
        "HANGUP": 129,
        "INTERRUPT": 130,
        "TERMINATE": 143,
    }


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_a_code_that_is_not_success(code: ErrorCode) -> None:
    assert code_of_error(code) in (1, 2, 3, 4, 5)


def test_the_table_of_the_design() -> None:
    assert code_of_errors([]) == 0
    assert code_of_error(ErrorCode.NOT_FOUND) == 1
    assert code_of_error(ErrorCode.UNSUPPORTED_SCHEME) == 2
    assert code_of_error(ErrorCode.DIGEST_MISMATCH) == 3
    assert code_of_error(ErrorCode.NOT_WRITABLE) == 4
    assert code_of_error(ErrorCode.STATE_LOCKED) == 5


@given(st.lists(st.sampled_from(ErrorCode), min_size=1))
def test_the_most_telling_error_decides(codes: list[ErrorCode]) -> None:
    alone = {code_of_error(code) for code in codes}

    assert code_of_errors(codes) == next(code for code in (5, 3, 4, 1, 2) if code in alone)


def test_a_signal_is_128_and_its_number() -> None:
    assert code_of_signal(signal.SIGHUP) == ExitCode.HANGUP
    assert code_of_signal(signal.SIGINT) == ExitCode.INTERRUPT
    assert code_of_signal(signal.SIGTERM) == ExitCode.TERMINATE
