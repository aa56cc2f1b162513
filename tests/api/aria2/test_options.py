"""Options: how values are read, what they become, and that a retry changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.option_rules import RULES
from tui_dl.api.aria2.options import (
    Defaults,
    changes,
    chosen,
    describe,
    may_be_added,
    may_be_changed,
    may_be_everywhere,
    read_options,
    unmapped,
)
from tui_dl.domain.model import Digest, DownloadOptions

URL = "http://127.0.0.1/x"
DEFAULTS = Defaults()


def read(**given_: object) -> dict[str, str]:
    return read_options({name.replace("_", "-"): v for name, v in given_.items()}, may_be_added)


def options(**given_: object) -> DownloadOptions:
    fields: dict[str, Any] = changes(read(**given_), URL, DEFAULTS)
    return replace(DownloadOptions(), **fields)


RECORDED = [
    ("timeout", " 5", "5"),
    ("timeout", "5 ", "5"),
    ("timeout", "600", "600"),
    ("timeout", "0", None),
    ("timeout", "1.5", None),
    ("split", "+5", "5"),
    ("split", "0", None),
    ("split", "a", None),
    ("split", "0x10", None),
    ("split", "99999", "99999"),
    ("max-download-limit", "1 K", "1024"),
    ("max-download-limit", "20k", "20480"),
    ("max-download-limit", "1M", "1048576"),
    ("max-download-limit", "-0", "0"),
    ("max-download-limit", "1G", None),
    ("max-download-limit", "1.5M", None),
    ("max-download-limit", "-1", None),
    ("max-download-limit", "K", None),
    ("max-download-limit", "", None),
    ("min-split-size", "1M", "1048576"),
    ("min-split-size", "1", None),
    ("lowest-speed-limit", "5K", "5120"),
    ("max-tries", "-1", None),
    ("continue", "", "true"),
    ("continue", "false", "false"),
    ("continue", "TRUE", None),
    ("continue", "1", None),
    ("pause", "yes", None),
    ("file-allocation", "falloc", "falloc"),
    ("file-allocation", "x", None),
    ("uri-selector", "adaptive", "adaptive"),
    ("piece-length", "1", None),
    ("checksum", "sha-1=00", None),
    ("checksum", "sha-1=" + "A" * 40, "sha-1=" + "a" * 40),
    ("checksum", "md5=" + "0" * 32, "md5=" + "0" * 32),
    ("checksum", "crc=00", None),
    ("checksum", "", None),
    ("all-proxy", "", ""),
    ("all-proxy", "http://h:99999", None),
    ("header", "X: 1", "X: 1\n"),
    ("header", "X: 1\nY: 2\n", "X: 1\nY: 2\n"),
    ("header", "", ""),
    ("out", "", ""),
    ("user-agent", "", ""),
    # Ours: the engine would not do what these ask for.
    ("dry-run", "true", None),
    ("hash-check-only", "true", None),
    ("dry-run", "false", "false"),
]


@pytest.mark.parametrize(("name", "text", "normal"), RECORDED)
def test_recorded_values(name: str, text: str, normal: str | None) -> None:
    if normal is not None:
        assert read_options({name: text}, may_be_added) == {name: normal}
        return
    with pytest.raises(RpcError) as caught:
        read_options({name: text}, may_be_added)
    message = f"We encountered a problem while processing the option '--{name}'."
    assert caught.value.message == message


def test_values_of_other_types() -> None:
    assert read(split=3, pause=True, out=None, header=["A: 1", None, 5, "B: 2"]) == {
        "split": "3",
        "pause": "true",
        "header": "A: 1\nB: 2\n",
    }
    assert read(split=["3"], timeout={}, checksum=1.5) == {}


def test_what_is_unknown_or_not_allowed_here_is_ignored() -> None:
    struct = {"nosuch": "1", "max-concurrent-downloads": "bad", "load-cookies": "/etc/passwd"}
    assert read_options(struct, may_be_added) == {}
    assert read_options({"pause": "x", "gid": "y"}, may_be_changed) == {}
    assert read_options({"out": "x", "checksum": "y"}, may_be_everywhere) == {}
    assert "ca-certificate" not in RULES
    assert "check-certificate" not in RULES


@pytest.mark.parametrize("name", ["user-agent", "referer", "out", "http-user"])
@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "\x1b[31m"])
def test_no_value_breaks_its_line(name: str, text: str) -> None:
    """Trap S11."""
    with pytest.raises(RpcError, match=name):
        read_options({name: text}, may_be_added)


def test_connections_are_what_aria2_would_use() -> None:
    assert options().connections is None
    assert options(split="8").connections == 8
    assert options(max_connection_per_server="4").connections == 4
    assert options(split="8", max_connection_per_server="4").connections == 4
    assert options(split="99999").connections == 64
    assert options(split="16").connections is None, "16 is the default here"


def test_every_mapped_option() -> None:
    made = options(
        max_download_limit="1M",
        header=["X-A: 1", "Cookie: a=b; c=d"],
        user_agent="me/1",
        referer="http://127.0.0.1/page",
        checksum="sha-256=" + "ab" * 32,
        max_tries="0",
        timeout="7",
        connect_timeout="9",
        http_user="u",
        http_passwd="p",
        no_netrc="true",
        all_proxy="127.0.0.1:8080",
    )
    assert made == DownloadOptions(
        headers=(("X-A", "1"), ("Cookie", "a=b; c=d")),
        user_agent="me/1",
        referer="http://127.0.0.1/page",
        digests=(Digest("sha256", "ab" * 32),),
        limit_bps=1048576,
        max_tries=0,
        timeout_s=7.0,
        connect_timeout_s=9.0,
        proxy="http://127.0.0.1:8080",
        http_user="u",
        http_password="p",
        use_netrc=False,
    )


def test_versions_dates_and_order_have_aria2s_names() -> None:
    wanted = options(remote_time="true", conditional_get="true", stream_piece_selector="inorder")
    assert (wanted.remote_time, wanted.conditional_get, wanted.sequential) == (True, True, True)
    told = chosen(wanted, "/d")
    assert told["remote-time"] == told["conditional-get"] == "true"
    assert told["stream-piece-selector"] == "inorder"
    plain = options(remote_time="false", stream_piece_selector="geom")
    assert (plain.remote_time, plain.sequential) == (None, False)


def test_headers_of_a_browser() -> None:
    """Extensions hand over all that the browser sent; ours frame the request (trap S11)."""
    made = options(
        user_agent="aria2/1",
        header=[
            "User-Agent: Mozilla/5.0",
            "Referer: http://127.0.0.1/r",
            "Host: evil",
            "Range: bytes=0-1",
            "Accept-Encoding: gzip",
            "Connection: close",
            "Cookie: k=v",
        ],
    )
    assert made.user_agent == "Mozilla/5.0"
    assert made.referer == "http://127.0.0.1/r"
    assert made.headers == (("Cookie", "k=v"),)


@pytest.mark.parametrize("line", ["nocolon", ": value", "   :x"])
def test_a_line_that_is_no_header_is_refused(line: str) -> None:
    with pytest.raises(RpcError, match="--header"):
        options(header=[line])


def test_a_star_is_the_address_itself() -> None:
    assert options(referer="*").referer == URL
    assert options(referer="").referer is None


def proxy_of(url: str, **texts: str) -> str | None:
    found: dict[str, Any] = changes(read(**texts), url, DEFAULTS)
    proxy: str | None = found.get("proxy")
    return proxy


def test_the_proxy_of_the_scheme_wins() -> None:
    texts = {"all_proxy": "a:1", "http_proxy": "h:1", "https_proxy": "s:1"}
    assert proxy_of("http://x/", **texts) == "http://h:1"
    assert proxy_of("https://x/", **texts) == "http://s:1"
    assert proxy_of("https://x/", all_proxy="a:1") == "http://a:1"
    assert proxy_of("https://x/", http_proxy="a:1") is None
    assert proxy_of("http://x/", all_proxy="") == ""
    assert proxy_of("http://a.b.c/", all_proxy="a:1", no_proxy="x, .b.c") == ""
    assert proxy_of("http://ab.c/", all_proxy="a:1", no_proxy="b.c") == "http://a:1"
    assert proxy_of("http://ab.c/", all_proxy="a:1", no_proxy="*") == ""


def test_a_proxys_login_may_come_by_itself() -> None:
    login = {"all_proxy_user": "u@", "all_proxy_passwd": "p:"}
    assert proxy_of("http://x/", all_proxy="a:1", **login) == "http://u%40:p%3A@a:1"
    assert proxy_of("http://x/", all_proxy="http://me:pw@a:1", **login) == "http://me:pw@a:1"


def test_what_has_no_effect_is_kept_only_when_it_says_something() -> None:
    texts = read(min_split_size="1M", split="3", pause="true", allow_overwrite="false", dir="x")
    assert unmapped(texts) == {"min-split-size": "1048576"}


def test_everything_is_reported_and_sorted() -> None:
    told = describe(DownloadOptions(out="n"), "/dl", {"retry-wait": "9"}, DEFAULTS)
    assert list(told) == sorted(told)
    assert (told["out"], told["dir"], told["retry-wait"]) == ("n", "/dl", "9")
    assert told["split"] == "16"
    for name in ("pause", "gid", "max-concurrent-downloads"):
        assert name not in told


token_text = st.text(alphabet="abcXYZ-09", min_size=1, max_size=8)
value_text = st.text(alphabet="abc XYZ;=,/09üé", max_size=10).map(str.strip)
header_names = token_text.filter(lambda name: not name.startswith("-"))
digests = st.sampled_from(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]).flatmap(
    lambda name: st.text(
        alphabet="0123456789abcdef", min_size=_hex_length(name), max_size=_hex_length(name)
    ).map(lambda hex_: Digest(name, hex_))
)


def _hex_length(name: str) -> int:
    return {"md5": 32, "sha1": 40}.get(name, int(name[3:]) // 4 if name != "md5" else 32)


def _unlike(default: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.integers(1, 600).map(float).filter(lambda value: value != default)


any_options = st.builds(
    DownloadOptions,
    out=st.none() | token_text,
    connections=st.none() | st.integers(1, 64).filter(lambda n: n != DEFAULTS.connections),
    headers=st.lists(st.tuples(header_names, value_text), max_size=3).map(tuple),
    user_agent=st.none() | token_text,
    referer=st.none() | token_text,
    digests=st.none().map(lambda _: ()) | digests.map(lambda digest: (digest,)),
    limit_bps=st.none() | st.integers(1, 2**62),
    max_tries=st.none() | st.integers(0, 99).filter(lambda n: n != DEFAULTS.max_tries),
    timeout_s=_unlike(DEFAULTS.timeout_s),
    connect_timeout_s=_unlike(DEFAULTS.connect_timeout_s),
    proxy=st.sampled_from([None, "", "http://127.0.0.1:8080", "http://u:p@127.0.0.1:1"]),
    http_user=st.none() | token_text,
    http_password=st.none() | token_text,
    use_netrc=st.booleans(),
    remote_time=st.sampled_from([None, True]),
    conditional_get=st.booleans(),
    sequential=st.booleans(),
)


@moderate
@given(
    any_options,
    st.dictionaries(st.sampled_from(["retry-wait", "max-file-not-found"]), st.just("7")),
)
def test_a_retry_with_everything_that_was_told_changes_nothing(
    before: DownloadOptions, extra: dict[str, str]
) -> None:
    told = describe(before, "/dl", extra, DEFAULTS)
    texts = read_options(told, may_be_added)
    assert texts == told, "every value comes back as it was told"
    fields: dict[str, Any] = changes(texts, URL, DEFAULTS)
    after = replace(DownloadOptions(out=texts.get("out")), **fields)
    assert after == before
    assert unmapped(texts) == extra


@moderate
@given(any_options)
def test_what_was_chosen_can_be_given_to_change_option(before: DownloadOptions) -> None:
    texts = read_options(chosen(before, "/dl"), may_be_changed)
    fields: dict[str, Any] = changes(texts, URL, DEFAULTS)
    assert replace(before, **fields) == before


@moderate
@given(st.sampled_from(sorted(RULES)), st.text(max_size=20))
def test_a_value_that_was_read_stays_the_same_when_read_again(name: str, text: str) -> None:
    try:
        once = read_options({name: text}, lambda _: True)
    except RpcError:
        once = {}
    assert read_options(once, lambda _: True) == once
