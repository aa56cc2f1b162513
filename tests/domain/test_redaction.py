"""Secrets leave a URL before it reaches a log or a screen (trap S7)."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.properties import thorough
from tui_dl.domain.redaction import redacted, redacted_text, without_credentials
from tui_dl.domain.urls import parse_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@h/x", "http://h/x"),
        ("http://u@h", "http://h"),
        ("http://u:p@ss@h:1/x@y", "http://h:1/x@y"),
        ("//u:p@h/x", "//h/x"),
        ("u:p@h/x", "h/x"),
        ("http://u:p@h?x", "http://h?x"),
        ("http://h/a@b", "http://h/a@b"),
        ("http://h?a@b", "http://h?a@b"),
        ("", ""),
        ("no url", "no url"),
    ],
)
def test_credentials_fall_off(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
    assert redacted(url) == shown


@pytest.mark.parametrize(
    "name",
    [
        "sig",
        "Sig",
        "signature",
        "Signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Goog-Signature",
        "Key-Pair-Id",
        "AWSAccessKeyId",
        "token",
        "access_token",
        "accessToken",
        "authToken",
        "key",
        "api_key",
        "apikey",
        "APIKEY",
        "apiKey",
        "X-Api-Key",
        "password",
        "passwd",
        "pwd",
        "pass",
        "client_secret",
        "auth",
        "sid",
        "PHPSESSIONID",
        "jwt",
        "hmac",
        "sign",
        "ticket",
        "hdnts",
        "md5",
        "%73ig",
        "my+key",
    ],
)
@pytest.mark.parametrize("before", ["?", "?a=1&", "?a=1;", "#", "?a=1#b&"])
def test_the_values_of_secret_parameters_are_hidden(name: str, before: str) -> None:
    shown = redacted(f"https://h/x{before}{name}=S3CRET/+==%20&z=2")
    assert shown == f"https://h/x{before}{name}=***&z=2"


@pytest.mark.parametrize(
    "name", ["keyword", "monkey", "design", "author", "passenger_count", "page", "codec", "signal"]
)
def test_other_parameters_stay(name: str) -> None:
    url = f"https://h/x?{name}=value&b"
    assert redacted(url) == url


def test_credentials_of_a_url_inside_the_url_fall_off_too() -> None:
    shown = redacted("https://h/go?url=https://u:pw@other/x&b=c@d")
    assert shown == "https://h/go?url=https://other/x&b=c@d"


@pytest.mark.parametrize(
    "inner", ["https%3A%2F%2Fu%3ApwS%40h%2Fx%3Fsig%3DpwS", "https%253A%252F%252Fh%253Fkey%253DpwS"]
)
def test_secrets_of_a_coded_url_inside_the_url_are_hidden_too(inner: str) -> None:
    shown = redacted(f"https://h/go?next={inner}&page=2")
    assert "pwS" not in shown
    assert shown.startswith("https://h/go?next=https%")
    assert shown.endswith("***&page=2")
    assert redacted(shown) == shown
    plain = "https://h/go?next=https%3A%2F%2Fh%2Fx%3Fpage%3D2"
    assert redacted(plain) == plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("asked for '/x?sig=pwS' twice", "asked for '/x?sig=***' twice"),
        ("X-Api-Key: pwS\nnext", "X-Api-Key: ***\nnext"),
        ("{'x-auth-token': 'pwS'}", "{'x-auth-token': ***"),
        ("Is it there? key=4 is.", "Is it there? key=4 is."),
        ("either/or?", "either/or?"),
    ],
)
def test_secrets_in_prose(text: str, shown: str) -> None:
    assert redacted_text(text) == shown


@thorough
@given(st.text(max_size=80) | st.text("/@:?#&;=sigh", max_size=40))
@example("http://@@@h?sig=&&sig&=x;sig==")
def test_any_text_is_taken(text: str) -> None:
    assert len(without_credentials(text)) <= len(text)
    shown = redacted("https://h/?" + text)
    assert redacted(shown) == shown
    assert not re.match("http://[^/?#]*@", redacted("http://" + text))


words = st.text("abcXYZ019._~-", min_size=1, max_size=12)


@thorough
@given(words, words, words, words)
def test_no_secret_of_a_real_url_is_left(user: str, password: str, value: str, path: str) -> None:
    secret_user, secret_password, secret = f"U<{user}", f"P<{password}", f"S<{value}"
    url = f"https://{secret_user}:{secret_password}@h/{path}?sig={secret}&n=1#token={secret}"
    shown = redacted(url)
    for part in (secret_user, secret_password, secret):
        assert part not in shown
    assert shown == f"https://h/{path}?sig=***&n=1#token=***"
    assert parse_url(shown).origin == parse_url(url).origin


@thorough
@given(words, words, words, words)
def test_no_secret_is_left_in_prose(user: str, password: str, value: str, path: str) -> None:
    secret = f"Sx{value}xSxS"
    text = (
        f"GET 'https://{user}:Px{password}xP@h/{path}?sig={secret}' failed (token:{secret})\n"
        f"Authorization: Basic {secret}\nCookie: a={secret}\nBearer {secret}"
    )
    shown = redacted_text(text)
    assert f"Px{password}xP" not in shown
    assert secret not in shown
    assert f"https://h/{path}?sig=***" in shown
    assert redacted_text(path) == path
