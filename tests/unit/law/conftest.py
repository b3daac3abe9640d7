"""A campaign under French law with leads, and a way to type commands on it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.rules import load_preset, next_opening
from tests.unit.cli.conftest import (  # noqa: F401 - fixtures
    Dialer,
    _own_settings,
    daemon,
    dialer,
)

# Relative to today, for a consent grows old and the daemon's clock is the machine's.
_NOW = datetime.now(UTC).replace(hour=23, minute=0, second=0, microsecond=0)
_OPENING = next_opening(load_preset("fr"), ("Europe/Paris",), _NOW)
assert _OPENING is not None
ON_A_DAY = (_OPENING + timedelta(hours=1)).isoformat()  # at eleven
AT_LUNCH = (_OPENING + timedelta(hours=3, minutes=30)).isoformat()
AFTER_LUNCH = (_OPENING + timedelta(hours=4)).astimezone(ZoneInfo("Europe/Paris")).isoformat()
AROUND = ("--from", str(_OPENING.date() - timedelta(days=1)), "--to", str(_OPENING.date() + timedelta(days=1)))
GIVEN = _NOW - timedelta(days=30)
CONSENT = f"{GIVEN.isoformat()},acme,furniture,form-17"
EXPIRED = f"{(GIVEN - timedelta(days=365)).isoformat()},acme,furniture,form-16"
HEADER = "phone,last_name,postcode,consent_at,consent_principal,consent_object,consent_proof"
FIRST, SECOND, THIRD = "+33142000001", "+33142000002", "+33142000003"


@pytest.fixture
def french(dialer: Dialer) -> Dialer:  # noqa: F811
    """Campaign ``summer`` of acme, which sells furniture; three leads, the third without consent."""
    dialer.ok("campaign", "create", "summer", "--principal", "acme", "--sector", "furniture", "--basis", "consent")
    write_people(dialer.folder / "people.csv", f"{FIRST},Un,75001,{CONSENT}", f"{SECOND},Deux,75001,{CONSENT}")
    return dialer


def write_people(path: Path, *rows: str) -> str:
    """A file of leads."""
    path.write_text("\n".join([HEADER, *rows, f"{THIRD},Trois,75001,,,,"]) + "\n")
    return str(path)
