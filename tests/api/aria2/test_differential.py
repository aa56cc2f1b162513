"""The same calls to Debian's aria2c and to ours: statuses and bodies must be equal.

What differs on purpose stands in a list with its reason, and must differ.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.aria2.peers import ARIA2C, Peer, both
from tests.support.fault_server import FaultServer, Resource, status

pytestmark = pytest.mark.skipif(ARIA2C is None, reason="aria2c is not installed")

SECRET = '"token:the-secret"'
NEVER = "http://127.0.0.1:9/never"
NOBODY = '"deadbeefdeadbeef"'
SIZE = 3_000_000


def call(method: str, params: str = "") -> bytes:
    more = f",{params}" if params else ""
    return f'{{"id":"1","method":"{method}","params":[{SECRET}{more}]}}'.encode()


ENVELOPES: list[bytes] = [
    b'{"id":1.9,"method":"x","params":["token:the-secret"]}',
    b'{"id":{"b":1,"a":[null,1.5]},"method":"x","params":["token:the-secret"]}',
    b'{"id":0,"method":"x","params":["token:the-secret",1,2,3]}',
    b'{"json-rpc":"2.0","id":"1","method":"x","params":["token:the-secret"]}',
    b'{"id":"1","method":5}',
    b'{"id":"1","method":"x","params":{}}',
    b'{"id":"1","method":"x","params":null}',
    b'{"id":"1","method":"system.listNotifications"}',
    b'{"id":"1","method":"system.listNotifications","params":{}}',
    b'{"method":"x","params":{}}',
    b'{"id":"1","params":{}}',
    b"{}",
    b"[]",
    b'"x"',
    b"5",
    b"true",
    b"null",
    b"",
    b"   ",
    b"x",
    b'[{"id":1}',
    b"{'id':1}",
    b'\xef\xbb\xbf{"id":"1"}',
    b'{"id":99999999999999999999,"method":"x"}',
    b'{"id":"\\ud800","method":"x"}',
    b"[" * 50 + b"]" * 50,
    b"[" * 51 + b"]" * 51,
    b'[1,2,{"id":"1","method":"x","params":["token:the-secret"]},{}]',
    b'{"id":"1","method":"aria2.getGlobalStat"}',
    b'{"id":"1","method":"aria2.nosuch","params":["token:wrong"]}',
]
PARAMETERS: list[bytes] = [
    call("aria2.addUri"),
    call("aria2.addUri", '"x"'),
    call("aria2.addUri", "[]"),
    call("aria2.addUri", "[5,null]"),
    call("aria2.addUri", f'["{NEVER}"],[]'),
    call("aria2.addUri", f'["{NEVER}"],null'),
    call("aria2.addUri", f'["{NEVER}"],{{}},"0"'),
    call("aria2.addUri", f'["{NEVER}"],{{}},-1'),
    call("aria2.addUri", f'["{NEVER}"],{{"split":"0"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"pause":"1"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"gid":"zz"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"gid":"0000000000000000"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"max-download-limit":"1G"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"checksum":"sha-1=00"}}'),
    call("aria2.addUri", f'["{NEVER}"],{{"all-proxy":"http://h:99999"}}'),
    call("aria2.addUri", '["file:///a"]'),
    call("aria2.addUri", '["foo"]'),
    call("aria2.addUri", '["http://"]'),
    call("aria2.tellStatus"),
    call("aria2.tellStatus", "5"),
    call("aria2.tellStatus", '"zz"'),
    call("aria2.tellStatus", '"invalid gid"'),
    call("aria2.tellStatus", '""'),
    call("aria2.tellStatus", '"0"'),
    call("aria2.tellStatus", f"{NOBODY},5"),
    call("aria2.tellWaiting"),
    call("aria2.tellWaiting", "0"),
    call("aria2.tellWaiting", '"0",1'),
    call("aria2.tellWaiting", "0,-1"),
    call("aria2.tellWaiting", '0,1,"a"'),
    call("aria2.tellStopped", "0"),
    call("aria2.tellActive", '"a"'),
    call("aria2.changePosition", NOBODY),
    call("aria2.changePosition", f"{NOBODY},0"),
    call("aria2.changePosition", f'{NOBODY},"0","POS_SET"'),
    call("aria2.changePosition", f'{NOBODY},0,"POS_SET"'),
    call("aria2.changeUri", NOBODY),
    call("aria2.changeUri", f"{NOBODY},0,[],[]"),
    call("aria2.changeUri", f"{NOBODY},1,[]"),
    call("aria2.changeOption", NOBODY),
    call("aria2.changeOption", f'{NOBODY},{{"split":"0"}}'),
    call("aria2.changeGlobalOption"),
    call("aria2.changeGlobalOption", "5"),
    call("aria2.changeGlobalOption", '{"split":"0"}'),
    call("aria2.changeGlobalOption", '{"nosuch":"0"}'),
    call("aria2.changeGlobalOption", '{"max-concurrent-downloads":"0"}'),
    call("aria2.addMetalink"),
    call("aria2.addMetalink", '"!!"'),
    call("aria2.addMetalink", '"aGFsbG8="'),
    call("aria2.addMetalink", '"PGZvby8+"'),
    call("aria2.saveSession"),
    call("aria2.nosuch", "1"),
    *(
        call(f"aria2.{name}", NOBODY)
        for name in (
            *("remove", "forceRemove", "pause", "forcePause", "unpause", "getUris", "getFiles"),
            *("getServers", "getOption", "removeDownloadResult"),
        )
    ),
    b'{"id":"1","method":"system.multicall","params":[]}',
    b'{"id":"1","method":"system.multicall","params":["x"]}',
    b'{"id":"1","method":"system.multicall","params":["token:the-secret",[]]}',
    b'{"id":"1","method":"system.multicall","params":[[1,{},{"methodName":5},'
    b'{"methodName":"system.multicall"},{"methodName":"x","params":["token:the-secret"]},'
    b'{"methodName":"aria2.tellStatus","params":["token:the-secret","zz"]},'
    b'{"methodName":"aria2.tellActive","params":{}},{"methodName":"aria2.tellActive"}]]}',
]
DIFFERENT: dict[bytes, str] = {
    b'{"a":1}x': "text behind the value is no JSON",
    b'{"id":1e3,"method":"system.listNotifications"}': "1e3 is 1000, not 1",
    call("aria2.addMetalink", '"!!",[]'): "one browser extension sends [] for no options",
    call("aria2.getPeers", NOBODY): "as a build without BitTorrent: no such method",
    call("aria2.addTorrent", '"aGFsbG8="'): "as a build without BitTorrent: no such method",
    call("aria2.addUri", f'["{NEVER}"],{{"dry-run":"true","gid":"zz"}}'): "it would download",
    call("aria2.addUri", f'["{NEVER}"],{{"dir":"/etc","gid":"zz"}}'): "not below an allowed folder",
}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Peer, Peer]]:
    async with both(tmp_path) as (theirs, ours):
        yield theirs, ours


async def test_bad_bodies_and_parameters(pair: tuple[Peer, Peer]) -> None:
    theirs, ours = pair
    for body in (*ENVELOPES, *PARAMETERS):
        expected = await theirs.raw(body)
        assert expected[0] != 0
        assert await ours.raw(body) == expected, body
    for body, reason in DIFFERENT.items():
        assert await ours.raw(body) != await theirs.raw(body), f"no longer differs: {reason}"


async def test_gets(pair: tuple[Peer, Peer]) -> None:
    theirs, ours = pair
    params = "WyJ0b2tlbjp0aGUtc2VjcmV0Il0="
    for query in (
        "",
        "?",
        "?method=system.listNotifications",
        "?method=system.listNotifications&id=",
        "?method=system.listNotifications&id=5",
        "?method=&id=",
        f"?method=aria2.tellActive&id=5&params={params}",
        f"?method=aria2.tellActive&id=a%22b&params={params}",
        f"?method=aria2.tellActive&id=a+b&params={params.replace('=', '%3D')}",
        "?method=aria2.tellActive&id=5&params=W10",
        "?method=aria2.tellActive&id=5&params=!!",
        "?method=aria2.tellActive&id=5&params=eA==",
        "?method=aria2.tellActive&id=5&params=e30=",
        "?params=W10%3D",
        "?params=bnVsbA==",
        "?id=5&params=W10%3D",
    ):
        expected = await theirs.get(f"/jsonrpc{query}")
        assert await ours.get(f"/jsonrpc{query}") == expected, query


Step = tuple[str, list[Any], str]
LINE: list[Step] = [
    ("addUri", [[f"{NEVER}/a"], {"pause": "true"}], "a"),
    ("addUri", [[f"{NEVER}/b", f"{NEVER}/b2"], {"pause": "true", "split": "3"}], "b"),
    ("addUri", [[f"{NEVER}/c"], {"pause": "true", "out": "named"}, 0], "c"),
    ("addUri", [[f"{NEVER}/d"], {"pause": "true", "gid": "00000000000000DD"}, 1], "d"),
    ("addUri", [["foo", f"{NEVER}/e"], {"pause": "true", "max-download-limit": "20K"}, 99], "e"),
    ("addUri", [[f"{NEVER}/d"], {"gid": "00000000000000dd"}], ""),
    ("tellStatus", ["@a"], ""),
    ("tellStatus", ["@b"], ""),
    ("tellStatus", ["@c", ["files", "status", "nosuch"]], ""),
    ("tellStatus", ["00000000000000D", ["gid"]], ""),
    ("getFiles", ["@b"], ""),
    ("getUris", ["@b"], ""),
    ("getServers", ["@a"], ""),
    *[
        ("tellWaiting", [*offset, ["gid"]], "")
        for offset in ((0, 10), (1, 2), (-1, 2), (-3, 10), (-99, 9), (100, 9), (0, 0))
    ],
    ("tellStopped", [-1, 10], ""),
    ("tellActive", [], ""),
    ("getGlobalStat", [], ""),
    ("pause", ["@a"], ""),
    ("forcePause", ["@a"], ""),
    ("removeDownloadResult", ["@a"], ""),
    ("changePosition", ["@a", 0, "POS_SET"], ""),
    ("changePosition", ["@a", 99, "POS_SET"], ""),
    ("changePosition", ["@a", -1, "POS_CUR"], ""),
    ("changePosition", ["@c", -1, "POS_END"], ""),
    ("changePosition", ["@c", 0, "POS_X"], ""),
    ("tellWaiting", [0, 10, ["gid"]], ""),
    ("changeUri", ["@b", 2, [], []], ""),
    ("changeUri", ["@b", 1, [f"{NEVER}/b", "http://x/"], [f"{NEVER}/n", "foo"], 0], ""),
    ("getUris", ["@b"], ""),
    ("changeOption", ["@a", {"split": "7", "header": ["A: 1", "B: 2"]}], ""),
    ("changeOption", ["@a", {"split": "x"}], ""),
    ("changeOption", ["@a", {"out": "other"}], ""),
    ("getFiles", ["@a"], ""),
    ("remove", ["@b"], ""),
    ("tellStatus", ["@b"], ""),
    ("forceRemove", ["@c"], ""),
    ("tellStopped", [0, 10], ""),
    ("purgeDownloadResult", [], ""),
    ("pauseAll", [], ""),
    ("forcePauseAll", [], ""),
    ("getGlobalStat", [], ""),
    ("changeGlobalOption", [{"max-overall-download-limit": "1M"}], ""),
]


async def test_a_line_of_paused_downloads(pair: tuple[Peer, Peer]) -> None:
    theirs, ours = pair
    for method, params, save in LINE:
        expected = await theirs.call(f"aria2.{method}", *params, save=save)
        assert await ours.call(f"aria2.{method}", *params, save=save) == expected, (method, params)


OPTIONS_OF_OURS_ALONE = {"no-want-digest-header"}
"""New in aria2 1.37; Debian's is 1.36."""
OTHER_DEFAULTS = {
    *("connect-timeout", "timeout", "user-agent", "split", "max-connection-per-server"),
    "file-allocation",
}
"""The engine's own, told as they are; aria2c was started without allocation here."""
FOREIGN = (
    "bt-",
    "ftp-",
    "enable-peer-exchange",
    "follow-torrent",
    "seed-ratio",
    "max-upload-limit",
)
"""Options of protocols that are not spoken here."""


