"""The real supervisor process with a PVOutput that answers late, wrongly or by half, or whose name is gone."""
import json
import time
from contextlib import closing

import pytest

from appliance import settings, store
from appliance.pvoutput import outbox
from appliance.simulate.pvoutput import Fault, PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.system.clock import Clock
from tests.cli.command import suntap
from tests.cli.processes import running, wait_for
from tests.faults.support import DAY, END, NOWHERE, RATE, ZONE, check_site, configured, nothing_waits

FAULTS = (Fault.ERROR, Fault.HTML, Fault.HALF, Fault.CLOSE, Fault.BUSY, Fault.FORGET, Fault.LATE)


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time(), END + 1800, RATE)


def test_every_fault_of_the_other_side_ends_with_the_truth_and_without_a_restart(roof, captures, tmp_path, clock):
    environment = {"SUNTAP_CLOCK": clock.to_environment()}
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        config = configured(tmp_path, server.url)
        assert suntap("import", *captures, "--config", config, **environment).code == 0
        with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment) as process:
            for fault in FAULTS:
                server.fail(fault, times=2, seconds=1.0)
                wait_for(lambda fault=fault: [request.fault for request in server.requests].count(fault) >= 2)
                wait_for(lambda: nothing_waits(tmp_path))
                with closing(store.connect(tmp_path / "data")) as connection:
                    outbox.resend_day(connection, str(DAY))
            wait_for(lambda: nothing_waits(tmp_path))
            assert process.poll() is None
        check_site(server, roof)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_name_that_is_gone_is_told_and_posting_goes_on_when_it_is_there(roof, captures, tmp_path, clock):
    environment = {"SUNTAP_CLOCK": clock.to_environment()}
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        config = configured(tmp_path, NOWHERE)

        def lamp() -> dict[str, str]:
            facts = json.loads(suntap("status", "--json", "--config", config, **environment).out)
            return next(each for each in facts["lamps"] if each["name"] == "upload")

        assert suntap("import", *captures, "--config", config, **environment).code == 0
        with running("run", "supervisor", "--config", config, log=tmp_path / "log", **environment):
            wait_for(lambda: "find the server's address" in (tmp_path / "log").read_text())
            wait_for(lambda: lamp()["state"] == "warn" and "find the server's address" in lamp()["text"])
            assert server.requests == []
            settings.update(config, {"pvoutput.url": server.url})
            wait_for(lambda: nothing_waits(tmp_path))
        check_site(server, roof)
    assert "Traceback" not in (tmp_path / "log").read_text()
