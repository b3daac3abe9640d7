"""The doctor's checks of the machine."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from dialer.config_file import parse
from dialer.control import doctor
from dialer.control.doctor import check_clock, check_disk, check_machine, check_time_zones
from dialer.control.floor_view import _check_store
from dialer.control.services import StoreOnly
from dialer.store.opening import open_store


def test_a_disk_with_too_little_room_is_found(tmp_path: Path) -> None:
    assert check_disk(tmp_path, 1).ok
    assert not check_disk(tmp_path, 10**12).ok


def test_a_folder_that_is_not_there_is_found(tmp_path: Path) -> None:
    check = check_disk(tmp_path / "none", 1)

    assert not check.ok
    assert check.fix == f"mkdir -p {tmp_path}/none"


@pytest.mark.parametrize(("now", "ok"), [(0.0, False), (1_700_000_000.0, False), (1_800_000_000.0, True)])
def test_a_clock_of_the_past_is_found(now: float, ok: bool) -> None:
    assert check_clock(now).ok == ok


@pytest.mark.parametrize(
    ("found", "ok"), [(None, False), ("2025.2", False), ("2026.2", False), ("2026.3", True), ("2027.1", True)]
)
def test_time_zones_older_than_2026c_are_found(found: str | None, ok: bool) -> None:
    check = check_time_zones(found)

    assert check.ok == ok
    assert bool(check.fix) != ok


def test_a_missing_tzdata_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda _name: _raise())

    assert doctor._tzdata_version() is None


def _raise() -> str:
    raise PackageNotFoundError


def test_every_check_tells_what_was_seen(tmp_path: Path) -> None:
    checks = list(check_machine(parse("", tmp_path / "dialer.toml")))

    assert [check.name for check in checks] == ["config", "ami secret", "disk", "clock", "time zones"]
    assert all(check.seen and (check.ok or check.fix) for check in checks)


async def test_the_trunks_that_stand_in_for_others_are_looked_at_too(tmp_path: Path) -> None:
    text = '[daemon]\nstate_dir = "."\n[dialing]\ntrunk = "carrier"\nbackup_trunks = { carrier = "other" }\n'
    loaded = parse(text, tmp_path / "dialer.toml")
    async with open_store(loaded.config.store_path, create=True):
        check, trunks = await _check_store(StoreOnly(loaded))
    assert (check.ok, trunks) == (True, {"carrier", "other"})
