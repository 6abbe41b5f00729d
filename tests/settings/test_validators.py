"""Checks of single settings: what is right comes back as it is kept inside, what is wrong is a ValueError."""
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.settings import validators

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


@pytest.mark.parametrize(("check", "value", "kept"), [
    (validators.one_of("auto", "+", "-"), "+", "+"),
    (validators.integer_between(1, 10), 10, 10),
    (validators.flag, False, False),
    (validators.matches(r"[a-z]+"), "abc", "abc"),
    (validators.zone, "America/Los_Angeles", "America/Los_Angeles"),
    (validators.port_list, [80, 8080, 80], (80, 8080)),
    (validators.service_url, "https://pvoutput.invalid/service/r2", "https://pvoutput.invalid/service/r2/"),
    (validators.service_url, "http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
    (validators.absolute_path, "/var/lib/suntap", Path("/var/lib/suntap")),
])
def test_a_right_value_is_kept(check: Any, value: Any, kept: Any) -> None:
    assert check(value) == kept


@pytest.mark.parametrize(("check", "value"), [
    (validators.one_of("auto", "+"), "*"), (validators.one_of("1"), 1),
    (validators.integer_between(1, 10), 11), (validators.integer_between(0, 1), True),
    (validators.integer_between(1, 10), 5.0),
    (validators.flag, 1), (validators.flag, "true"),
    (validators.matches(r"[a-z]+"), "abc\n"), (validators.matches(r"[0-9]+"), 7),
    (validators.zone, "Mars/Olympus"), (validators.zone, ""), (validators.zone, "../../etc/passwd"),
    (validators.port_list, []), (validators.port_list, [0]), (validators.port_list, list(range(1, 10))),
    (validators.service_url, "http://pvoutput.invalid/"), (validators.service_url, "https://user@host.invalid/"),
    (validators.service_url, "https://host.invalid:port/"), (validators.service_url, "https://host.invalid/?q"),
    (validators.absolute_path, "relative"), (validators.absolute_path, "/a\nb"),
])
def test_a_wrong_value_is_refused(check: Any, value: Any) -> None:
    with pytest.raises(ValueError):
        check(value)


@given(ANYTHING)
def test_whatever_stands_in_the_file_a_check_answers_or_raises_value_error(value: Any) -> None:
    for check in (validators.one_of("a"), validators.integer_between(0, 9), validators.flag, validators.matches("a*"),
                  validators.zone, validators.port_list, validators.service_url, validators.absolute_path):
        try:
            check(value)
        except ValueError:
            continue
