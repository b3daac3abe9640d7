"""What the rules remember of earlier questions, so that a daemon that asks for weeks keeps its size."""

import pytest

from dialer.rules import judge, load_preset
from dialer.rules.caseform import read_case
from dialer.rules.engine import _steady_answers
from dialer.rules.model import Case
from tests.unit.rules.legal_cases import base_facts


def a_legal_call() -> Case:
    facts = base_facts()
    del facts["preset"]
    return read_case(facts)


def test_a_clock_that_is_measured_anew_for_each_call_is_no_new_question() -> None:
    case, preset = a_legal_call(), load_preset("fr")
    judge(preset, case._replace(clock_offset_s=0.0011))
    before = _steady_answers.cache_info().currsize
    for number in range(50):
        judge(preset, case._replace(clock_offset_s=0.0012 + number / 1e6))

    assert _steady_answers.cache_info().currsize == before


@pytest.mark.parametrize(
    ("offset_s", "verdict"), [(0.98, "allow"), (-0.98, "allow"), (0.9901, "block"), (-1.0, "block")]
)
def test_the_clock_is_taken_for_worse_than_it_is_by_less_than_a_hundredth(offset_s: float, verdict: str) -> None:
    case = a_legal_call()._replace(clock_offset_s=offset_s)

    assert judge(load_preset("fr"), case).verdict == verdict
