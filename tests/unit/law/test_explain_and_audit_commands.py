"""``dialer rules explain`` with the store's facts, and ``dialer audit``, as people type them."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import AFTER_LUNCH, AROUND, AT_LUNCH, FIRST, ON_A_DAY, SECOND, THIRD


@pytest.fixture
def loaded(french: Dialer) -> Dialer:
    """With its three leads, ids 1 to 3."""
    french.ok("leads", "import", str(french.folder / "people.csv"), "--campaign", "summer")
    return french


def test_a_lead_is_explained_with_all_that_the_store_knows(loaded: Dialer) -> None:
    allowed = loaded.json("rules", "explain", "--lead", "1", "--at", ON_A_DAY)
    assert (allowed["verdict"], allowed["case"]["number"]) == ("allow", FIRST)

    loaded.ok("consent", "withdraw", FIRST, "--campaign", "summer")

    blocked = loaded.json("rules", "explain", "--lead", "1", "--at", ON_A_DAY)
    assert (blocked["verdict"], blocked["rule"]) == ("block", "internal_suppression")
    assert "fr.withdrawal" in [r["rule"] for r in blocked["reasons"] if r["verdict"] == "block"]
    told = loaded.ok("rules", "explain", "--lead", "2", "--at", AT_LUNCH)
    assert told.startswith(f"Lead 2 (due) of campaign summer, number +3314•••••02, at {AT_LUNCH}:\n")
    assert f"postpone until {AFTER_LUNCH} (fr.hours)" in told
    assert SECOND not in told


def test_a_number_is_explained_as_its_lead_or_as_nobodys(loaded: Dialer) -> None:
    def verdict(number: str) -> tuple[str, str | None, int | None]:
        found = loaded.json("rules", "explain", "--campaign", "summer", "--number", number, "--at", ON_A_DAY)
        return found["verdict"], found["rule"], found["lead"] and found["lead"]["id"]

    assert verdict("01 42 00 00 01") == ("allow", None, 1)
    assert verdict(THIRD) == ("block", "fr.consent_valid", 3)
    assert verdict("0142000099") == ("block", "fr.consent_valid", None)
    loaded.ok("dnc", "add", "0142000099", "--everybody")
    found = loaded.json("rules", "explain", "--campaign", "summer", "--number", "0142000099", "--at", ON_A_DAY)
    assert found["case"]["suppressed"] is True


@pytest.mark.parametrize(
    "words",
    [
        ("--lead", "0"),
        ("--lead", "99"),
        ("--lead", "1", "--campaign", "summer"),
        ("--lead", "1", "--number", FIRST),
        ("--lead", "1", "--preset", "fr"),
        ("--lead", "1", "--at", "tomorrow"),
        ("--campaign", "summer"),
        ("--campaign", "nosuch", "--number", FIRST),
        ("--campaign", "summer", "--number", "12"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(loaded: Dialer, words: tuple[str, ...]) -> None:
    assert loaded.fails(2, "rules", "explain", *words)


@pytest.mark.usefixtures("daemon")
def test_a_running_daemon_explains_and_audits(loaded: Dialer) -> None:
    assert loaded.json("rules", "explain", "--lead", "1", "--at", ON_A_DAY)["verdict"] == "allow"
    found = loaded.json("audit", "--campaign", "summer", *AROUND)
    assert (found["attempts"], found["breaches"]) == (0, [])


def with_attempt(folder: Path, reserved_at: str, inputs: dict[str, object]) -> None:
    """An attempt on record that was let pass."""
    import sqlite3
    from contextlib import closing
    from datetime import datetime

    at = datetime.fromisoformat(reserved_at).timestamp()
    with closing(sqlite3.connect(folder / "dialer.db")) as db, db:
        db.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ended_at, result, dialed)"
            " VALUES (?, 'summer', 1, ?, ?, ?, 'no_answer', 1)",
            (f"a-{at:.0f}", FIRST, at, at + 20),
        )
        db.execute(
            "INSERT INTO attempt_verdicts VALUES (?, 'fr', '2026-11-22', NULL, '{}', ?)",
            (f"a-{at:.0f}", json.dumps({**inputs, "at": reserved_at})),
        )


def test_the_exit_status_of_an_audit_tells(loaded: Dialer) -> None:
    month = ("--campaign", "summer", *AROUND)
    case = loaded.json("rules", "explain", "--lead", "1", "--at", ON_A_DAY)["case"]
    with_attempt(loaded.folder, ON_A_DAY, case)

    assert "Every attempt on record kept the law." in loaded.ok("audit", *month)

    with_attempt(loaded.folder, AT_LUNCH, case)
    result = loaded.type("audit", *month, "--json")
    assert result.exit_code == 4
    found = json.loads(result.stdout)
    assert (found["attempts"], found["lawful"], found["unlawful"]) == (2, 1, 1)
    assert found["breaches_by_rule"] == {"fr.hours": 1}
    assert found["breaches"][0]["source"] == "C. conso. D. 223-9"
    told = loaded.type("audit", *month)
    assert told.exit_code == 4
    assert "fr.hours" in told.stdout
    assert FIRST not in told.stdout


def test_an_audit_of_nothing_or_of_no_time_is_refused(loaded: Dialer) -> None:
    assert loaded.fails(2, "audit", "--campaign", "nosuch", "--from", "2026-11-01", "--to", "2026-11-30")
    assert "ends before" in loaded.fails(
        2, "audit", "--campaign", "summer", "--from", "2026-11-30", "--to", "2026-11-01"
    )
    assert loaded.fails(2, "audit", "--campaign", "summer", "--from", "1 November", "--to", "2026-11-01")
    assert loaded.fails(2, "audit", "--campaign", "summer")
