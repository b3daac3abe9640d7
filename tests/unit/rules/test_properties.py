"""What holds for every case: settings never loosen, postponed times are allowed, a withdrawal wins."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.rules import Case, Consent, LooseningRefusedError, Slot, UnknownNameError, judge, load_preset, preset_names
from dialer.rules.caseform import BASES, MODES, read_case
from dialer.rules.model import UNKNOWN
from dialer.rules.zones import zone
from tests.unit.rules.legal_cases import base_facts, legal_cases

SEVERITY = {"allow": 0, "postpone": 1, "block": 2}
START = datetime(2026, 9, 1, tzinfo=UTC)
moments = st.integers(0, 500 * 86_400).map(lambda s: START + timedelta(seconds=s))
maybe = st.one_of(st.none(), st.just(UNKNOWN))
numbers = st.sampled_from(
    ["+33142000000", "+33612345678", "+262262123456", "+262639123456", "+596596123456", "+508411234", "+590690123456"]
)
postcodes = st.sampled_from([None, "75001", "67000", "97400", "97600", "97200", "97500", "97110"])
consents = st.builds(
    Consent,
    collected_at=moments,
    expires_at=st.one_of(st.none(), moments),
    principal=st.just("acme"),
    object=st.just("furniture"),
    proof=st.one_of(st.just("p"), st.none()),
    withdrawn_at=st.none(),
    slots=st.lists(st.builds(Slot, moments, st.sampled_from([None, "rec"])), max_size=2).map(tuple),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a French case, mostly legal, with anything missing now and then."""
    at = draw(moments)
    before = st.integers(0, 40 * 86_400).map(lambda s: at - timedelta(seconds=s))
    return Case(
        at=at.astimezone(zone(draw(st.sampled_from(["Europe/Paris", "UTC", "Indian/Reunion"])))),
        number=draw(numbers),
        postcode=draw(postcodes),
        principal="acme",
        audience=draw(st.sampled_from(["b2c", "b2b"])),
        sector=draw(st.sampled_from(["furniture", "furniture", "renewables"])),
        mode=draw(st.sampled_from(MODES)),
        caller_id=draw(st.sampled_from(["+33162000000", "+33162000000", "+33142000000"])),
        ring_timeout_s=draw(st.sampled_from([15, 25, 60])),
        basis=draw(st.sampled_from(BASES)),
        consent=draw(st.one_of(consents, consents, maybe)),
        requested_at=draw(st.one_of(before, st.none())),
        attempts=tuple(draw(st.lists(before, max_size=6))),
        last_abandoned_at=draw(st.one_of(st.none(), before)),
        agent_reserved=draw(st.booleans()),
        suppressed=False,
        screened_at={},
        listed_in=frozenset(),
    )


many = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@given(cases(), st.sampled_from(["fr", "fr_b2b", "generic"]))
@many
def test_a_postponed_time_is_later_and_itself_allowed(case: Case, name: str) -> None:
    """Whatever postpones, the same rules with the same facts allow at ``until``."""
    preset = load_preset(name)
    verdict = judge(preset, case)
    if verdict.verdict == "postpone":
        assert verdict.until is not None
        assert verdict.until > case.at
        assert judge(preset, case._replace(at=verdict.until)).verdict == "allow"


@given(cases(), st.randoms(use_true_random=False))
@many
def test_the_order_of_rules_changes_nothing(case: Case, rng: random.Random) -> None:
    """Rules are a set: a shuffled preset gives the same answer, word for word."""
    preset = load_preset("fr")
    rules = list(preset.rules)
    rng.shuffle(rules)
    assert judge(replace(preset, rules=tuple(rules)), case).as_json() == judge(preset, case).as_json()


@given(cases(), moments, st.sampled_from(["fr", "fr_b2b", "generic", "ma"]))
@many
def test_a_withdrawal_always_wins(case: Case, when: datetime, name: str) -> None:
    """Any basis, any hour, any slot: a withdrawn consent blocks."""
    consent = case.consent if isinstance(case.consent, Consent) else Consent()
    withdrawn = case._replace(consent=consent._replace(withdrawn_at=when))
    assert judge(load_preset(name), withdrawn).verdict == "block"


TIGHTER: list[dict[str, dict[str, Any]]] = [
    {"fr.hours": {"windows": {"mon_fri": ["10:00-12:00", "15:00-19:00"]}}},
    {"fr.days": {"weekdays": ["mon", "tue"]}},
    {"fr.max_30d": {"count": 2}},
    {"fr.max_30d": {"window_days": 45}},
    {"fr.slot_exception": {"tolerance_min": 2}},
    {"min_ring": {"min_s": 20}},
    {"originate_guard": {"guard_s": 60}},
    {"recall_after_abandon": {"wait_h": 96}},
    {"fr.npv_cli": {"prefixes": ["+33163"]}},
]