async def test_options_of_one_download(pair: tuple[Peer, Peer]) -> None:
    theirs, ours = pair
    given = {
        "pause": "true",
        "split": "5",
        "max-connection-per-server": "5",
        "max-download-limit": "1M",
        "header": ["A: 1", "B: 2"],
        "http-user": "u",
        "http-passwd": "p",
        "referer": "http://127.0.0.1/r",
        "out": "o",
        "checksum": "md5=" + "0" * 32,
        "max-tries": "7",
        "retry-wait": "3",
        "min-split-size": "2M",
        "continue": "",
        "no-netrc": "true",
        "all-proxy": "",
        "timeout": " 9",
    }
    for peer in pair:
        await peer.call("aria2.addUri", [NEVER], given, save="a")
    told = [(await peer.call("aria2.getOption", "@a"))[1]["result"] for peer in (theirs, ours)]
    known = {name: value for name, value in told[0].items() if not name.startswith(FOREIGN)}
    assert set(told[1]) - set(known) == OPTIONS_OF_OURS_ALONE
    assert set(known) - set(told[1]) == set()
    differing = {name for name, value in known.items() if told[1][name] != value}
    assert differing <= OTHER_DEFAULTS
    assert told[1]["timeout"] == "9"


async def test_global_options(pair: tuple[Peer, Peer]) -> None:
    theirs, ours = pair
    told = [(await peer.call("aria2.getGlobalOption"))[1]["result"] for peer in (theirs, ours)]
    shared = set(told[0]) & set(told[1])
    assert len(shared) > 50
    assert set(told[1]) - set(told[0]) == OPTIONS_OF_OURS_ALONE
    assert {name for name in shared if told[0][name] != told[1][name]} <= OTHER_DEFAULTS


