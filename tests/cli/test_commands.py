"""The simulated machines as programs of their own: they say where they are, work, and end when told to."""
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from appliance.simulate.collector import Collector


@contextmanager
def program(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-m", f"appliance.simulate.{module}", *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert errors == ""
    finally:
        process.kill()
        process.wait()


def test_pvoutput_prints_its_address_and_answers():
    with program("pvoutput", "--port", "0", "--api-key", "ab" * 20) as server:
        url = server.stdout.readline().strip()
        answer = requests.get(f"{url}getsystem.jsp", timeout=30, headers={
            "X-Pvoutput-Apikey": "ab" * 20, "X-Pvoutput-SystemId": "12345"})
        assert answer.status_code == 200


def test_the_collector_prints_its_address_and_answers():
    with program("collector", "--port", "0") as server:
        address = server.stdout.readline().strip()
        answer = requests.post(f"http://{address}/Data/SMS2DataCollector.aspx", data=b"100\n", timeout=30)
        assert answer.text.startswith("1002\t")


def test_the_pvs_sends_heartbeats_to_the_collector_it_is_given():
    with Collector() as collector, program("pvs", "--collector", "{}:{}".format(*collector.address)):
        deadline = time.time() + 60
        while not collector.received and time.time() < deadline:
            time.sleep(0.05)
        assert collector.received[0].body.startswith(b"100\tSPMS\t10\t")
