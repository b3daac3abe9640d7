"""The record cannot be written, for a while: dialing stops loudly, talks go on, and nothing is lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.asterisk.floor_rig import LOAD_AGENTS, Bed, House, fill, small_disk

pytestmark = pytest.mark.asterisk


def test_a_full_disk_stops_dialing_until_there_is_room(bed: Bed, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 32768) as disk, bed.house("disk", daemon__state_dir=str(disk)) as house:
        house.store_folder = disk
        house.start()
        house.load()
        house.expect_dialing()
        filler = fill(disk)
        _expect_stopped(house)
        filler.unlink()
        _expect_resumed(house)


def test_a_store_that_another_program_keeps_locked_stops_dialing_until_it_is_let_go(bed: Bed) -> None:
    with bed.house("locked") as house:
        house.start()
        house.load()
        house.expect_dialing()
        with closing(sqlite3.connect(house.store, timeout=10, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            _expect_stopped(house)
            other.execute("ROLLBACK")
        _expect_resumed(house)


def _expect_stopped(house: House) -> None:
    """Dialing ends, the journal and the status say so, and talks go on to their end."""
    house.wait_for(lambda: bool(house.told("dialing_stopped")), "dialing to stop")
    house.wait_for(lambda: not house.calls("load"), "calls under way to end")
    reached = house.reached()
    assert "cannot be written" in house.troubles()
    house.wait_for(lambda: {house.agent(agent) for agent in LOAD_AGENTS} == {"ready"}, "the talks to end")
    for _ in range(200):
        assert house.calls("load") == {}
    assert house.reached() == reached


def _expect_resumed(house: House) -> None:
    house.wait_for(lambda: bool(house.told("dialing_resumed")), "dialing to go on")
    house.expect_dialing()
    house.cli("campaign", "pause", "load")
    open_attempts = "SELECT id FROM attempts WHERE ended_at IS NULL"
    house.wait_for(lambda: not house.calls("load") and not house.rows(open_attempts), "every attempt to end")
    house.expect_sound()
