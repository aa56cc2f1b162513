"""Metalink documents on the command line: by path, by address, and as lists name them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cli.processes import Place
from tests.support.fault_server import FaultServer, Resource, check_file, sha256_of
from tests.support.nginx import Nginx

SIZE = 300_000
PIECE = 65_536


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "target").mkdir()
    return Place(tmp_path)


def file_element(name: str, urls: list[str], seed: int = 1, spoil: int | None = None) -> str:
    body = Resource(path="/", size=SIZE, seed=seed).body
    hexes = [
        hashlib.sha256(body.read(at, min(SIZE, at + PIECE))).hexdigest()
        for at in range(0, SIZE, PIECE)
    ]
    if spoil is not None:
        hexes[spoil] = "0" * 64
    pieces = "".join(f"<hash>{text}</hash>" for text in hexes)
    addresses = "".join(f'<url priority="{n}">{url}</url>' for n, url in enumerate(urls, 1))
    return (
        f'<file name="{name}"><size>{SIZE}</size>'
        f'<hash type="sha-256">{sha256_of(seed, SIZE)}</hash>'
        f'<pieces type="sha-256" length="{PIECE}">{pieces}</pieces>{addresses}</file>'
    )


def document(*files: str) -> str:
    return f'<metalink xmlns="urn:ietf:params:xml:ns:metalink">{"".join(files)}</metalink>'


def test_a_document_by_path_gives_all_its_files(place: Place, fault_server: FaultServer) -> None:
    one = fault_server.add(Resource(path="/1", size=SIZE))
    two = fault_server.add(Resource(path="/2", size=SIZE, seed=2))
    dead = fault_server.url("/dead")
    text = document(file_element("a.bin", [dead, one]), file_element("sub/b.bin", [two], seed=2))
    (place.folder / "both.meta4").write_text(text)

    done = place.run("get", "-d", "target", "both.meta4")

    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.decode().split()) == [
        f"{place.target}/a.bin",
        f"{place.target}/sub/b.bin",
    ]
    check_file(place.target / "a.bin", 1, SIZE)
    check_file(place.target / "sub/b.bin", 2, SIZE)
    assert b"sha256 agrees" in done.stderr


def test_version_3_by_the_address_of_a_real_server(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x", size=SIZE))
    root = place.folder / "root"
    root.mkdir()
    (root / "c.metalink").write_text(
        '<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="c.bin">'
        f'<verification><hash type="sha256">{sha256_of(1, SIZE)}</hash></verification>'
        f'<resources><url type="http">{url}</url></resources></file></files></metalink>'
    )
    with Nginx(root) as server:
        followed = place.run("get", "-d", "target", server.url("/c.metalink"))
        itself = place.run("get", "-d", "target", "--no-follow-metalink", server.url("/c.metalink"))

    assert followed.stdout.decode() == f"{place.target}/c.bin\n", followed.stderr
    check_file(place.target / "c.bin", 1, SIZE)
    assert itself.stdout.decode() == f"{place.target}/c.metalink\n"


def test_a_list_names_a_document_and_the_name_of_its_file(
    place: Place, fault_server: FaultServer
) -> None:
    url = fault_server.add(Resource(path="/x", size=SIZE))
    text = document(file_element("theirs.bin", [url]))
    doc = fault_server.add(Resource(path="/d.meta4", literal=text.encode()))
    (place.folder / "list").write_text(f"{doc}\n  out=mine.bin\n  dir=target\n")

    done = place.run("get", "-i", "list")

    assert done.stdout.decode() == f"{place.target}/mine.bin\n", done.stderr
    check_file(place.target / "mine.bin", 1, SIZE)


def test_what_was_given_for_the_document_stays_with_its_origin(
    place: Place, fault_server: FaultServer
) -> None:
    """Trap H31: the document may name any host."""
    with FaultServer() as other:
        there = other.add(Resource(path="/x", size=SIZE))
        here = fault_server.add(Resource(path="/y", size=SIZE, seed=2))
        text = document(file_element("x", [there]), file_element("y", [here], seed=2))
        doc = fault_server.add(Resource(path="/doc", literal=text.encode()))

        done = place.run("get", "-d", "target", "-M", doc, "-H", "X-Key: secret")

        assert done.returncode == 0, done.stderr
        assert {request.header("x-key") for request in other.requests()} == {None}
    assert {request.header("x-key") for request in fault_server.requests()} == {"secret"}


def test_a_piece_that_does_not_agree_is_exit_3(place: Place, fault_server: FaultServer) -> None:
    url = fault_server.add(Resource(path="/x", size=SIZE))
    (place.folder / "x.meta4").write_text(document(file_element("x", [url], spoil=2)))

    done = place.run("get", "-d", "target", "x.meta4")

    assert done.returncode == 3, done.stderr
    assert f"Bytes {2 * PIECE} to {3 * PIECE - 1}".encode() in done.stderr
    assert not (place.target / "x").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html/>", b"names no file that can be fetched over HTTP"),
        ("no xml", b"Could not parse Metalink XML document"),
        (document(file_element("../x", ["http://127.0.0.1/x"])), b"Bad file@name"),
        (document(file_element("x", ["ftp://127.0.0.1/x"])), b"names no file"),
    ],
)
def test_a_document_that_is_none_is_refused_before_anything(
    place: Place, text: str, words: bytes
) -> None:
    (place.folder / "x.meta4").write_text(text)

    done = place.run("get", "x.meta4")

    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert b"x.meta4" in done.stderr
