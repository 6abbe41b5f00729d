"""Texts from the wire reach SQLite and come back."""
import sqlite3

import pytest

from appliance.records import storable


@pytest.mark.parametrize("text", ["plain", "a\x00b", "\x1b[31m", "Zähler", "日本", "\x7f\x80", "\ufffd"])
def test_texts_survive_as_they_are(text):
    assert storable(text) == text
    assert sqlite3.connect(":memory:").execute("SELECT ?", (storable(text),)).fetchone() == (text,)


def test_bytes_that_were_not_utf8_show_which_they_were():
    text = b"ab\xff\xfe".decode("utf-8", "surrogateescape")
    assert storable(text) == "ab\\udcff\\udcfe"
    assert sqlite3.connect(":memory:").execute("SELECT ?", (storable(text),)).fetchone() == ("ab\\udcff\\udcfe",)
