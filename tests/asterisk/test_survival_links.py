"""The link to Asterisk, Asterisk itself and FastAGI fail under load: dialing stops loudly, and resumes."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dialer_testbed.audio import sound_times
from dialer_testbed.world import scripted

from tests.asterisk.floor_rig import LOAD_AGENTS, Bed, House

pytestmark = pytest.mark.asterisk

OUT_S = 30  # long enough for every time limit, backoff and call under way to have run out


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[House]:
    """A daemon under load for all tests here."""
    with bed.house("links") as house:
        house.start()
        house.load()
        yield house
        house.cli("campaign", "pause", "load")
        open_attempts = "SELECT id FROM attempts WHERE ended_at IS NULL"
        house.wait_for(lambda: not house.rows(open_attempts), "every attempt to end")
        house.expect_sound()


def _until_link(house: House, *, up: bool, limit_s: float = 30) -> None:
    house.wait_for(lambda: house.status()["link"]["up"] is up, f"the link to be {'up' if up else 'down'}", limit_s)


def _expect_no_dialing(house: House, for_s: float = 1) -> None:
    """For that long no call is reserved. That none is made without, ``expect_sound`` sees at the carrier."""
    began_at, ends_at = time.time(), time.monotonic() + for_s
    while time.monotonic() < ends_at:
        assert house.status()["link"]["up"] is False
    assert house.rows("SELECT id FROM attempts WHERE reserved_at > ?", began_at) == []


def _until_lost(house: House, times: int) -> None:
    house.wait_for(lambda: len(house.told("ami_link_lost")) >= times, "the loss to be noticed")


def test_a_cut_link_is_mended_and_dialing_goes_on(house: House) -> None:
    house.expect_dialing()
    losses = len(house.told("ami_link_lost"))
    for again in range(3):
        house.wire.cut()
        _until_lost(house, losses + again + 1)
        _until_link(house, up=True)
    house.expect_dialing()
    assert "Asterisk is out of reach" in house.troubles()
    house.expect_sound()


def test_a_refused_link_stops_dialing_until_it_is_taken_again(house: House) -> None:
    house.wire.refuse()
    _until_link(house, up=False)
    _expect_no_dialing(house, OUT_S)
    assert house.status()["link"]["why"]
    house.wire.mend()
    _until_link(house, up=True)
    house.expect_dialing()
    house.expect_sound()


def test_a_frozen_link_is_noticed_and_stops_dialing_until_it_thaws(house: House) -> None:
    house.wire.freeze()
    _until_link(house, up=False)
    _expect_no_dialing(house, OUT_S)
    assert "frozen" in house.troubles()
    house.wire.thaw()
    _until_link(house, up=True)
    house.expect_dialing()
    house.expect_sound()


def test_asterisk_killed_and_restarted_ends_its_calls_and_dialing_goes_on(house: House) -> None:
    house.testbed.kill_pbx()
    _until_link(house, up=False)
    _expect_no_dialing(house)
    house.testbed.start_pbx()
    _until_link(house, up=True, limit_s=60)
    house.wait_for(lambda: {house.agent(a) for a in LOAD_AGENTS} == {"offline"}, "the agents' lines to be gone")
    house.call_agents(LOAD_AGENTS)
    house.expect_dialing()
    house.expect_sound()


def test_a_frozen_daemon_leaves_nobody_in_silence(house: House) -> None:
    number = scripted("person", ring_s=0.5, talk_s=5)
    house.add_campaign("frozen", wrap_up_s=0)
    house.import_numbers([number], "frozen", "frozen")
    house.testbed.record(number)
    house.call_agents(house.hire("frozen", [1020]))
    house.cli("campaign", "start", "frozen")
    house.wait_for(lambda: bool(house.calls("frozen")), "the call to be dialed", step_s=0.01)
    assert house.daemon is not None
    house.daemon.send_signal(signal.SIGSTOP)
    try:
        house.wait_for(lambda: any(row.number == number and row.ended_at for row in house.carried()), "end")
    finally:
        house.daemon.send_signal(signal.SIGCONT)
    house.until_worked("frozen")

    assert sound_times(house.testbed.heard(number))[0] < 3
    row = house.outcome("frozen")
    assert (row["result"], row["abandoned"], row["agent_id"]) == ("answered", True, None)
    house.expect_dialing()
    house.expect_sound()


def test_fastagi_out_of_reach_stops_dialing_until_it_is_reached_again(house: House) -> None:
    house.expect_dialing()
    lost = len(house.told("route_unreachable"))
    with _fastagi_at(house, port=9):
        house.wait_for(lambda: len(house.told("route_unreachable")) > lost, "the daemon to notice")
        house.wait_for(lambda: not house.calls("load"), "calls under way to end")
        quiet_since = time.time()
        assert "over FastAGI" in house.troubles()
        assert all(house.calls("load") == {} for _ in range(200))
        assert house.rows("SELECT id FROM attempts WHERE reserved_at > ?", quiet_since) == []
    house.expect_dialing()
    assert len(house.told("route_reached")) > lost
    house.expect_sound()


@contextmanager
def _fastagi_at(house: House, port: int) -> Iterator[None]:
    """The dialplan looks for the daemon at another port, for a while."""
    setting = "dialplan set global DIALER_FASTAGI agi://127.0.0.1:{}"
    house.testbed.pbx_cli(setting.format(port))
    try:
        yield
    finally:
        house.testbed.pbx_cli(setting.format(house.testbed.ports.fastagi))
