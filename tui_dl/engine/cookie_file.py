"""Cookies in Netscape's format: read before a run, written after it where the user asked.

Owns both files. Must not decide which cookie goes where: the jar does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from http.cookiejar import Cookie, CookieJar, LoadError, MozillaCookieJar
from pathlib import Path

from tui_dl.domain.errors import UsageError


def load_cookies(path: str | None) -> CookieJar:
    """Read a cookie file into a jar of one job.

    Raises:
        UsageError: the file cannot be read or is of another kind.
    """
    if path is None:
        return CookieJar()
    jar = MozillaCookieJar(path)
    try:
        jar.load(ignore_discard=True, ignore_expires=True)
    except (LoadError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The cookie file {path} cannot be read: {error}.") from error
    return jar


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
    except BaseException:
        os.unlink(name)  # noqa: PTH108 - as above
        raise
