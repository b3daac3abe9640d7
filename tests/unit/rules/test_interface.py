"""``dialer rules explain``: the documented interface, its errors and its table for people."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dialer.cli.rules import rules
from dialer.rules.caseform import read_case
from dialer.rules.errors import CaseError, UnknownNameError
from tests.unit.rules.legal_cases import base_facts

DOCUMENTED = (
    '{"preset":"fr","at":"2026-11-23T13:30:00+01:00","number":"+33142000000","postcode":"75001",'
    '"principal":"acme","audience":"b2c","sector":"furniture","mode":"predictive","caller_id":"+33162000000",'
    '"ring_timeout_s":25,"basis":"consent","consent":{"collected_at":"2026-10-01T09:00:00+02:00",'
    '"expires_at":null,"principal":"acme","object":"furniture","proof":"web-form-17","withdrawn_at":null,'
    '"slots":[{"at":"2026-11-28T11:00:00+01:00","evidence":"rec-4"}]},"requested_at":null,'
    '"attempts":["2026-11-02T10:00:00+01:00"],"last_abandoned_at":null,"agent_reserved":false,'
    '"suppressed":false,"screened_at":{"tps":"2026-11-10"},"listed_in":[]}'
)


def explain(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run the command; return its exit code, output and errors."""
    run = CliRunner().invoke(rules, ["explain", *arguments], input=stdin)
    return run.exit_code, run.stdout, run.stderr


def test_the_documented_case_gives_the_documented_verdict(tmp_path: Path) -> None:
    """The example of the interface, from a file, word for word where it is given."""
    path = tmp_path / "case.json"
    path.write_text(DOCUMENTED)
    code, out, _ = explain("--case", str(path), "--json")
    told = json.loads(out)
    assert code == 0
    assert list(told)[:4] == ["verdict", "until", "rule", "reasons"]
    assert (told["verdict"], told["until"], told["rule"]) == ("postpone", "2026-11-23T14:00:00+01:00", "fr.hours")
    first = told["reasons"][0]
    assert list(first) == ["rule", "verdict", "until", "source", "inputs"]
    assert (first["rule"], first["until"], first["source"]) == ("fr.hours", told["until"], "C. conso. D. 223-9")


def test_every_rule_asked_is_listed_the_decider_first() -> None:
    """Blocks, then postponements, then what allows; each rule once."""
    facts = base_facts(at="2026-11-23T13:30:00+01:00", suppressed=True)
    _, out, _ = explain("--case", "-", "--json", stdin=json.dumps(facts))
    reasons = json.loads(out)["reasons"]
    order = ["block", "postpone", "allow"]
    assert [r["rule"] for r in reasons[:2]] == ["internal_suppression", "fr.hours"]
    assert sorted(reasons, key=lambda r: order.index(r["verdict"])) == reasons
    assert len({r["rule"] for r in reasons}) == len(reasons) > 20


def test_a_plain_allow_names_no_rule() -> None:
    """Nothing decided: every rule let the call pass."""
    _, out, _ = explain("--case", "-", "--json", stdin=json.dumps(base_facts()))
    told = json.loads(out)
    assert (told["verdict"], told["until"], told["rule"]) == ("allow", None, None)


