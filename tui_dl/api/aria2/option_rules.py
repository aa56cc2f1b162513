"""Every option that the dialect knows: how its text is read, what it is when unset, where
it may be given. Recorded from aria2 1.36.

A value is text, brought into one form: sizes as plain bytes, flags as true or false. Must
not know what an option does: that is ``options.py``. What aria2 has for BitTorrent and FTP
is missing here as in a build without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from tui_dl.domain.digests import parse_checksum
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import parse_proxy

_COUNT = re.compile(r"\s*([+-]?[0-9]{1,19})\s*")
_SIZE = re.compile(r"\s*([+-]?[0-9]{1,19})\s*([kKmM]?)\s*")
_FACTORS = {"": 1, "k": 1024, "m": 1024 * 1024}
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LARGEST = 2**63 - 1

MIB = 1024 * 1024

Reader = Callable[[str], str]
"""Brings a value into its one form; raises ``ValueError`` for what aria2 refuses."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One option. ``default`` ``None``: not reported while unset."""

    name: str
    read: Reader
    default: str | None
    when_added: bool
    changeable: bool
    everywhere: bool
    """May be given to changeGlobalOption, for downloads that are added later."""


def read_flag(text: str) -> str:
    """Read true or false; nothing is true, as in ``--continue``."""
    if text in ("true", "false"):
        return text
    if not text:
        return "true"
    raise ValueError(text)


def read_never(text: str) -> str:
    """Read a flag that cannot be on: the engine would do what the caller rules out."""
    if read_flag(text) == "true":
        raise ValueError("not supported")
    return text


def count(low: int, high: int = _LARGEST) -> Reader:
    """Return a reader of whole numbers within both bounds."""

    def read(text: str) -> str:
        match = _COUNT.fullmatch(text)
        if match is None or not low <= int(match[1]) <= high:
            raise ValueError(text)
        return str(int(match[1]))

    return read


def size(low: int = 0, high: int = _LARGEST) -> Reader:
    """Return a reader of bytes: K and M count in 1024s."""

    def read(text: str) -> str:
        match = _SIZE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        number = int(match[1]) * _FACTORS[match[2].lower()]
        if not low <= number <= high:
            raise ValueError(text)
        return str(number)

    return read


def choice(*words: str) -> Reader:
    """Return a reader of one word out of some."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def read_text(text: str) -> str:
    """Read one line of any text."""
    if _CONTROLS.search(text):
        raise ValueError("a control character")
    return text


def read_lines(text: str) -> str:
    """Read lines: each ends with a line feed, empty ones fall away."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    return "".join(read_text(line) + "\n" for line in lines if line)


def read_checksum(text: str) -> str:
    """Read ``TYPE=HEX`` with a type that can be checked."""
    if "=" not in text:
        raise ValueError(text)
    digest = parse_checksum(text)
    name = digest.algorithm
    return f"{name if name == 'md5' else name.replace('sha', 'sha-')}={digest.hex}"


def read_proxy(text: str) -> str:
    """Read ``[http://][USER:PASSWORD@]HOST[:PORT]``; nothing clears."""
    if not text:
        return ""
    url = text if "://" in text else f"http://{text}"
    parse_proxy(url)
    return read_text(url)


def words(text: str) -> tuple[str, ...]:
    """Cut a list of names."""
    return tuple(text.split())


