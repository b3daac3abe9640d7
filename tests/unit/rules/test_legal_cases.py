"""The legal cases, through the documented interface and through the API."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from dialer.cli.rules import rules
from dialer.rules import judge, load_preset
from dialer.rules.caseform import read_case
from tests.unit.rules.legal_cases import LegalCase, legal_cases


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Every case through ``dialer rules explain --cases -``, by its name."""
    lines = "\n".join(json.dumps(case.facts) for case in legal_cases())
    run = CliRunner().invoke(rules, ["explain", "--cases", "-"], input=lines)
    assert run.exit_code == 0, run.stderr
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return dict(zip((case.name for case in legal_cases()), told, strict=True))


@pytest.mark.parametrize("case", legal_cases(), ids=lambda case: case.name)
def test_the_law_decides(case: LegalCase, answers: dict[str, dict[str, Any]]) -> None:
    """The verdict, its time and its rule are those that the text gives."""
    answer = answers[case.name]
    if case.expect == "not allow":
        assert answer["verdict"] != "allow"
        return
    told = [answer["verdict"], answer["until"], answer["rule"]]
    assert " ".join(part for part in told if part) == case.expect, json.dumps(answer["reasons"][0])


@pytest.mark.parametrize("case", legal_cases(), ids=lambda case: case.name)
def test_the_api_says_what_the_command_says(case: LegalCase, answers: dict[str, dict[str, Any]]) -> None:
    """One engine stands behind both."""
    facts = {key: value for key, value in case.facts.items() if key != "preset"}
    if not str(facts.get("number", "+")).startswith("+"):
        pytest.skip("only the command reads national forms")
    verdict = judge(load_preset(case.facts["preset"]), read_case(facts))
    assert json.loads(verdict.as_json()) == answers[case.name]


@pytest.mark.parametrize(
    "case", [c for c in legal_cases() if c.expect.startswith("postpone")], ids=lambda case: case.name
)
def test_a_postponed_time_is_allowed(case: LegalCase, answers: dict[str, dict[str, Any]]) -> None:
    """Asked again at ``until`` with the same facts, the same rules allow."""
    facts = {**case.facts, "at": answers[case.name]["until"]}
    run = CliRunner().invoke(rules, ["explain", "--case", "-", "--json"], input=json.dumps(facts))
    assert json.loads(run.stdout)["verdict"] == "allow"


def test_the_table_is_large_and_each_case_has_a_source() -> None:
    """At least 200 cases, none named twice, none without its text."""
    names = [case.name for case in legal_cases()]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    assert all(case.source for case in legal_cases())