OTHER_WORDS = {"errorMessage", "uris"}
"""Messages are the engine's own sentences; aria2 lists an address once a connection."""


def comparable(struct: dict[str, Any]) -> dict[str, Any]:
    """Return a struct without what differs on purpose."""
    kept = {name: value for name, value in struct.items() if name not in OTHER_WORDS}
    kept["files"] = [
        {name: value for name, value in file.items() if name not in OTHER_WORDS}
        for file in struct["files"]
    ]
    return kept


async def test_ends(pair: tuple[Peer, Peer], fault_server: FaultServer) -> None:
    theirs, ours = pair
    url = fault_server.add(Resource(path="/file.bin", size=SIZE))
    empty = fault_server.add(Resource(path="/empty", size=0))
    slow = fault_server.add(Resource(path="/slow", size=SIZE, rate_bps=1000))
    broken = fault_server.add(Resource(path="/broken", size=10), status(500))
    sums = {"checksum": "md5=" + "0" * 32}
    for peer in pair:
        await peer.call("aria2.addUri", [url], {}, save="done")
        await peer.wait("done", "complete")
        await peer.call("aria2.addUri", [empty], {}, save="empty")
        await peer.wait("empty", "complete")
        await peer.call("aria2.addUri", [fault_server.url("/missing")], {}, save="missing")
        await peer.wait("missing", "error")
        await peer.call("aria2.addUri", [broken], {"max-tries": "1"}, save="broken")
        await peer.wait("broken", "error")
        await peer.call("aria2.addUri", [url], {**sums, "out": "sums"}, save="sums")
        await peer.wait("sums", "error")
        await peer.call("aria2.addUri", [slow], {}, save="slow")
        await peer.wait("slow", "active")
    for name in ("done", "empty", "missing", "broken", "sums"):
        expected, found = [
            (await peer.call("aria2.tellStatus", f"@{name}"))[1]["result"] for peer in pair
        ]
        assert set(found) == set(expected), name
        assert comparable(found) == comparable(expected), name
    for name in ("done", "missing", "slow"):
        for method in ("unpause", "removeDownloadResult"):
            if (method, name) == ("removeDownloadResult", "missing"):
                continue
            expected = await theirs.call(f"aria2.{method}", f"@{name}")
            assert await ours.call(f"aria2.{method}", f"@{name}") == expected, (method, name)
    for method, params in (
        ("getUris", ["@missing"]),
        ("getServers", ["@missing"]),
        ("remove", ["@missing"]),
        ("changeOption", ["@missing", {"split": "1"}]),
        ("changeUri", ["@missing", 1, [], []]),
        ("changePosition", ["@slow", 0, "POS_SET"]),
        ("changePosition", ["@missing", 0, "POS_SET"]),
        ("tellActive", [["gid", "status"]]),
        ("tellStopped", [0, 9, ["gid", "status", "errorCode"]]),
        ("tellStopped", [-1, 2, ["gid"]]),
        ("remove", ["@slow"]),
        ("remove", ["@slow"]),
        ("tellStatus", ["@slow", ["status", "errorCode", "errorMessage"]]),
        ("purgeDownloadResult", []),
        ("tellStopped", [0, 9]),
        ("tellStatus", ["@slow"]),
    ):
        expected = await theirs.call(f"aria2.{method}", *params)
        assert await ours.call(f"aria2.{method}", *params) == expected, (method, params)
    expected, found = [(await peer.call("aria2.getGlobalStat"))[1]["result"] for peer in pair]
    assert set(found) == set(expected)
    assert json.dumps(found | {"downloadSpeed": "0"}) == json.dumps(
        expected | {"downloadSpeed": "0"}
    )