_FLAGS_OFF = words(
    "allow-overwrite allow-piece-length-change check-integrity conditional-get "
    "content-disposition-default-utf8 continue enable-http-pipelining enable-mmap "
    "http-accept-gzip http-auth-challenge http-no-cache no-netrc "
    "no-want-digest-header pause-metadata remote-time remove-control-file use-head"
)
_FLAGS_ON = words(
    "always-resume async-dns auto-file-renaming enable-http-keep-alive "
    "metalink-enable-unique-protocol realtime-chunk-checksum reuse-uri"
)
_NUMBERS: Mapping[str, tuple[Reader, str]] = {
    "split": (count(1), "5"),
    # aria2 stops at 16, this engine at 64.
    "max-connection-per-server": (count(1, 64), "1"),
    "min-split-size": (size(MIB, 1024 * MIB), str(20 * MIB)),
    "lowest-speed-limit": (size(), "0"),
    # aria2 stops at 600; the settings of this engine go further and must come back.
    "timeout": (count(1, 3600), "60"),
    "connect-timeout": (count(1, 600), "60"),
    "max-tries": (count(0), "5"),
    "retry-wait": (count(0, 600), "0"),
    "max-file-not-found": (count(0), "0"),
    "max-resume-failure-tries": (count(0), "0"),
    "no-file-allocation-limit": (size(), str(5 * MIB)),
    "max-mmap-limit": (size(), str(_LARGEST)),
}
_WORDS: Mapping[str, tuple[Reader, str]] = {
    "file-allocation": (choice("none", "prealloc", "trunc", "falloc"), "prealloc"),
    "follow-metalink": (choice("true", "false", "mem"), "true"),
    "metalink-preferred-protocol": (choice("http", "https", "ftp", "none"), "none"),
    "proxy-method": (choice("get", "tunnel"), "get"),
    "stream-piece-selector": (choice("default", "inorder", "random", "geom"), "default"),
    "uri-selector": (choice("inorder", "feedback", "adaptive"), "feedback"),
}
PROXY_NAMES = ("all-proxy", "http-proxy", "https-proxy")
_PROXY_LOGINS = tuple(f"{name}-{part}" for name in PROXY_NAMES for part in ("user", "passwd"))
_TEXTS = words(
    "referer http-user http-passwd no-proxy metalink-language metalink-location metalink-os "
    "metalink-version"
)


def _rules() -> Iterator[Rule]:
    for names, default in ((_FLAGS_OFF, "false"), (_FLAGS_ON, "true")):
        for name in names:
            yield Rule(name, read_flag, default, True, True, True)
    for name, (read, default) in (*_NUMBERS.items(), *_WORDS.items()):
        yield Rule(name, read, default, True, True, True)
    yield Rule("max-download-limit", size(), "0", True, True, True)
    yield Rule("force-save", read_flag, "false", True, True, True)
    yield Rule("save-not-found", read_flag, "true", True, True, True)
    yield Rule("dir", read_text, None, True, True, True)
    yield Rule("user-agent", read_text, None, True, True, True)
    yield Rule("header", read_lines, None, True, True, True)
    for name in (*_TEXTS, *_PROXY_LOGINS):
        yield Rule(name, read_text, None, True, True, True)
    for name in PROXY_NAMES:
        yield Rule(name, read_proxy, None, True, True, True)
    yield Rule("out", read_text, None, True, True, False)
    yield Rule("checksum", read_checksum, None, True, True, False)
    yield Rule("parameterized-uri", read_flag, "false", True, False, True)
    yield Rule("piece-length", size(MIB, 1024 * MIB), str(MIB), True, False, True)
    yield Rule("dry-run", read_never, "false", True, False, True)
    yield Rule("hash-check-only", read_never, "false", True, True, True)
    yield Rule("rpc-save-upload-metadata", read_flag, "true", True, False, True)
    yield Rule("metalink-base-uri", read_text, None, True, False, True)
    yield Rule("pause", read_flag, None, True, False, False)
    yield Rule("gid", read_text, None, True, False, False)
    yield Rule("max-concurrent-downloads", count(1), "5", False, False, True)
    yield Rule("max-overall-download-limit", size(), "0", False, False, True)
    yield Rule("max-overall-upload-limit", size(), "0", False, False, True)
    yield Rule("max-download-result", count(0), "1000", False, False, True)
    yield Rule("keep-unfinished-download-result", read_flag, "true", False, False, True)


RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _rules()})
"""All options by name."""
