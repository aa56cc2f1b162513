"""Pasted curl commands: what they bring along, and what is refused by name."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_dl.domain.curl import is_curl, read_curl
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import DownloadOptions

URL = "https://example.org/a.iso?x=1&y=2"
BROWSER = f"""curl '{URL}' \\
  -H 'accept: */*' \\
  -H 'accept-encoding: gzip, br' \\
  -H 'Range: bytes=0-' \\
  -b 'sid=abc; theme=dark' \\
  -H 'user-agent: Mozilla/5.0' \\
  -H 'referer: https://example.org/list' \\
  --compressed"""


def test_what_a_browser_copies_is_understood() -> None:
    command = read_curl(BROWSER)
    assert command.urls == (URL,)
    assert command.options == DownloadOptions(
        headers=(("accept", "*/*"), ("Cookie", "sid=abc; theme=dark")),
        user_agent="Mozilla/5.0",
        referer="https://example.org/list",
    )


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("-u ada:se:cret", DownloadOptions(http_user="ada", http_password="se:cret")),
        ("-A me", DownloadOptions(user_agent="me")),
        ("-e 'http://e/;auto'", DownloadOptions(referer="http://e/")),
        ("-sSLo dir/mine.iso", DownloadOptions(out="mine.iso")),
        ("-omine.iso", DownloadOptions(out="mine.iso")),
        ("-H X-A:1 --header 'X-B: 2'", DownloadOptions(headers=(("X-A", "1"), ("X-B", "2")))),
        ("-H 'X-A:' -H 'X-B;'", DownloadOptions()),
        ("-k", DownloadOptions(check_certificate=False)),
        ("--limit-rate 2M -X GET", DownloadOptions(limit_bps=2 * 1024 * 1024)),
        ("-C - --retry 3 -OJ --compressed", DownloadOptions()),
    ],
)
def test_each_known_option(arguments: str, options: DownloadOptions) -> None:
    assert read_curl(f"curl {arguments} {URL.split('?')[0]}").options == options


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("-H @secrets http://h/", "names a file"),
        ("-b @jar http://h/", "names a file"),
        ("-b jar.txt http://h/", "names a file"),
        ("-u @login http://h/", "names a file"),
        ("-u ada http://h/", "no password"),
        ("-d x=1 http://h/", "can only fetch"),
        ("--data-raw x http://h/", "can only fetch"),
        ("-F f=@/etc/passwd http://h/", "can only fetch"),
        ("-X POST http://h/", "can only fetch"),
        ("-I http://h/", "can only fetch"),
        ("--next http://h/", "--next is not known"),
        ("-Z http://h/", "-Z is not known"),
        ("-o - http://h/", "standard output"),
        ("http://h/ -H", "has no value"),
        ("-H nonsense http://h/", "Name: value"),
        ("'http://h/", "not closed"),
        ("-H $'X: \\u0021' http://h/", "$'…'"),
        ("-sL", "no URL"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(arguments: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_curl(f"curl {arguments}")
    assert sentence in refusal.value.message


def test_a_secret_is_in_no_sentence() -> None:
    for arguments in ("-H 'tok-en-s3cret'", "-b s3cret", "-u s3cret"):
        with pytest.raises(UsageError) as refusal:
            read_curl(f"curl {arguments} http://h/")
        assert "s3cret" not in refusal.value.message


@pytest.mark.parametrize("text", ["", "curly http://h/", "https://h/curl x", "  wget http://h/"])
def test_links_are_no_command(text: str) -> None:
    assert not is_curl(text)


@given(st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    text = "curl " + " ".join(words)
    try:
        command = read_curl(text)
    except UsageError:
        return
    assert command.urls


@pytest.mark.parametrize(
    "text",
    [
        "curl $'http://h/'",
        "curl -H 'X: $' $'http://h/'",
        """curl -H "X: \\" $'" $'http://h/'""",
        "curl http://h/ -H\n$'X: 1'",
    ],
)
def test_quotes_of_other_shells_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not understood"):
        read_curl(text)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip))
@example("$")
@example("it's $'")
def test_a_quoted_header_arrives_as_it_was_written(value: str) -> None:
    command = read_curl(f"curl http://h/ -H {shlex.quote('X-Test: ' + value)}")
    assert command.options.headers == (("X-Test", value.strip()),)


def test_logins_and_ways() -> None:
    options = read_curl(
        "curl --digest -u me:pw -4 --socks5-hostname p:1 --noproxy a,10.0.0.0/8 --interface lo "
        "--resolve a:1:127.0.0.1 --resolve b:2:::1 --oauth2-bearer abc http://127.0.0.1/x"
    ).options

    assert options == DownloadOptions(
        http_user="me",
        http_password="pw",
        auth_challenge=True,
        ip_version=4,
        proxy="socks5h://p:1",
        no_proxy="a,10.0.0.0/8",
        interface="lo",
        resolve=("a:1:127.0.0.1", "b:2:::1"),
        bearer="abc",
    )


@pytest.mark.parametrize("option", ["-x socks4://p", "--resolve a", "--interface 'a b'"])
def test_ways_that_are_none(option: str) -> None:
    with pytest.raises(UsageError):
        read_curl(f"curl {option} http://127.0.0.1/x")
