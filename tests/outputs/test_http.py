"""One bounded request to an address of the owner's: what comes back is short, printable and without the secret."""
from typing import Any

import pytest

from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.settings import Secret
from tests.outputs.hook import url_of


def test_words_from_outside_are_one_short_line() -> None:
    assert http.one_line("a\nb\tc\x1b[31m " + "x" * 999, Secret("")) == ("a b c?[31m " + "x" * 999)[:http.MAX_WORDS]
    assert "word" not in http.one_line("me:pass word", Secret("me:pass word"))


def ask(hook: Any, secret: str = "") -> http.Answer:
    return http.request("POST", url_of(hook), b"x", {"X-Mine": "1"}, Secret(secret))


def test_an_answer_has_status_headers_and_the_beginning_of_its_body_as_one_line(hook: Any) -> None:
    hook.behaviour = (418, {"X-Theirs": "2"}, b"short\r\nand\tstout" + b"!" * http.MAX_ANSWER)
    found = ask(hook)
    assert (found.status, found.headers["x-theirs"]) == (418, "2")
    assert found.text.startswith("short and stout!") and len(found.text) == http.MAX_WORDS
    assert hook.got[0][1]["X-Mine"] == "1" and hook.got[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(("said", "seconds"), [
    ("120", 120), ("0", 0), ("99999999", http.LONGEST_RETRY_S), ("soon", 0), ("-5", 0), ("1.5", 0), ("²", 0), ("", 0)])
def test_what_the_other_side_asks_to_wait_is_bounded(said: str, seconds: float) -> None:
    assert http.Answer(429, {"Retry-After": said}, "").retry_after_s == seconds
    assert http.Answer(429, {}, "").retry_after_s == 0


def test_a_redirect_is_an_answer_and_is_not_followed(hook: Any) -> None:
    hook.behaviour = (302, {"Location": "http://203.0.113.9/"}, b"")
    assert ask(hook).status == 302 and len(hook.got) == 1


def test_neither_a_proxy_nor_a_password_of_the_environment_comes_between(hook: Any, monkeypatch, tmp_path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password theirs\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(hook).status == 200 and "Authorization" not in hook.got[0][1]


@pytest.mark.parametrize(("url", "words"), [
    ("http://127.0.0.1:9/", "refused"), ("http://nosuch.invalid/", "resolved"), ("nonsense", "failed"),
    ("http://[::1", "failed")])
def test_a_request_that_cannot_be_made_has_its_reason_in_words(url: str, words: str) -> None:
    with pytest.raises(OutputError, match=words) as caught:
        http.request("POST", url, b"x", {}, Secret("hidden-word"))
    assert "hidden-word" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_connection_that_is_closed_without_an_answer_is_told(hook: Any) -> None:
    hook.behaviour = (None, {}, b"")
    with pytest.raises(OutputError, match="closed without an answer"):
        ask(hook)


@pytest.mark.parametrize(("secret", "said"), [
    ("me:pass word", "bad login me:pass word for pass word"), ("tk_12345", "no such token tk_12345")])
def test_a_secret_and_its_password_are_masked_wherever_they_are_repeated(secret: str, said: str) -> None:
    shown = http.one_line(said, Secret(secret))
    assert secret not in shown and "pass word" not in shown and "****" in shown
