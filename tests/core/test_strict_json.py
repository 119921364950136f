"""JSON that is no plain data, from files and browsers."""

from __future__ import annotations

import pytest

from foreworld.core.strict_json import MAX_DEPTH, MAX_ENTRIES, parse

BAD = {
    "[" * 70 + "]" * 70: "nested more than 64 deep",
    "[" * 100_000: "nested more than 64 deep",
    '{"a":' * 900 + "1" + "}" * 900: "nested more than 64 deep",
    "9" * 400: "too large",
    "-" + "9" * 400: "too large",
    "[18446744073709551616]": "too large",
    "9" * 5000: "digits",
    "1e999": "too large",
    '{"a": [-1e999]}': "too large",
    "NaN": "NaN is no number",
    "[Infinity]": "Infinity is no number",
    '"\\ud800"': "surrogates",
    "": "Expecting value",
    "[1,": "Expecting value",
}


@pytest.mark.parametrize(("text", "why"), BAD.items(), ids=range(len(BAD)))
def test_what_is_refused(text, why):
    for given in (text, text.encode()):
        with pytest.raises(ValueError, match=why):
            parse(given)


def test_too_many_values_are_not_even_read():
    with pytest.raises(ValueError, match="more than 3,000,000 values"):
        parse(b"[" + b"," * MAX_ENTRIES + b"]")


def test_what_is_plain_is_read():
    deep = "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH
    assert parse('{"a": [1, -2.5, true, null, "ö"]}') == {
        "a": [1, -2.5, True, None, "ö"]
    }
    assert parse("18446744073709551615") == 2**64 - 1
    assert parse("-9223372036854775808") == -(2**63)
    assert str(parse(deep)) == deep
