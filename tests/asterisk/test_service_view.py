"""What an administrator sees of real calls: the metrics, the line in the journal, a reload while they talk."""

import re
import signal
from collections.abc import Iterator

import pytest
from dialer_testbed.rig import PIN
from dialer_testbed.world import scripted

from tests.asterisk.floor_rig import Bed, House, scraped
from tests.broker import free_port

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def house(bed: Bed, port: int) -> Iterator[House]:
    """One daemon with metrics on."""
    with bed.house("service", metrics__port=port) as house:
        house.start()
        yield house
        house.expect_no_fault()


def test_a_real_call_is_counted_and_told_and_a_reload_does_not_disturb_it(house: House, port: int) -> None:
    """1. dialed, answered; 2. the configuration is read again while they talk; 3. it ends; 4. numbers and journal."""
    house.add_campaign("seen", wrap_up_s=1)
    house.import_numbers([scripted("person", ring_s=0.2, talk_s=3, x=1)], "seen", "seen")
    house.hire("seen", [1001])
    house.testbed.phones.login(1001, "1001", PIN, wait_s=2)
    house.until_state(1001, "ready")
    assert scraped(port)['dialer_agents{campaign="seen",state="ready"}'] == 1
    house.cli("campaign", "start", "seen")
    house.until_state(1001, "talking")

    assert house.daemon is not None
    house.daemon.send_signal(signal.SIGHUP)
    house.wait_for(lambda: bool(house.told("config_reloaded")), "the reload", 20)
    talking = scraped(port)
    assert talking['dialer_calls{campaign="seen",state="connected"}'] == 1
    assert talking["dialer_ami_up"] == 1

    house.until_state(1001, "ready")
    house.until_worked("seen")
    after = scraped(port)
    row = house.outcome("seen")
    assert row["result"] == "answered"
    assert after['dialer_calls_ended_total{campaign="seen",result="answered"}'] == 1
    assert after['dialer_calls_connected_total{campaign="seen"}'] == 1
    assert after['dialer_answer_to_agent_seconds_count{campaign="seen"}'] == 1
    assert after['dialer_answer_to_agent_seconds_sum{campaign="seen"}'] < 2
    (line,) = [each for each in house.told("call_ended") if each["campaign"] == "seen"]
    assert line["call_id"] == row["attempt_id"]
    assert line["talked_s"] > 2
    assert re.search(r"•", line["number"])
