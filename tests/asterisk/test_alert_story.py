"""A supervisor's stories, on real Asterisk and a real mosquitto: what is told, in which order, and when it is over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dialer_testbed.world import TALK_S, crowd, scripted

from tests.asterisk.floor_rig import Bed, House
from tests.broker import Broker, Supervisor

pytestmark = pytest.mark.asterisk

GOOD = crowd(ring_s=0.5, talk_s=1)
CONGESTED = [scripted("congestion", talk_s=float(talk), x=x) for talk in TALK_S for x in range(10)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def supervisor(broker: Broker) -> Iterator[Supervisor]:
    listening = Supervisor(broker.port)
    yield listening
    listening.close()


@contextmanager
def floor(bed: Bed, broker: Broker, name: str, **dialing: object) -> Iterator[House]:
    """A floor of four agents whose campaign calls good numbers, told on the broker in English."""
    settings = {
        "mqtt__enabled": True,
        "mqtt__port": broker.port,
        "mqtt__attempts": True,
        "alerts__language": "en",
        "alerts__window_s": 30,
        "alerts__clear_s": 1,
        "alerts__hold_s": 0,
        **{f"dialing__{key}": value for key, value in dialing.items()},
    }
    with bed.house(name, **settings) as house:
        house.start()
        house.add_campaign("sample", wrap_up_s=0)
        house.call_agents(house.hire("sample", range(1001, 1005)))
        yield house


@pytest.fixture
def house(bed: Bed, broker: Broker, tmp_path: Path) -> Iterator[House]:
    """A floor that goes on whatever its trunk does."""
    with floor(bed, broker, tmp_path.name, trunk_failures=0) as house:
        yield house


def test_a_trunk_fails_and_another_carries_the_calls_until_it_works(
    bed: Bed, broker: Broker, supervisor: Supervisor, tmp_path: Path
) -> None:
    """1. People talk. 2. The trunk brings congestion alone. 3. The other one carries the calls. 4. It works again."""
    backup = {bed.testbed.trunk: bed.testbed.second_trunk}
    with floor(bed, broker, tmp_path.name, backup_trunks=backup, trunk_failures=4, trunk_probe_s=3) as house:
        _call(house, GOOD[:400], "people")
        supervisor.until("trunk/carrier/state", state="ok")

        bed.testbed.fail_trunk("carrier")
        failed_at = supervisor.until("attempt/sample/ended", result="congestion")[0]
        raised_at, _, raised = supervisor.until("alert/system/trunk_avoided", state="raised", severity="warning")
        assert (raised["subject"], raised["threshold"]) == ("carrier", 4)
        assert "Its calls go over: carrier2" in raised["cause"]
        avoided_at = supervisor.until("trunk/carrier/state", state="avoided", instead="carrier2")[0]
        carried_at = supervisor.until("trunk/carrier2/state", state="ok")[0]
        assert "calls go over carrier2" in house.troubles()
        house.wait_for(lambda: _tries(house) >= 2, "two calls that try the trunk")

        bed.testbed.mend_trunk("carrier")
        mended_at = time.time()
        resolved_at, _, resolved = supervisor.until("alert/system/trunk_avoided", state="resolved", limit_s=60)
        assert resolved["alert_id"] == raised["alert_id"]
        supervisor.until("trunk/carrier/state", state="ok", instead=None)
        assert failed_at < raised_at < carried_at < resolved_at
        assert avoided_at < mended_at < resolved_at

        # Only the calls that showed that the trunk is dead and those that tried it failed, each person was called once.
        house.cli("campaign", "stop", "sample")
        lost = house.rows("SELECT count(*) FROM attempts WHERE result = 'congestion'")[0][0]
        assert lost <= 4 + 4 + _tries(house)
        assert "works again" in house.troubles()
        house.expect_sound()


def test_a_dead_trunk_with_no_other_does_not_use_up_the_list(
    bed: Bed, broker: Broker, supervisor: Supervisor, tmp_path: Path
) -> None:
    with floor(bed, broker, tmp_path.name, trunk_failures=4, trunk_probe_s=2) as house:
        bed.testbed.fail_trunk("carrier")
        _call(house, GOOD[:60], "people")
        supervisor.until("alert/system/trunk_avoided", state="raised", severity="critical")
        supervisor.until("campaign/sample/state", dial_reason="trunk_failing")
        house.wait_for(lambda: _tries(house) >= 2, "two calls that try the trunk")
        assert house.made() <= 4 + 4 + _tries(house) + 1

        bed.testbed.mend_trunk("carrier")
        supervisor.until("alert/system/trunk_avoided", state="resolved")
        house.until_worked()
        assert sum(house.reached().values()) == 60
        house.expect_sound()


def _tries(house: House) -> int:
    """Calls that went out to try a trunk."""
    question = "SELECT count(*) FROM attempt_steps WHERE reason LIKE 'originate sent, to try %'"
    return int(house.rows(question)[0][0])


def test_a_trunk_fails_and_recovers(house: House, supervisor: Supervisor) -> None:
    """1. People are called and talk. 2. The trunk answers every call with congestion. 3. It works again."""
    _call(house, GOOD[:12], "before")
    supervisor.until("attempt/sample/connected")
    supervisor.until("trunk/carrier/state", state="ok")
    supervisor.until("agent/1001/state", campaign_id="sample")

    _call(house, CONGESTED[:20], "failing")
    failed_at = supervisor.until("attempt/sample/ended", result="congestion")[0]
    raised_at, _, raised = supervisor.until("alert/system/trunk_failing", state="raised")
    # Twenty calls fail within a moment: it may be critical at once.
    assert (raised["subject"], raised["threshold"]) in {("carrier", 30), ("carrier", 60)}
    assert "pjsip show endpoint carrier" in raised["hint"]
    supervisor.until("trunk/carrier/state", state="failing")
    supervisor.until("alerts/state", worst="trunk_failing", worst_alert_id=raised["alert_id"])

    _call(house, GOOD[12:80], "after")
    resolved_at, _, resolved = supervisor.until("alert/system/trunk_failing", state="resolved", limit_s=120)
    assert resolved["alert_id"] == raised["alert_id"]
    assert resolved["resolved_at"] is not None
    supervisor.until("alerts/state", standing=0)
    _expect_order(supervisor, failed_at, raised_at, resolved_at)
    house.expect_no_fault()


def _call(house: House, numbers: list[str], name: str) -> None:
    """One more list for the campaign, which may have finished meanwhile."""
    house.import_numbers(numbers, "sample", name)
    house.cli("campaign", "start", "sample")


def _expect_order(supervisor: Supervisor, failed_at: float, raised_at: float, resolved_at: float) -> None:
    """Cause before alert, alert before resolution; of one alert nothing is told after its resolution."""
    assert failed_at < raised_at < resolved_at
    states = [told["state"] for _, topic, told in supervisor.heard if topic == "alert/system/trunk_failing"]
    assert states[0] == "raised"
    assert states[-1] == "resolved"
    assert set(states[1:-1]) <= {"changed"}


def test_asterisk_is_out_of_reach_and_back(house: House, supervisor: Supervisor) -> None:
    supervisor.until("pbx/state", state="up")
    supervisor.forget()
    house.wire.refuse()
    supervisor.until("pbx/state", state="down")
    _, _, raised = supervisor.until("alert/system/ami_lost", state="raised", severity="critical")
    assert "Nothing is dialed" in raised["cause"]

    acked = house.cli("alerts", "ack", raised["alert_id"])
    supervisor.until("alert/system/ami_lost", state="acknowledged", acknowledged_by=acked["alert"]["acknowledged_by"])
    listed = house.cli("alerts", "list")["alerts"]
    assert [alert["kind"] for alert in listed] == ["ami_lost"]

    commands = [(each["origin"], each["command"]) for each in house.cli("trail")["commands"]]
    assert commands[0] == ("socket", "alert_ack")
    assert ("socket", "campaign_create") in commands

    house.wire.mend()
    _, _, resolved = supervisor.until("alert/system/ami_lost", state="resolved")
    assert resolved["alert_id"] == raised["alert_id"]
    supervisor.until("pbx/state", state="up")
    assert house.cli("alerts", "list")["alerts"] == []
    resolved_kinds = "SELECT kind FROM alerts WHERE resolved_at IS NOT NULL"
    house.wait_for(lambda: house.rows(resolved_kinds) == [("ami_lost",)], "the resolution to be on record")


def test_an_agents_phone_that_cannot_be_reached_is_told_until_it_answers(house: House, supervisor: Supervisor) -> None:
    settings = {"phone": "agent-none", "line_mode": "on_line", "pin": "2468", "name": ""}
    house.ask("agent_add", agent_id="1099", campaign_id="sample", **settings)
    for _ in range(2):
        _ring_in_vain(house, supervisor)
    _, _, raised = supervisor.until("alert/sample/agent_unreachable", state="raised", subject="1099")
    assert raised["campaign_id"] == "sample"

    house.ask("agent_set", agent_id="1099", phone="agent-1006")
    house.call_agents([1099])
    _, _, resolved = supervisor.until("alert/sample/agent_unreachable", state="resolved")
    assert resolved["alert_id"] == raised["alert_id"]


def _ring_in_vain(house: House, supervisor: Supervisor) -> None:
    supervisor.forget()
    house.ask("agent_call", agent_id="1099")
    house.until_state(1099, "offline")
