"""The links of an HTML page, by a pattern on their file names. Pure; must not fetch.

The page is a stranger's: only links to the page's own origin count, so that nothing that
was given for it (headers, logins) can be led elsewhere.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

from tui_dl.domain.errors import UsageError
from tui_dl.domain.urls import parse_url

MOST_LINKS = 10_000


def matching_links(page: str, page_url: str, pattern: str) -> list[str]:
    """Return the addresses that ``page`` links to and whose file name fits, each once.

    ``pattern`` is that of a shell: ``*.iso``. Names are compared as they read, percent
    signs undone. Fragments are cut.

    Raises:
        UsageError: there are more than 10,000.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    origin = parse_url(page_url).origin
    base = urljoin(page_url, reader.base) if reader.base else page_url
    found: dict[str, None] = {}
    for link in reader.links:
        url = _joined(base, link)
        if url is None or not fnmatchcase(_file_name(url), pattern):
            continue
        if parse_url(url).origin == origin:
            found[url] = None
        if len(found) > MOST_LINKS:
            raise UsageError(f"The page has more than {MOST_LINKS} links that fit {pattern!r}.")
    return list(found)


class _Reader(HTMLParser):
    """Collects what anchors point to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the address of an anchor, and the first base."""
        href = next((value for name, value in attrs if name == "href" and value), None)
        if href is None:
            return
        if tag == "a":
            self.links.append(href.strip())
        elif tag == "base" and not self.base:
            self.base = href.strip()


def _joined(base: str, link: str) -> str | None:
    """Return a link as a whole URL without its fragment, ``None`` when it is none of ours."""
    try:
        url = urljoin(base, link).partition("#")[0]
        parse_url(url)
    except (ValueError, UsageError):  # mailto:, javascript:, a broken address
        return None
    return url


def _file_name(url: str) -> str:
    path = parse_url(url).target.partition("?")[0]
    return unquote(path.rpartition("/")[2])
