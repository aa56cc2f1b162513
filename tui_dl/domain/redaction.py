"""Hide what must not be read by others in a URL: credentials and secret parameters.

The rule (trap S7): whatever is shown, told, logged or exported passes ``redacted``, prose
passes ``redacted_text``. Whole links go out in three places only, each to the holder of
the token, because its clients work with what they were told: aria2's replies, tui-dl's own
dialect, and Surge's ``GET /list``, whose extension compares links (without the login).
Works on any text, also on one that is no URL. Must not be used on what is sent to a server.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus

from tui_dl.domain.late_pattern import late_pattern

_USERINFO = late_pattern(r"\A([A-Za-z][A-Za-z0-9+.-]*://|//)?[^/?#]*@")
_NESTED_USERINFO = late_pattern(r"(://)[^/?#&;\s]*@")
_PAIR = late_pattern(r"([?#&;])([^=?#&;]+)=([^#&;]*)")
_NAME_WORD = late_pattern(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")
_URL_IN_TEXT = late_pattern(
    r"\b[A-Za-z][A-Za-z0-9+.-]{0,15}://[^\s'\"<>]+|(?<!\S)['\"(]?/[^\s'\"<>?]*\?[^\s'\"<>]+"
)
"""A whole one, or the target of a request line."""
_LOGIN_FIELD = late_pattern(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z0-9-]*(?:auth|key|secret|token))"
    r"(['\"]?\s*[:=,]\s*)[^\r\n]+"
)
_SPOKEN_TOKEN = late_pattern(r"(?i)\b(token:|bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]{6,}")
_SECRET_WORDS = frozenset(
    {
        *("auth", "authorization", "bearer", "code", "cookie", "csrf", "hdnea", "hdnts", "hmac"),
        *("jwt", "key", "keyid", "login", "md5", "nonce", "otp", "pass", "pin", "pwd", "sid"),
        *("sig", "sign", "ticket", "xsrf"),
    }
)
_SECRET_PARTS = ("apikey", "credential", "passw", "secret", "session", "signature", "token")


def without_credentials(url: str) -> str:
    """Return the URL without user and password. Takes any text, never raises."""
    return _USERINFO.sub(lambda match: match[1] or "", url, count=1)


def redacted(url: str) -> str:
    """Return the URL for logs and screens: no credentials, secret parameters as ``***``.

    Secret is what the parameter's name says: signatures, tokens, keys, passwords
    (trap S7). A URL inside the URL loses its own too, percent-coded or not. Takes any
    text, never raises. Not display-safe.
    """
    return _PAIR.sub(_pair, _NESTED_USERINFO.sub(r"\1", without_credentials(url)))


def _pair(match: re.Match[str]) -> str:
    """Return one parameter without its secret."""
    mark, name, value = match.groups()
    if _is_secret(name):
        return f"{mark}{name}=***"
    return f"{mark}{name}={_uncovered(value)}"


def _uncovered(text: str) -> str:
    """Return a percent-coded URL without its secrets, however often it was coded."""
    inner = unquote(text)
    if inner == text:
        return text
    hidden = _uncovered(redacted(inner) if "://" in inner else inner)
    return text if hidden == inner else quote(hidden, safe="*")


def redacted_text(text: str) -> str:
    """Return prose, such as an error or a traceback, with every secret that shows itself hidden.

    Redacts each URL in it, the value of a field that carries a login, aria2's
    ``token:`` and a bearer's token.
    """
    text = _URL_IN_TEXT.sub(lambda match: redacted(match[0]), text)
    text = _LOGIN_FIELD.sub(r"\1\2***", text)
    return _SPOKEN_TOKEN.sub(r"\1***", text)


def _is_secret(name: str) -> bool:
    """Return whether a parameter's name says that its value is not for everyone."""
    plain = unquote_plus(name)
    joined = re.sub(r"[^a-z0-9]", "", plain.lower())
    if any(part in joined for part in _SECRET_PARTS):
        return True
    return any(word.lower() in _SECRET_WORDS for word in _NAME_WORD.findall(plain))