@given(cases(), st.sampled_from(TIGHTER))
@many
def test_no_verdict_loosens_when_settings_are_added(case: Case, setting: dict[str, dict[str, Any]]) -> None:
    """What the law blocks stays blocked, and nobody is called earlier."""
    lawful, tightened = judge(load_preset("fr"), case), judge(load_preset("fr", setting), case)
    assert SEVERITY[tightened.verdict] >= SEVERITY[lawful.verdict]
    if lawful.until and tightened.until:
        assert tightened.until >= lawful.until


@given(cases(), st.sampled_from(["basis", "attempts", "caller_id", "suppressed", "ring_timeout_s", "number"]))
@many
def test_a_fact_that_a_rule_needs_blocks_when_it_is_forgotten(case: Case, key: str) -> None:
    """What is not known is never taken for harmless."""
    facts: dict[str, Any] = {key: UNKNOWN}
    assert judge(load_preset("fr"), case._replace(**facts)).verdict == "block"


@pytest.mark.parametrize(
    ("rule", "setting"),
    [
        ("fr.hours", {"windows": {"all": ["09:00-13:00"]}}),
        ("fr.hours", {"windows": {"all": ["10:00-20:00"]}}),
        ("fr.days", {"weekdays": ["mon_sat"]}),
        ("fr.max_30d", {"count": 5}),
        ("fr.max_30d", {"window_days": 20}),
        ("fr.consent_valid", {"max_age_days": 400}),
        ("fr.consent_valid", {"unless_basis": ["contract_in_progress", "request_callback", "press", "consent"]}),
        ("fr.sector_ban", {"sectors": []}),
        ("fr.slot_exception", {"tolerance_min": 11}),
        ("fr.npv_cli", {"prefixes": ["+33"]}),
        ("fr.npv_cli", {"modes": ["predictive"]}),
        ("fr.holidays", {"extras": []}),
        ("fr.no_mobile_cli", {"forbidden_prefixes": []}),
        ("fr.abandon", {"limit": 0.05}),
        ("fr.abandon", {"min_live_answers": 10}),
        ("min_ring", {"min_s": 10}),
        ("recall_after_abandon", {"wait_h": 24}),
        ("fr.request_callback", {"working_days": 6}),
    ],
)
def test_an_attempt_to_loosen_is_refused_with_the_rules_name(rule: str, setting: dict[str, Any]) -> None:
    """Settings tighten a preset, never loosen it."""
    with pytest.raises(LooseningRefusedError, match=rule) as refused:
        load_preset("fr", {rule: setting})
    assert refused.value.rule == rule


def test_a_setting_for_an_unknown_rule_or_parameter_names_the_nearest() -> None:
    """A misspelt setting would otherwise tighten nothing, silently."""
    with pytest.raises(UnknownNameError, match=r"fr\.hours"):
        load_preset("fr", {"fr.hour": {}})
    with pytest.raises(UnknownNameError, match="windows"):
        load_preset("fr", {"fr.hours": {"window": {}}})


def test_every_preset_loads_and_dates_every_rule() -> None:
    """Each rule has a name, a source, a text and a period; names stand once for each period."""
    for name in preset_names():
        preset = load_preset(name)
        assert all(rule.source and rule.text and rule.valid_from <= rule.valid_to for rule in preset.rules)
        assert len({(rule.name, rule.valid_from) for rule in preset.rules}) == len(preset.rules)
        assert any(rule.kind == "hours" for rule in preset.rules), name
        assert any(rule.kind == "abandon" for rule in preset.rules), name


def test_a_deadly_slow_search_ends() -> None:
    """Two zones whose windows never meet give a block, not an endless search."""
    facts = base_facts(number="+687271234", postcode="75001")
    facts.pop("preset")
    verdict = judge(load_preset("fr"), read_case(facts))
    assert (verdict.verdict, verdict.rule) == ("block", "fr.hours")


def test_the_whole_table_keeps_its_verdict_when_rules_are_shuffled() -> None:
    """The legal cases reach every kind of rule."""
    rng = random.Random(4)
    for case in legal_cases():
        facts = {key: value for key, value in case.facts.items() if key != "preset"}
        preset, read = load_preset(case.facts["preset"]), read_case(facts)
        rules = list(preset.rules)
        rng.shuffle(rules)
        assert judge(replace(preset, rules=tuple(rules)), read).as_json() == judge(preset, read).as_json()
