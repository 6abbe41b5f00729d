"""The hashes are werkzeug's, so a newer werkzeug could read them, and one that is not ours opens to nobody."""
from importlib.metadata import version

import pytest
from werkzeug import security

from webui.security.passwords import check_password_hash, generate_password_hash


def test_werkzeug_accepts_our_hash_and_we_accept_its() -> None:
    if tuple(map(int, version("werkzeug").split(".")[:2])) < (2, 3):
        pytest.skip("only for Werkzeug 2.3 and later, which knows scrypt")
    assert security.check_password_hash(generate_password_hash("pässword"), "pässword")
    assert check_password_hash(security.generate_password_hash("pässword", "scrypt:32768:8:1"), "pässword")


@pytest.mark.parametrize("stored", ["", "unreadable", "scrypt:2:8:1$salt$00", "pbkdf2:sha256:1$a$b", "$$"])
def test_what_is_no_hash_of_ours_fits_no_password(stored: str) -> None:
    assert not check_password_hash(stored, "")


def test_the_wrong_password_does_not_fit() -> None:
    assert not check_password_hash(generate_password_hash("one password"), "another password")
