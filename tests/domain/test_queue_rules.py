"""Rules for hosts and for classes of errors: what is read, and what is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.domain.errors import ErrorCode, UsageError
from tui_dl.domain.host_limits import parse_host_limits
from tui_dl.domain.retry_rules import CLASSES, parse_retry_rules


def test_the_rules_of_hosts() -> None:
    first, second = parse_host_limits("Example.org slots=1 limit=2M;\n*.example.net limit=500k;")
    assert (first.limit_bps, first.slots) == (2 * 1024 * 1024, 1)
    assert (second.limit_bps, second.slots) == (500 * 1024, None)
    assert first.hosts.allows("cdn.example.org")
    assert not second.hosts.allows("example.net")
    assert second.hosts.allows("a.example.net")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.org slots=1; b.org", "Rule 2 of the hosts: It takes a host"),
        ("slots=1 limit=2M", "It takes a host"),
        ("a.org slots=0", "slots=0 must be a whole number"),
        ("a.org slots=101", "from 1 to 100"),
        ("a.org limit=fast", "not a size"),
        ("a.org speed=1", "'speed=1' is neither"),
    ],
)
def test_a_bad_rule_of_hosts_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_host_limits(text)


def test_the_rules_of_tries() -> None:
    rules = parse_retry_rules("dns=20, connect=0")
    assert rules == {
        ErrorCode.UNKNOWN_HOST: 20,
        ErrorCode.CONNECT_REFUSED: 0,
        ErrorCode.CONNECT_FAILED: 0,
    }
    assert parse_retry_rules(" ") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("weather=1", "'weather' is no class of errors; they are dns,"),
        ("dns", "must name tries, such as dns=10"),
        ("dns=", "must name tries"),
        ("dns=-1", "must name tries"),
        ("dns=10001", "must name tries"),
        ("dns=²", "must name tries"),
    ],
)
def test_a_bad_rule_of_tries_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_retry_rules(text)


def test_no_code_is_in_two_classes() -> None:
    codes = [code for codes in CLASSES.values() for code in codes]
    assert len(codes) == len(set(codes))


@given(st.text(alphabet="abdns.org slotlimi=1;2M*\n", max_size=40))
def test_any_text_is_rules_or_a_sentence(text: str) -> None:
    for read in (parse_host_limits, parse_retry_rules):
        try:
            found = read(text)
        except UsageError:
            continue
        assert len(found) <= len(text)
