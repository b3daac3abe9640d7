"""What people type about the do-not-call list, with a daemon and without one."""

import csv
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import FIRST, GIVEN, SECOND


def numbers_file(folder: Path, count: int, first: int = 0, header: str = "") -> str:
    path = folder / f"numbers-{count}-{first}.csv"
    path.write_text(header + "".join(f"01420{n:05}\n" for n in range(first, first + count)))
    return str(path)


def test_a_number_is_added_once_and_found_however_it_is_written(french: Dialer) -> None:
    assert french.json("dnc", "add", "01 42 00 00 01", SECOND, "--principal", "Acme")["new"] == 2
    assert french.json("dnc", "add", "0142000001", "--principal", "ACME ")["new"] == 0

    (found,) = french.json("dnc", "check", "+33 1 42 00 00 01")["numbers"]

    assert found["number"] == FIRST
    assert [entry["principal"] for entry in found["entries"]] == ["acme"]
    assert found["entries"][0]["source"].startswith("command by ")
    assert "is not on the list" in french.ok("dnc", "check", "0142000009")


def test_a_wish_for_everybody_is_one_for_each(french: Dialer) -> None:
    french.ok("dnc", "add", FIRST, "--everybody", "--reason", "letter")

    assert "everybody: letter" in french.ok("dnc", "check", FIRST)


@pytest.mark.parametrize(
    "words",
    [
        ("add", FIRST),
        ("add", FIRST, "--principal", "acme", "--everybody"),
        ("add", FIRST, "--principal", ""),
        ("add", "--principal", "acme"),
        ("add", "12", "--principal", "acme"),
        ("add", FIRST, "--principal", "acme", "--reason", "No Word"),
        ("check",),
        ("check", "nobody"),
        ("list", "--last", "-1"),
        ("import", "absent.csv", "--principal", "acme"),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_written(french: Dialer, words: tuple[str, ...]) -> None:
    assert french.fails(2, "dnc", *words)
    assert french.json("dnc", "list")["suppressions"] == []


def test_refusals_of_a_file_are_added_once(french: Dialer) -> None:
    path = numbers_file(french.folder, 500, header="telephone\n")

    first = french.json("dnc", "import", path, "--principal", "acme", "--reason", "letter")
    again = french.json("dnc", "import", path, "--principal", "acme")

    assert (first["numbers"], first["added"], again["added"]) == (500, 500, 0)
    (count,) = french.json("dnc", "list")["suppressions"]
    assert (count["principal"], count["reason"], count["names"]) == ("acme", "letter", 500)


def test_a_newer_copy_of_a_register_takes_the_old_ones_place(french: Dialer) -> None:
    old, new = numbers_file(french.folder, 300), numbers_file(french.folder, 300, first=200)
    french.ok("dnc", "import", old, "--register", "bloctel", "--as-of", "2026-10-01")

    told = french.json("dnc", "import", new, "--register", "bloctel", "--as-of", "2026-11-01")

    assert (told["added"], told["removed"]) == (200, 200)
    (register,) = french.json("dnc", "list")["registers"]
    assert (register["as_of"], register["numbers"]) == ("2026-11-01", 300)
    listed = [n["listed"] for n in french.json("dnc", "check", "0142000199", "0142000200", "0142000499")["numbers"]]
    assert listed == [False, True, True]
    again = french.json("dnc", "import", new, "--register", "bloctel", "--as-of", "2026-11-01")
    assert (again["added"], again["removed"]) == (0, 0)


def test_an_older_copy_and_an_unknown_register_are_refused(french: Dialer) -> None:
    path = numbers_file(french.folder, 10)
    french.ok("dnc", "import", path, "--register", "bloctel", "--as-of", "2026-11-01")

    assert "a newer one" in french.fails(2, "dnc", "import", path, "--register", "bloctel", "--as-of", "2026-10-31")
    assert "No preset asks" in french.fails(2, "dnc", "import", path, "--register", "nosuch", "--as-of", "2026-11-01")
    assert "as_of" in french.fails(2, "dnc", "import", path, "--register", "bloctel")
    assert "a day like" in french.fails(2, "dnc", "import", path, "--register", "bloctel", "--as-of", "2026-11-31")
    assert "alone" in french.fails(2, "dnc", "import", path, "--register", "bloctel", "--everybody")


def test_a_file_without_numbers_changes_nothing(french: Dialer) -> None:
    path = french.folder / "wrong.csv"
    path.write_text("phone\nnobody\n\nno one\n")

    assert "no telephone number" in french.fails(2, "dnc", "import", str(path), "--principal", "acme")
    assert french.json("dnc", "list") == {"suppressions": [], "registers": [], "latest": []}


def test_what_is_no_number_is_counted_by_reason(french: Dialer) -> None:
    path = french.folder / "mixed.csv"
    path.write_text("nom;téléphone\nUn;0142000001\nDeux;12\nTrois;0142000001\n")

    told = french.json("dnc", "import", str(path), "--principal", "acme")

    assert (told["read"], told["numbers"], told["duplicates"], sum(told["refused"].values())) == (3, 1, 1, 1)


@pytest.mark.usefixtures("daemon")
def test_the_daemon_does_the_same(french: Dialer) -> None:
    path = numbers_file(french.folder, 100)

    assert french.json("dnc", "import", path, "--everybody")["added"] == 100
    assert french.json("dnc", "add", "0142000100", "--principal", "acme")["new"] == 1
    assert french.json("dnc", "check", "0142000099")["numbers"][0]["listed"]


def test_the_list_tells_nobodys_number(french: Dialer) -> None:
    french.ok("dnc", "add", FIRST, "--principal", "acme")

    told = french.ok("dnc", "list", "--numbers") + french.ok("dnc", "list", "--json")

    assert FIRST not in told
    assert "opposition" in told
    assert FIRST.encode() not in (french.folder / "dialer.db").read_bytes()


def test_an_exported_cell_is_never_a_formula(french: Dialer) -> None:
    french.ok(
        *("consent", "add", FIRST, "--campaign", "summer", "--proof", "=1+1", "--channel", "web"),
        *("--collected-at", GIVEN.isoformat()),
    )

    (row,) = csv.DictReader(french.ok("consent", "export").splitlines())

    assert row["proof"] == "'=1+1"
