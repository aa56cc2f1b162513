"""Lists of digests in the forms that sites publish."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.domain.checksum_files import digests_for, parse_checksum_file
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import Digest

A, B, MD5 = "a1" * 32, "B2" * 32, "0c" * 16


def found(text: str, *names: str) -> tuple[Digest, ...]:
    return digests_for(parse_checksum_file(text), names, where="SUMS")


def test_text_and_binary_marks_are_no_part_of_a_name() -> None:
    text = f"{A}  a.iso\n{B} *b.iso\n"

    assert found(text, "a.iso") == (Digest("sha256", A),)
    assert found(text, "b.iso") == (Digest("sha256", B.lower()),)


def test_the_form_of_bsd_names_its_algorithm() -> None:
    text = f"SHA256 (a (1).iso) = {A}\nMD5 (a (1).iso) = {MD5}\nRMD160 (a (1).iso) = {'1' * 40}\n"

    assert found(text, "a (1).iso") == (Digest("sha256", A), Digest("md5", MD5))


def test_folders_line_ends_marks_and_signatures_do_not_matter() -> None:
    text = (
        "\ufeff-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n# a comment\r\n"
        f"{A} *./pool/main/a.iso\r\n-----BEGIN PGP SIGNATURE-----\r\niQIz\r\n"
    )

    assert found(text, "a.iso") == (Digest("sha256", A),)


def test_one_lonely_number_speaks_of_any_file() -> None:
    assert found(f"{A}\n", "a.iso") == (Digest("sha256", A),)


def test_the_first_name_that_is_listed_counts() -> None:
    text = f"{A}  a.iso\n{B}  current.iso\n"

    assert found(text, "mine.iso", "current.iso", "a.iso")[0].hex == B.lower()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{A}  b.iso\n", "SUMS does not name a.iso; it has b.iso."),
        ("".join(f"{A}  {n}\n" for n in "bcdef"), "it has b, c, d and 2 more."),
        ("<html>404</html>", "SUMS holds no checksum in a form that is known."),
        (f"{A}  a.iso\n{B}  old/a.iso\n", "SUMS names a.iso twice, with different checksums."),
        (f"{A}\n{B}\n", "SUMS does not name a.iso; it has 2 checksums without names."),
    ],
)
def test_what_does_not_settle_it_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        found(text, "a.iso")
    assert caught.value.message.endswith(sentence)


@pytest.mark.parametrize("tagged", [False, True])
def test_what_sha256sum_writes_is_read(tmp_path: Path, tagged: bool) -> None:
    names = ["plain.bin", "two words", "back\\slash", "line\nend", "(odd) = name"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    argv = ["sha256sum", *(["--tag"] if tagged else []), "--", *names]
    written = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    lines = parse_checksum_file(written)

    assert [line.name for line in lines] == names


@moderate
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for line in parse_checksum_file(text):
        assert line.digest.hex == line.digest.hex.lower()
