"""The page's limits fit each other, each is used, and what another room bounds too is bounded alike."""
import re

import pytest

from appliance.collector import listener
from tests.test_walls import ROOT
from webui import limits

NAMES = [name for name in vars(limits) if name.isupper()]


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_is_used_by_the_page(name: str) -> None:
    text = "".join(path.read_text() for path in (ROOT / "webui").rglob("*.py"))
    assert len(re.findall(rf"\b{name}\b", text)) >= 2, name


def test_what_lasts_long_leaves_threads_for_the_page() -> None:
    assert limits.DOWNLOADS + limits.HANDED_OVER_AT_ONCE < limits.THREADS < limits.CONNECTIONS


def test_an_upload_that_the_stand_in_takes_is_taken_for_it() -> None:
    assert limits.MAX_UPLOAD == listener.MAX_BODY


def test_a_form_fits_into_its_bounds_and_only_files_are_larger() -> None:
    assert limits.MAX_HEAD < limits.IN_MEMORY < limits.MAX_BODY
    assert all(size > limits.MAX_BODY for size in limits.LARGE.values()) and len(limits.LARGE) == 3


def test_a_neighbourhood_cannot_use_up_what_one_address_may() -> None:
    assert limits.ADDRESS_BURST < limits.TOTAL_BURST and limits.TOTAL_SECONDS < limits.ADDRESS_SECONDS
    assert limits.MAX_KNOWN < limits.MAX_ADDRESSES
