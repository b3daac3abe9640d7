"""A campaign under French law with leads, and a way to type commands on it."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import (  # noqa: F401 - fixtures
    Dialer,
    _own_settings,
    daemon,
    dialer,
)

CONSENT = "2026-10-01T09:00:00+02:00,acme,furniture,form-17"
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
