"""What a list says of consent goes into the register, and what is on record against its people is counted before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import CONSENT, EXPIRED, FIRST, GIVEN, ON_A_DAY, SECOND, THIRD, write_people


def check(dialer: Dialer, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = dialer.json("leads", "check", str(dialer.folder / "people.csv"), *words)
    return {name: found[name] for name in ("known_people", "suppressed", "listed", "without_consent")}


def test_a_file_is_checked_for_refusals_consents_and_people_that_are_known(french: Dialer) -> None:
    nothing = {"known_people": 0, "suppressed": 0, "listed": 0, "without_consent": 1}
    assert check(french, "--campaign", "summer") == nothing

    french.ok("dnc", "add", FIRST, "--principal", "acme")
    french.ok("dnc", "add", "--person-id", "P9", "--everybody")
    other = french.folder / "other.csv"
    other.write_text(f"phone,phone2,person_id\n0142000088,{SECOND},P2\n")
    french.ok("leads", "import", str(other), "--campaign", "summer")

    assert check(french, "--campaign", "summer") == {**nothing, "suppressed": 1, "known_people": 1}
    assert check(french)["suppressed"] == 0, "acme's wishes say nothing without a campaign of acme's"
    assert "asked for no more calls" in french.ok("leads", "check", str(french.folder / "people.csv"))


def test_a_consent_that_ended_was_withdrawn_or_stands_in_the_register_counts_as_such(french: Dialer) -> None:
    write_people(french.folder / "people.csv", f"{FIRST},Un,75001,{EXPIRED}", f"{SECOND},Deux,75001,{CONSENT}")
    assert check(french, "--campaign", "summer")["without_consent"] == 2
    given = ("--proof", "form-18", "--channel", "web", "--collected-at", GIVEN.isoformat())
    french.ok("consent", "add", FIRST, "--campaign", "summer", *given)
    assert check(french, "--campaign", "summer")["without_consent"] == 1

    french.ok("consent", "withdraw", SECOND, "--campaign", "summer")

    assert check(french, "--campaign", "summer") == {
        "known_people": 0,
        "suppressed": 1,
        "listed": 0,
        "without_consent": 2,
    }


def test_a_file_of_the_united_kingdom_is_looked_up_in_its_registers(french: Dialer) -> None:
    register = french.folder / "tps.csv"
    register.write_text("02079460001\n02079460002\n")
    for name in ("tps", "ctps"):
        french.ok("dnc", "import", str(register), "--register", name, "--as-of", "2026-11-20", "--region", "GB")
    people = french.folder / "british.csv"
    people.write_text("phone\n+442079460001\n+442079460003\n")

    assert french.json("leads", "check", str(people), "--preset", "uk")["listed"] == 1
    assert french.json("leads", "check", str(people), "--preset", "fr")["listed"] == 0


@pytest.mark.parametrize("basis", ["contract_in_progress", "press"])
def test_where_the_law_needs_no_consent_nobody_is_without_one(french: Dialer, basis: str) -> None:
    french.ok("campaign", "set", "summer", "--basis", basis)

    assert check(french, "--campaign", "summer")["without_consent"] == 0


def test_consents_of_a_list_are_in_the_register_once(french: Dialer) -> None:
    path = str(french.folder / "people.csv")

    first = french.json("leads", "import", path, "--campaign", "summer")
    again = french.json("leads", "import", path, "--campaign", "summer")

    assert (first["consents"], again["consents"]) == (2, 0)
    (entry,) = french.json("consent", "show", FIRST, "--numbers")["entries"]
    assert (entry["who"], entry["principal"], entry["consent"]["proof"]) == (FIRST, "acme", "form-17")
    assert entry["consent"]["collected_at"] == GIVEN.isoformat()
    assert entry["source"].startswith("people.csv, list people of summer, ")
    assert french.json("consent", "show", THIRD)["entries"] == []


def test_a_dry_run_enters_nothing(french: Dialer) -> None:
    french.ok("leads", "import", str(french.folder / "people.csv"), "--campaign", "summer", "--dry-run")

    assert french.json("consent", "show", FIRST)["entries"] == []


def test_a_consent_that_a_later_file_brings_frees_the_lead(french: Dialer) -> None:
    path = str(french.folder / "people.csv")
    french.ok("leads", "import", path, "--campaign", "summer")
    at = ("--at", ON_A_DAY)
    assert french.json("rules", "explain", "--lead", "3", *at)["verdict"] == "block"
    (french.folder / "people.csv").write_text(
        "phone,last_name,postcode,consent_at,consent_principal,consent_object,consent_proof,canal_consentement\n"
        f"{THIRD},Trois,75001,{CONSENT},papier\n"
    )

    assert french.json("leads", "import", path, "--campaign", "summer")["updated"] == 1

    assert french.json("rules", "explain", "--lead", "3", *at)["verdict"] == "allow"
    (entry,) = french.json("consent", "show", THIRD)["entries"]
    assert entry["consent"]["channel"] == "papier"


def test_what_cannot_be_read_of_a_consent_allows_nothing(french: Dialer) -> None:
    path = french.folder / "people.csv"
    write_people(path, f"{FIRST},Un,75001,some day,acme,furniture,form-17")
    french.ok("leads", "import", str(path), "--campaign", "summer")

    found = french.json("rules", "explain", "--lead", "1", "--at", ON_A_DAY)

    assert (found["verdict"], found["rule"]) == ("block", "fr.consent_valid")
    assert french.json("consent", "show", FIRST)["entries"][0]["consent"]["proof"] == "form-17"


def test_callable_is_whom_the_law_lets_call_not_only_where_there_are_hours(french: Dialer) -> None:
    path = french.folder / "people.csv"
    abroad = f"+442079460001,Autre,,{CONSENT}"
    write_people(
        path, f"{FIRST},Un,75001,{CONSENT}", f"{SECOND},Deux,75001,{CONSENT}", f"{FIRST},Un,75001,{CONSENT}", abroad
    )
    french.ok("dnc", "add", SECOND, "--principal", "acme")

    found = french.json("leads", "check", str(path), "--campaign", "summer")

    assert (found["valid"], found["in_file"], found["suppressed"], found["without_consent"]) == (5, 1, 1, 1)
    assert (found["legal_hours_30_days"], found["callable_30_days"]) == (5, 1), "the first person, once"
    assert found["forecast"]["leads"] == 1
    assert "legal hours in 30 days" in french.ok("leads", "check", str(path), "--campaign", "summer")


def test_without_a_young_copy_of_a_register_nobody_is_callable_where_the_law_asks_for_one(french: Dialer) -> None:
    people = french.folder / "british.csv"
    people.write_text("phone\n+442079460001\n+442079460003\n")
    check = ("leads", "check", str(people), "--preset", "uk")
    before = french.json(*check)
    register = french.folder / "tps.csv"
    register.write_text("02079460001\n")
    today = datetime.now(UTC).date()
    for name, as_of in (("tps", today), ("ctps", today - timedelta(days=90))):
        words = ("--register", name, "--as-of", str(as_of), "--region", "GB")
        french.ok("dnc", "import", str(register), *words)
    old = french.json(*check)
    french.ok("dnc", "import", str(register), "--register", "ctps", "--as-of", str(today), "--region", "GB")
    young = french.json(*check)

    assert [(each["unscreened"], each["callable_30_days"]) for each in (before, old, young)] == [(2, 0), (2, 0), (0, 1)]
