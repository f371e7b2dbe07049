"""Keys of addresses and hosts."""

import sys
from unicodedata import normalize

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.normalise import email_key, host_key, split_user_id

ANY_TEXT = st.text(st.characters(exclude_categories=()))
ADDRESSES = st.builds("{}@{}".format, ANY_TEXT, ANY_TEXT)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", ""),
        (" \t\n ", ""),
        ("Mona@Octo-Corp.Example", "mona@octo-corp.example"),
        ("  mona@octo-corp.example\r\n", "mona@octo-corp.example"),
        ("jane+tag@x.example", "jane+tag@x.example"),
        ("j.doe@x.example", "j.doe@x.example"),
        ("RENÉ@x.example", "rené@x.example"),
        ("Rene\u0301@x.example", "rené@x.example"),
        ("STRAẞE@x.example", "straße@x.example"),
        ("mona@Bücher.Example", "mona@xn--bcher-kva.example"),
        ("mona@XN--BCHER-KVA.example", "mona@xn--bcher-kva.example"),
        ("mona@例え。jp", "mona@xn--r8jz45g.jp"),
        ("mona@ＯＣＴＯ.example", "mona@octo.example"),
        ("a@b@C.example", "a@b@c.example"),
        ("Mona@under_score.example", "mona@under_score.example"),
        ("mona@É\u0000.Example", "mona@é\u0000.example"),
        ("no-at-sign", "no-at-sign"),
        ("@", "@"),
    ],
)
def test_email_key(written: str, key: str) -> None:
    assert email_key(written) == key


def test_different_people_stay_apart() -> None:
    written = ["strasse@x.example", "straße@x.example", "j.doe@x.example", "jdoe@x.example", "ı@x.example"]
    assert len({email_key(value) for value in written}) == len(written)


@given(st.one_of(ANY_TEXT, ADDRESSES))
def test_email_key_is_total_and_stable(value: str) -> None:
    key = email_key(value)
    assert email_key(key) == key
    assert (key == "") == (value.strip() == "")


@given(ANY_TEXT)
def test_host_key_is_total_and_stable(value: str) -> None:
    assert host_key(host_key(value)) == host_key(value)


def test_every_character_that_folding_changes_is_stable_in_both_parts() -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    changed = [char for char in characters if char.lower() != char or normalize("NFKC", char) != char]
    assert len(changed) > 5_000
    for char in changed:
        once = email_key(f"a{char}b@a{char}b.example")
        assert email_key(once) == once, hex(ord(char))


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_the_short_way_of_ascii_domains_is_what_uts46_says(domain: str) -> None:
    try:
        expected = idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return
    assert host_key(domain) == expected


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("GHE-tokyo.octo-corp.example:17", ("ghe-tokyo.octo-corp.example", 17)),
        ("example_host_name.com:123", ("example_host_name.com", 123)),
        ("ghe.example:8443:9", ("ghe.example:8443", 9)),
        ("[2001:db8::1]:9", ("[2001:db8::1]", 9)),
        ("ghe.example", None),
        ("ghe.example:", None),
        (":9", None),
        ("ghe.example:9a", None),
        ("ghe.example:-9", None),
        ("ghe.example:٣", None),
        ("ghe.example:" + "9" * 19, None),
        ("", None),
    ],
)
def test_split_user_id(value: str, parts: tuple[str, int] | None) -> None:
    assert split_user_id(value) == parts


@given(ANY_TEXT)
def test_split_user_id_is_total(value: str) -> None:
    parts = split_user_id(value)
    assert parts is None or parts[1] < 10**18
