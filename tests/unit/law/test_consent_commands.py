"""What people type about the consent register."""

import csv
import json
from datetime import timedelta

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import CONSENT, FIRST, GIVEN, THIRD, write_people

AT = GIVEN.isoformat()
KEPT = str((GIVEN + timedelta(days=1096)).date())
ENTRY = (
    "--campaign",
    "summer",
    "--proof",
    "form-18",
    "--channel",
    "web",
    "--collected-at",
    AT,
)


def test_a_consent_is_entered_once_with_all_that_the_law_asks(french: Dialer) -> None:
    slot = "2026-11-28T11:00:00+01:00=rec-4"

    assert french.json("consent", "add", "01 42 00 00 03", *ENTRY, "--slot", slot)["new"]
    assert not french.json("consent", "add", THIRD, *ENTRY, "--slot", slot)["new"]

    (entry,) = french.json("consent", "show", THIRD, "--numbers")["entries"]
    assert (entry["who"], entry["principal"], entry["keep_until"]) == (THIRD, "acme", KEPT)
    assert entry["consent"] == {
        "channel": "web",
        "collected_at": AT,
        "expires_at": None,
        "object": "furniture",
        "principal": "acme",
        "proof": "form-18",
        "slots": [{"at": "2026-11-28T11:00:00+01:00", "evidence": "rec-4"}],
        "withdrawn_at": None,
    }
    assert entry["source"].startswith("command by ")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (ENTRY, "number or person_id"),
        ((THIRD, "--person-id", "P1", *ENTRY), "number or person_id"),
        (("12", *ENTRY), "is no number"),
        ((THIRD, *ENTRY[:-1], "2026-10-02"), "with its offset"),
        ((THIRD, *ENTRY[:-1], "2099-10-02T09:00:00+02:00"), "in the future"),
        ((THIRD, *ENTRY[2:]), "principal is not said"),
        ((THIRD, *ENTRY[2:], "--principal", "acme"), "object is not said"),
        ((THIRD, *ENTRY, "--slot", "2026-11-28T11:00:00+01:00"), "TIME=PROOF"),
        ((THIRD, *ENTRY, "--slot", "tomorrow=rec"), "slots"),
        ((THIRD, "--campaign", "nosuch", *ENTRY[2:]), "There is no campaign"),
    ],
)
def test_a_consent_that_proves_nothing_is_refused(french: Dialer, words: tuple[str, ...], why: str) -> None:
    assert why in french.fails(2, "consent", "add", *words)
    assert french.json("consent", "show", THIRD)["entries"] == []


def test_a_withdrawal_is_for_ever_and_for_every_number(french: Dialer) -> None:
    path = french.folder / "more.csv"
    path.write_text(f"phone,phone2,person_id\n{FIRST},0142000077,P1\n")
    french.ok("leads", "import", str(path), "--campaign", "summer")
    french.ok("consent", "add", FIRST, *ENTRY)

    told = french.json("consent", "withdraw", "0142000077", "--principal", "Acme", "--channel", "phone")

    assert told["names"] == 3
    assert french.json("consent", "withdraw", FIRST, "--campaign", "summer")["names"] == 0
    assert all(n["listed"] for n in french.json("dnc", "check", FIRST, "0142000077")["numbers"])
    assert "no more calls" in french.fails(2, "consent", "add", FIRST, *ENTRY)
    shown = french.ok("consent", "show", FIRST)
    assert "withdrawal" in shown
    assert FIRST not in shown
    assert "+3314•••••01" in shown


def test_a_withdrawal_says_from_whom_and_when(french: Dialer) -> None:
    assert "--principal or --campaign" in french.fails(2, "consent", "withdraw", FIRST)
    french.ok("consent", "withdraw", FIRST, "--principal", "acme", "--at", "2026-11-01T10:00:00+01:00")

    (entry,) = french.json("consent", "show", FIRST)["entries"]
    assert entry["consent"]["withdrawn_at"] == "2026-11-01T10:00:00+01:00"


def test_the_proof_is_exported_whole_and_for_one_person(french: Dialer) -> None:
    for last in ("1", "2", "3"):
        french.ok("consent", "add", f"014200000{last}", *ENTRY)
    output = french.folder / "register.csv"

    assert french.json("consent", "export", "--principal", "ACME", "--output", str(output))["count"] == 3
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["who"] for row in rows] == [FIRST, "+33142000002", THIRD]
    assert {row["keep_until"] for row in rows} == {KEPT}
    (line,) = french.ok("consent", "export", "--number", THIRD, "--json").splitlines()
    assert json.loads(line)["proof"] == "form-18"
    assert french.ok("consent", "export", "--principal", "nobody", "--json") == ""
    assert french.ok("consent", "export", "--to", "2020-01-01", "--json") == ""


def test_the_proof_of_an_erased_person_is_still_found_by_the_number(french: Dialer) -> None:
    french.ok("consent", "add", THIRD, *ENTRY)
    french.ok("person", "erase", THIRD, "--yes")

    (entry,) = french.json("consent", "show", THIRD)["entries"]

    assert entry["who"].startswith("sealed:")
    assert entry["consent"]["proof"] == "form-18"


def test_what_lists_say_is_shown_as_well(french: Dialer) -> None:
    french.ok("leads", "import", str(french.folder / "people.csv"), "--campaign", "summer")

    (stated,) = french.json("consent", "show", FIRST)["lists"]

    assert stated["consent"]["consent_proof"] == "form-17"


@pytest.mark.usefixtures("daemon")
def test_the_daemon_does_the_same(french: Dialer) -> None:
    french.ok(
        "leads", "import", write_people(french.folder / "p.csv", f"{FIRST},Un,75001,{CONSENT}"), "--campaign", "summer"
    )

    assert french.json("consent", "add", FIRST, *ENTRY)["new"]
    assert french.json("consent", "withdraw", FIRST, "--campaign", "summer")["names"] == 1
    assert french.ok("consent", "export").count("\n") >= 3
