"""Drawn roofs with their faults come out as they were."""
import os
from pathlib import Path

import pytest

from appliance import ledger
from appliance.history import views
from tests.ledger.faulty import EVERY, METERS, WITHIN, Site, deviation
from tests.ledger.support import Box, folder

DRAWS = int(os.environ.get("SUNTAP_DRAWS", "12"))


@pytest.mark.parametrize("fault", EVERY)
def test_each_fault_alone_comes_out_within_half_a_percent(fault):
    site = Site(EVERY.index(fault) * 7 + 1, (fault,))
    share, where = deviation(site)
    assert share <= WITHIN, f"{site}: {where}"


@pytest.mark.parametrize("meter", METERS)
def test_each_kind_of_production_meter_comes_out_within_half_a_percent(meter):
    site = Site(METERS.index(meter) * 11 + 5, (), meter)
    share, where = deviation(site)
    assert share <= WITHIN, f"{site}: {where}"


@pytest.mark.parametrize("seed", [*range(5000, 5000 + DRAWS), 990032, 990043])
def test_a_drawn_site_comes_out_within_half_a_percent(seed):
    site = Site(seed)
    share, where = deviation(site)
    assert share <= WITHIN, f"{site}: {where}"


@pytest.mark.parametrize("seed", range(6000, 6004))
def test_no_order_of_arrival_and_no_rebuild_changes_anything(seed):
    site = Site(seed)
    uploads = site.uploads()
    shuffled = list(uploads)
    site.rng.shuffle(shuffled)
    with folder() as one, folder() as other:
        whole, pieces = Box(Path(one), site.settings()), Box(Path(other), site.settings())
        whole.deliver(*uploads)
        for start in range(0, len(shuffled), 97):
            pieces.deliver(*shuffled[start:start + 97])
        assert pieces.derived() == whole.derived(), site
        before = whole.derived()
        ledger.rebuild(whole.inbox, whole.store, whole.site)
        assert whole.derived() == before, site
        whole.close()
        pieces.close()


@pytest.mark.parametrize("seed", range(7000, 7004))
def test_day_by_day_gives_what_all_at_once_gives(seed):
    site = Site(seed)
    uploads = site.uploads()
    with folder() as one, folder() as other:
        whole, daily = Box(Path(one), site.settings()), Box(Path(other), site.settings())
        whole.deliver(*uploads)
        for day in sorted({upload.captured_us // 86_400_000_000 for upload in uploads}):
            daily.deliver(*(upload for upload in uploads if upload.captured_us // 86_400_000_000 == day))
        assert views.days(daily.store) == views.days(whole.store), site
        whole.close()
        daily.close()