def test_until_is_in_the_persons_own_offset() -> None:
    """Whatever offset the question used."""
    facts = base_facts(at="2026-11-23T00:00:00-05:00", number="+262262123456", postcode="97400")
    _, out, _ = explain("--case", "-", "--json", stdin=json.dumps(facts))
    assert json.loads(out)["verdict"] == "postpone" or json.loads(out)["until"] is None
    facts["at"] = "2026-11-22T23:00:00-05:00"
    _, out, _ = explain("--case", "-", "--json", stdin=json.dumps(facts))
    assert json.loads(out)["until"] == "2026-11-23T10:00:00+04:00"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"at": "2026-11-23T13:30:00"}, ["'at'", "offset"]),
        ({"at": "yesterday"}, ["'at'", "no time"]),
        ({"at": 3}, ["'at'"]),
        ({"at": None}, ["'at'", "null"]),
        ({"at": "2026-02-30T10:00:00Z"}, ["'at'"]),
        ({"mode": "turbo"}, ["'mode'", "predictive"]),
        ({"basis": "friendship"}, ["'basis'", "consent"]),
        ({"audience": "everybody"}, ["'audience'"]),
        ({"ring_timeout_s": "25"}, ["'ring_timeout_s'"]),
        ({"ring_timeout_s": -1}, ["'ring_timeout_s'"]),
        ({"ring_timeout_s": True}, ["'ring_timeout_s'"]),
        ({"suppressed": "no"}, ["'suppressed'", "true or false"]),
        ({"attempts": "2026-11-02T10:00:00+01:00"}, ["'attempts'", "list"]),
        ({"attempts": ["2026-11-02"]}, ["'attempts'", "offset"]),
        ({"screened_at": {"tps": "soon"}}, ["screened_at.tps"]),
        ({"listed_in": {}}, ["'listed_in'"]),
        ({"number": 33142000000}, ["'number'", "text"]),
        ({"consent": []}, ["'consent'", "object"]),
        ({"consent": {"collected_at": "2026"}}, ["consent.collected_at"]),
        ({"consent": {"slots": [{"evidence": "x"}]}}, ["consent.slots", "precise"]),
        ({"consent": {"prof": "x"}}, ["consent.prof", "consent.proof"]),
        ({"calller_id": "+33162000000"}, ["calller_id", "'caller_id'"]),
        ({"preset": "frr"}, ["frr", "'fr'"]),
        ({"preset": None}, ["'preset'", "missing"]),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_key(change: dict[str, Any], words: list[str]) -> None:
    """Exit code 2, nothing on standard output, the key and the nearest name in the message."""
    code, out, err = explain("--case", "-", "--json", stdin=json.dumps(base_facts(**change)))
    assert (code, out) == (2, "")
    assert all(word in err for word in words), err


def test_the_line_of_the_key_is_named() -> None:
    """A case written over several lines."""
    code, _, err = explain("--case", "-", stdin=json.dumps(base_facts(mode="turbo"), indent=1))
    assert code == 2
    assert "line 9: Key 'mode'" in err


def test_a_case_without_its_instant_is_an_error() -> None:
    """Every rule needs it."""
    with pytest.raises(CaseError, match="at"):
        read_case({})
    with pytest.raises(CaseError, match="object"):
        read_case([])
    with pytest.raises(UnknownNameError, match="agent_reserved"):
        read_case({"at": "2026-11-23T13:30:00Z", "agent_reservd": True})


def test_many_cases_get_one_line_each_and_errors_their_line_number() -> None:
    """A line that cannot be read does not stop the others; the exit code is 2 in the end."""
    good = json.dumps(base_facts())
    code, out, err = explain("--cases", "-", stdin=f"{good}\n{{broken\n\n{good}\n[]\n")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [line.get("verdict") for line in lines] == ["allow", None, "allow", None]
    assert [line["error"]["line"] for line in lines if "error" in line] == [2, 5]
    assert "line 2" in err


def test_a_person_gets_a_table_and_may_write_the_number_as_usual() -> None:
    """Options instead of a file; what is not given is unknown, and blocks."""
    code, out, _ = explain(
        *("--preset", "fr", "--number", "01 42 00 00 00", "--at", "2026-12-24T12:59:50+01:00"),
    )
    assert code == 0
    assert out.startswith("block (")
    assert "fr.legal_basis" in out
    assert "unknown basis" in out


@pytest.mark.parametrize("arguments", [(), ("--case", "-", "--cases", "-"), ("--case", "-", "--number", "1")])
def test_one_way_of_asking_at_a_time(arguments: tuple[str, ...]) -> None:
    """Nothing, or two things at once, is a wrong command."""
    code, _, err = explain(*arguments, stdin="{}")
    assert code == 2
    assert "--cases" in err


def test_it_runs_as_a_module_without_a_daemon_or_a_store() -> None:
    """A fresh interpreter, the interface's own example."""
    command = [sys.executable, "-m", "dialer.cli.rules", "explain", "--case", "-", "--json"]
    run = subprocess.run(command, input=DOCUMENTED, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(run.stdout)["rule"] == "fr.hours"
