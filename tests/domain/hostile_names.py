"""Names that a server, a link or a person may send to do harm, or just out of bad luck.

``HOSTILE_NAMES`` are candidates as they stand after one percent-decoding. Tests of other
rooms reuse them for headers, disks and screens. Only data here.
"""

from __future__ import annotations

_TRAVERSAL = (  # N2
    "../evil", "../../evil", "../../../../../../../../etc/passwd", "..\\evil",
    "..\\..\\evil.exe", "/etc/passwd", "//etc/passwd", "///evil", "/", "//", "\\", "\\\\",
    "/..", "/../", "..", ".", "../", "./", "./evil", "././evil", "a/../b", "a/..", "a/.", "a/",
    "a\\", "a/b/c", "a\\b\\c", "a/..\\b", "..\\/evil", "../\\evil", "C:\\evil.exe",
    "C:evil.exe", "c:/evil.exe", "C:", "C:\\", "\\\\server\\share\\evil", "\\\\?\\C:\\evil",
    "\\\\.\\COM1", "file:///etc/passwd", "http://h/evil", "~/.ssh/authorized_keys", "~",
    "~root", "$HOME/x", "%2e%2e%2fevil", "..%2fevil", "..%5cevil", "%2fetc%2fpasswd",
    "....//evil", "..;/evil", ".. /evil", "../ evil", "..\x00/evil", "evil\x00.txt", "\x00",
    "\x00\x00", "..\u2215evil", "..\u2044evil", "..\uff0fevil", "..\uff3cevil",
    "\u2024\u2024/evil", "\uff0e\uff0e/evil", "\u200b../evil", ".\u200b./evil", ".\u200b.",
    "\u200b.\u200b.\u200b", "\u202e../evil",
)  # fmt: skip
_DOTS_AND_SPACES = (  # N4
    "", " ", "  ", "\t", "\n", "...", "....", ". ", " .", ". .", " . . ", ".a", "..a", "...a",
    ".bashrc", ".ssh", ".htaccess", "._a", "a.", "a..", "a...", "a ", "a  ", "a. ", "a .",
    "a. . .", " a", "  a", "\u00a0a\u00a0", "\u3000", "\u2003a.txt\u2003", "a .txt", "a. txt",
    "a..txt", "a.txt.", "a.txt ", "-", "--", "-rf", "--help", "- ", "_", "a\tb", "a\nb.txt",
    "a\r\nb", "\ta", "a\x0b", "a\x0c",
)  # fmt: skip
_DEVICES = tuple(  # N4
    form.format(name)
    for name in ("CON", "prn", "Aux", "NUL", "COM1", "lpt9", "COM\u00b9", "CONIN$", "conout$")
    for form in ("{}", "{}.txt", "{}.tar.gz", "{} .txt", " {}", "{}.", "{}:", "x/{}")
)
_FORBIDDEN = (  # N4
    "a<b", "a>b", "a:b", 'a"b', "a|b", "a?b", "a*b", '<>:"|?*', "a:$DATA", "a.txt::$DATA",
    "a?x=1&y=2", "a#b", "a%b", "a%00.txt", "100%.txt", "a;b", "a,b", "a=b", "a&b", "a'b",
    "a`b`", "$(id)", "`id`", "a;rm -rf x", "a|sh", "{a,b}", "[a]", "!a", "^a", "a\\", "'", '"',
    '""', "*", "?", "|", ":", "::",
)  # fmt: skip
_TERMINAL = (  # N3, S9
    "a\x1b[31mred", "\x1b]0;title\x07.zip", "\x1b]52;c;aGk=\x07.zip", "\x1b[2J", "\x1bc",
    "\x1bP+q\x1b\\", "a\x07", "a\x08\x08b", "a\x7fb", "\x9b31m", "\x9d0;t\x9c", "\x90x\x9c",
    "\x85", "a\x80b", "a\x0eb", "\x1b[10;1H", "a\rb", "a\x1b", "\x1b", "\x1b[?1049h",
    "\x1b_Gx\x1b\\", "[/].zip", "[red]x[/red].zip", "[@click=app.quit]x[/].zip", "[[nested]]",
    "[/", "]", "\\[x]", "{x}", "<b>x</b>", "&lt;", "%s%n", "{0}", "${x}",
)  # fmt: skip
_UNICODE = (  # N3, N5
    "evil\u202egnp.exe", "\u202eevil", "a\u202cb", "a\u2066b\u2069", "a\u200eb", "a\u200fb",
    "a\u061cb", "a\u200bb", "a\u200cb", "a\u200db", "\u200d", "\u200d\u200d", "a\u2060b",
    "\ufeffa", "a\u00adb", "a\u034fb", "a\u180eb", "a\u2028b", "a\u2029b", "\u3164", "\uffa0",
    "\u115f", "\u1160", "a\U000e0041b", "a\U000e0001b", "a\U000e0100b", "a\ufff9b\ufffbc",
    "a\ufffeb", "a\uffffb", "\ufdd0", "\ud800", "a\udcffb", "\udfff\ud800", "\ud83d.zip",
    "a\udc80.txt", "caf\u00e9.txt", "cafe\u0301.txt", "\u212bngstrom", "\u1e9b\u0323",
    "\ufb01le.txt", "\u0130.txt", "I\u0307.txt", "\u1100\u1161\u11a8.txt", "\u0301", "\u0301a",
    "<\u0338", "a\u0338/b", "A.TXT", "a.txt", "\u0410.txt", "\u0391.txt", "\uff21.txt",
    "stra\u00dfe.txt", "STRASSE.TXT", "\u65e5\u672c\u8a9e.txt", "\u0645\u0644\u0641.txt",
    "\u05e7\u05d5\u05d1\u05e5.txt", "\U0001f600.txt",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467.txt", "\U0001f44d\U0001f3fd.txt",
    "\U0001f1e9\U0001f1ea.txt", "\u2764\ufe0f.txt", "\u2764\ufe0f\u200d\U0001f525.txt",
    "\u200d\U0001f600", "\U0001f600\u200d", "\U0001f600\u200da", "\ufe0f\u200d\U0001f600",
    "\ufe0f", "a" + "\u0301" * 30 + ".txt", "\U0001f3fd", "\u20dda",
)  # fmt: skip
_LONG = (  # N4
    "a" * 231, "a" * 232, "a" * 255, "a" * 256, "a" * 5000, "a" * 300 + ".tar.gz",
    "a" * 227 + ".txt", "a" * 228 + ".txt", "a" * 254 + ".", ("a" * 250) + "." + "b" * 250,
    "." + "a" * 300, "\u00e9" * 134, "e\u0301" * 200 + ".txt", "\u65e5" * 100 + ".zip",
    "\U0001f600" * 80 + ".zip", "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 30 + ".zip",
    "\U0001f1e9\U0001f1ea" * 60 + ".txt", "a" + "\u0301" * 300 + ".txt", "\u0301" * 300,
    "\U0001f600" + "\u200d\U0001f600" * 100, "CON" + " " * 300 + "x", "CON." + "a" * 300,
    "CON" + "." * 300 + "x.txt", "nul." + "b" * 227, "a" * 229 + " .txt",
    "a" * 220 + "." * 20 + "b.txt", "a" * 225 + "   b.txt", " " * 300 + "a",
    "a" * 230 + "\u00e9", "a" * 229 + "\U0001f600", "a." * 200, ".a" * 200, "/" * 5000,
    "../" * 2000, "a/" * 2000 + "b", "\x1b" * 300, "\u200b" * 300, "<" * 300, "con/" * 100,
    "." * 300, "a" + "." * 300, "." + "x" * 230, "." * 3 + "y" * 229 + ".gz",
)  # fmt: skip
_HEADERS = (  # N1
    "=?UTF-8?B?ZXZpbA==?=", "=?utf-8?q?a=2Fb?=", "UTF-8''evil", 'a"; filename=evil',
    "a; filename*=x", "a\r\nSet-Cookie: x=1", "a\r\n\r\n<html>", "%E2%82%AC",
    "\u00e2\u201a\u00ac", "\u00c3\u00a9.txt", "index.html?download=1", "file.zip;jsessionid=1",
    "a.zip#part", "download", "download-1", "con-1", "x.part", "x.aria2", "desktop.ini",
    "Thumbs.db", "autorun.inf", "x.desktop", "x.lnk", "x.exe.txt",
)  # fmt: skip

HOSTILE_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *_TRAVERSAL,
            *_DOTS_AND_SPACES,
            *_DEVICES,
            *_FORBIDDEN,
            *_TERMINAL,
            *_UNICODE,
            *_LONG,
            *_HEADERS,
        )
    )
)
"""All of them, each once."""
