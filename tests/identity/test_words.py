"""The words of a key and the code on a device's screen: no two are taken for each other."""

from __future__ import annotations

import unicodedata

from queue_server.contract import device as shared


def bare(word: str) -> str:
    marks = unicodedata.normalize("NFD", word.replace("đ", "d"))
    return "".join(letter for letter in marks if not unicodedata.combining(letter))


def test_there_are_256_words_that_differ_even_without_their_marks() -> None:
    assert len(shared.WORDS) == len({bare(word) for word in shared.WORDS}) == 256
    assert all(unicodedata.is_normalized("NFC", word) and word.islower() for word in shared.WORDS)


def test_the_words_and_the_name_of_a_key_stay_what_they_are() -> None:
    """A device of last year and a server of this one must show the same."""
    key = bytes(range(32))
    assert shared.keyid(key) == "Yw3NKWbEM2aRElRIu7JbT_"
    assert shared.words(key) == ("lược", "bắp", "trứng", "cơm")
    assert shared.user_code(key) == "RLFD-RVRJ"


def test_a_code_is_read_however_it_was_typed() -> None:
    code = shared.user_code(b"x" * 32)
    assert len(shared.plain_code(code)) == shared.CODE_CHARS
    assert not set(shared.plain_code(code)) & set("AEIOUY0O1I")
    assert shared.plain_code(f" {code.lower().replace('-', ' ')} ") == shared.plain_code(code)


def test_base64url_without_padding_and_nothing_else() -> None:
    for raw in (b"", b"a", b"ab", b"abc", bytes(range(32))):
        assert shared.decode(shared.encode(raw)) == raw
    for bad in ("a+b/", "ab=", "ä", "a b"):
        try:
            shared.decode(bad)
        except ValueError:
            continue
        raise AssertionError(bad)
