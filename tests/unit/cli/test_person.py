"""``dialer person`` and ``dialer retention``: shown, taken along, erased; with and without a daemon."""

import json
import stat

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.control.live_services import LiveServices

NUMBER = "+33199000001"
FILE = "id,name,phone\nA,Zyxwena Quorvath,01 99 00 00 01\nB,Other,01 99 00 00 02\n"


@pytest.fixture
def listed(campaign: Dialer) -> Dialer:
    """With two people in a list."""
    (campaign.folder / "people.csv").write_text(FILE)
    campaign.ok("leads", "import", str(campaign.folder / "people.csv"), "--campaign", "summer")
    return campaign


def test_a_person_is_shown_by_any_way_to_write_a_number(listed: Dialer) -> None:
    told = listed.ok("person", "show", "01 99 00 00 01")

    assert "Zyxwena Quorvath" in told
    assert "1 leads" in told
    assert "Other" not in told
    assert listed.ok("person", "show", "-", given="0199000001\n") == told


def test_an_export_is_one_json_document_for_its_owner_alone(listed: Dialer) -> None:
    file = listed.folder / "person.json"

    listed.ok("person", "export", NUMBER, "--output", str(file))

    held = json.loads(file.read_text())
    assert held["leads"][0]["fields"]["name"] == "Zyxwena Quorvath"
    assert held["numbers"][0]["raw"] == "01 99 00 00 01"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(listed.ok("person", "export", NUMBER)) == held
    listed.fails(1, "person", "export", NUMBER, "--output", str(file))  # nothing is written over


def test_an_erased_person_is_gone_and_stays_away(listed: Dialer) -> None:
    told = listed.json("person", "erase", NUMBER, "--yes", "--compact")

    assert told["removed"]["leads"] == told["removed"]["numbers"] == 1
    assert told["compacted"]
    held = listed.json("person", "show", NUMBER)
    assert held["leads"] == held["numbers"] == []
    assert [wish["reason"] for wish in held["suppressions"]] == ["erasure"]
    again = listed.json("leads", "import", str(listed.folder / "people.csv"), "--campaign", "summer")
    assert (again["new"], again["duplicates"]) == (1, 1)  # the file has them again; the wish stands
    assert [wish["reason"] for wish in listed.json("person", "show", NUMBER)["suppressions"]] == ["erasure"]


def test_erasing_asks_first(listed: Dialer) -> None:
    refused = listed.type("person", "erase", NUMBER, given="n\n")

    assert refused.exit_code == 1
    assert "1 leads" in refused.stderr
    assert len(listed.json("person", "show", NUMBER)["leads"]) == 1


def test_who_is_not_known_cannot_be_erased(listed: Dialer) -> None:
    assert "Nothing is held" in listed.fails(2, "person", "erase", "+33199009999", "--yes")
    assert "no number" in listed.fails(2, "person", "show", "0123")


def test_the_store_is_not_rewritten_under_a_running_campaign(listed: Dialer) -> None:
    listed.ok("campaign", "start", "summer")

    assert "running" in listed.fails(1, "person", "erase", NUMBER, "--yes", "--compact")
    assert len(listed.json("person", "show", NUMBER)["leads"]) == 1


def test_the_daemon_erases_for_the_command_line_and_says_so_masked(listed: Dialer, daemon: LiveServices) -> None:
    assert listed.json("person", "erase", NUMBER, "--yes")["wal_cleared"]

    assert listed.json("person", "show", NUMBER)["leads"] == []
    assert daemon.live


def test_retention_says_what_it_would_take_out(listed: Dialer) -> None:
    assert listed.json("retention", "run", "--dry-run") == {
        "dry_run": True,
        "removed": {"records": 0, "callbacks": 0, "leads": 0, "proofs": 0, "other_attempts": 0, "commands": 0},
    }
    assert "Taken out:" in listed.ok("retention", "run")
