"""Tokens: 256 random bits shown once, kept as a hash, presented as Bearer or Basic and no other way."""
import base64

import pytest
from flask import Flask

from appliance.settings.validators import token_list
from webui.security import tokens

TOKEN, ENTRY = tokens.make("home assistant")
OTHER, OTHER_ENTRY = tokens.make("other")


def shown(header: str, entries: tuple[str, ...] = (OTHER_ENTRY, ENTRY)) -> bool:
    with Flask("x").test_request_context(headers={"Authorization": header} if header else {}):
        return tokens.presented(entries)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_what_is_kept_is_no_token_and_what_the_settings_take() -> None:
    assert TOKEN.startswith(tokens.PREFIX) and TOKEN not in ENTRY and TOKEN != OTHER
    assert token_list([ENTRY, OTHER_ENTRY]) == (ENTRY, OTHER_ENTRY)
    assert tokens.names([ENTRY, OTHER_ENTRY]) == ["home assistant", "other"]


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic(TOKEN)],
                         ids=["Bearer", "bearer with blanks", "Basic"])      # the token is another one in each run
def test_a_token_is_presented_as_bearer_or_as_the_password_of_basic(header: str) -> None:
    assert shown(header)


@pytest.mark.parametrize("header", [
    "", "Bearer", "Bearer ", f"Token {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {ENTRY}",
    f"Bearer {ENTRY.rpartition(':')[2]}", basic(""), "Basic !!!", basic("ü☀")], ids=range(12))
def test_anything_else_is_none(header: str) -> None:
    assert not shown(header.encode("utf-8").decode("latin-1"))


def test_a_token_that_was_withdrawn_is_none() -> None:
    assert not shown(f"Bearer {TOKEN}", (OTHER_ENTRY,)) and not shown(f"Bearer {TOKEN}", ())
