"""Cookies in Netscape's format: read before a run, written after it where the user asked.

Owns both files. Must not decide which cookie goes where: the jar does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from http.cookiejar import Cookie, CookieJar, MozillaCookieJar
from pathlib import Path

from tui_dl.domain.errors import UsageError
from tui_dl.net.cookies import job_jar

_HTTP_ONLY = "#HttpOnly_"
"""Before lines of cookies that scripts of a page may not read: they are sent all the same."""


def load_cookies(path: str | None) -> CookieJar:
    """Read a cookie file into a jar of one job.

    Raises:
        UsageError: the file cannot be read or is of another kind.
    """
    jar = job_jar()
    if path is None:
        return jar
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"The cookie file {path} cannot be read: {reason}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.removeprefix(_HTTP_ONLY)
        if not line.strip() or line.startswith("#"):
            continue
        try:
            jar.set_cookie(_cookie(line))
        except ValueError as error:
            raise UsageError(
                f"The cookie file {path} cannot be read: line {number} is not in Netscape's format."
            ) from error
    return jar


def _cookie(line: str) -> Cookie:
    """Read one line: seven fields parted by TAB.

    Not by ``MozillaCookieJar``: it takes the 0 that curl and browsers write for the end of
    the session for 1970, and never sends a cookie of a host without a dot.

    Raises:
        ValueError: it has not seven fields, or its time is no number.
    """
    domain, with_subdomains, path, secure, expires, name, value = line.split("\t")
    ends_at = int(float(expires)) if expires else 0
    if "." not in domain and ":" not in domain:
        domain += ".local"  # what the jar calls such hosts (RFC 2965 section 1)
    return Cookie(
        0,
        name,
        value,
        None,
        False,
        domain,
        with_subdomains.upper() == "TRUE",
        domain.startswith("."),
        path,
        True,
        secure.upper() == "TRUE",
        ends_at or None,
        not ends_at,
        None,
        None,
        {},
    )


def write_cookies(path: str, cookies: Iterable[Cookie]) -> None:
    """Replace the file at ``path``, in one step and readable by its owner alone.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile  # not for everybody

    jar = MozillaCookieJar()
    for cookie in cookies:
        jar.set_cookie(cookie)
    target = Path(path)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    os.close(descriptor)
    try:
        jar.save(name, ignore_discard=True, ignore_expires=True)
        os.replace(name, path)  # noqa: PTH105 - str in, str out
    except BaseException:  # a cancel too: undone, then raised again
        os.unlink(name)  # noqa: PTH108 - as above
        raise
