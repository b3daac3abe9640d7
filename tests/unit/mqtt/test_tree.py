"""What stands in the messages, and that the reference tells all of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.alerts.board import Alert, Change
from dialer.alerts.facts import TrunkFigures
from dialer.alerts.words import Severity
from dialer.config_telling import Mqtt
from dialer.floor import commands as cmd
from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AnsweredBy, AttemptState, Result
from dialer.mqtt import fields as f
from dialer.mqtt.attempts import told_attempts
from dialer.mqtt.reference import render
from dialer.mqtt.tree import alert_message, alert_topic, encode, iso, root, states
from tests.unit.alerts.made_up import NOW, agent, campaign, facts, figures

ROOT = Path(__file__).resolve().parents[3]
FLOOR = facts(
    (campaign(calls={AttemptState.RINGING: 2}),),
    (agent(AgentState.READY),),
    campaigns=figures(attempts=60, persons=15, leads_callable=120, waits_s=(0.1, 0.3), idles_s=(10.0, 20.0)),
    trunks={"t1": TrunkFigures(calls=10, congested=1, post_dial_delays_s=(2.0,))},
)
ALERT = Alert(
    alert_id="a1",
    kind="trunk_failing",
    scope="system",
    subject="t1",
    severity=Severity.WARNING,
    since=NOW - 5,
    raised_at=NOW,
    value=40.0,
    threshold=30.0,
    words={"calls": 10, "congested": 3, "failed": 1},
)


def test_every_message_is_flat_json_with_schema_and_utc_time() -> None:
    for state in states(FLOOR, [ALERT]).values():
        if isinstance(state, (int, float)):
            continue
        told = json.loads(encode(state, NOW))
        assert (told["schema"], told["ts"]) == (1, "2026-09-21T14:13:20.000Z")
        assert all(value is None or isinstance(value, (str, int, float, bool)) for value in told.values())


def test_the_tree_of_a_floor() -> None:
    tree = states(FLOOR, [])
    assert [topic for topic in tree if topic.endswith("/state")] == [
        "pbx/state",
        "alerts/state",
        "campaign/c1/state",
        "agent/101/state",
        "trunk/t1/state",
    ]
    state = tree["campaign/c1/state"]
    assert isinstance(state, dict)
    wanted = {"agents_ready": 1, "calls_ringing": 2, "leads_callable": 120, "mean_wait_s": 0.2, "mean_idle_s": 15.0}
    assert {name: state[name] for name in wanted} == wanted
    # 60 calls in ten minutes, 120 leads: they last twenty minutes.
    assert state["leads_run_out_at"] == iso((NOW + 1200) // 60 * 60)
    assert (tree["campaign/c1/agents_ready"], tree["campaign/c1/pick_up_rate_recent"]) == (1, 0.25)
    assert "campaign/c1/occupancy" not in tree  # not known yet: no number


def test_a_trunk_is_failing_while_its_alert_stands() -> None:
    well, failing = (states(FLOOR, alerts)["trunk/t1/state"] for alerts in ([], [ALERT]))
    assert isinstance(well, dict)
    assert isinstance(failing, dict)
    assert (well["state"], failing["state"]) == ("ok", "failing")


def test_time_that_passes_is_no_news() -> None:
    later = facts(
        FLOOR.status.campaigns,
        FLOOR.status.agents,
        campaigns=FLOOR.campaigns,
        trunks=FLOOR.trunks,
    )
    assert states(later, []) == states(FLOOR, [])


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        ("campaign/c1/state", f.CAMPAIGN),
        ("agent/101/state", f.AGENT),
        ("trunk/t1/state", f.TRUNK),
        ("pbx/state", f.PBX),
        ("alerts/state", f.ALERTS),
    ],
)
def test_the_reference_tells_every_field_of_a_state(topic: str, fields: f.Fields) -> None:
    state = states(FLOOR, [])[topic]
    assert isinstance(state, dict)
    assert set(state) - {"instance"} == set(fields)


def test_a_trunk_that_is_avoided_is_told_though_it_has_had_no_call_lately() -> None:
    seen = TrunkView("t2", avoided_since=NOW - 3600, lost=8, bound=8), TrunkView("t3")
    tree = states(replace(FLOOR, trunks={}, status=replace(FLOOR.status, trunks=seen)), [])
    assert [topic for topic in tree if topic.startswith("trunk/")] == ["trunk/t2/state"]


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (TrunkView("t1"), ("failing", None, None)),
        (TrunkView("t1", NOW, 8, 8, "t2"), ("avoided", "t2", iso(NOW))),
        (TrunkView("t1", NOW, 8, 8, ""), ("avoided", None, iso(NOW))),
    ],
)
def test_a_trunk_that_is_avoided_says_since_when_and_what_carries_its_calls(
    view: TrunkView, told: tuple[str, str | None, str | None]
) -> None:
    there = replace(FLOOR, status=replace(FLOOR.status, trunks=(view,)))
    state = states(there, [ALERT])["trunk/t1/state"]
    assert isinstance(state, dict)
    assert (state["state"], state["instead"], state["avoided_since"]) == told


def test_an_alert_is_told_with_cause_and_hint_in_the_language_wanted() -> None:
    told = alert_message(Change("raised", ALERT), "floor1", "en")
    assert alert_topic(ALERT) == "alert/system/trunk_failing"
    assert told["cause"] == "Trunk t1: 40 % of 10 calls fail (3 congestion, 1 failure)."
    assert told["campaign_id"] is None
    assert set(told) - {"instance"} == set(f.ALERT)
    assert "opérateur" in str(alert_message(Change("raised", ALERT), "floor1", "fr")["hint"])


def test_calls_are_told_step_by_step_with_masked_numbers() -> None:
    step = cmd.RecordStep("x1", NOW, AttemptState.RINGING, "ringing +33199000001")
    end = cmd.RecordOutcome(
        attempt_id="x1",
        campaign_id="c1",
        lead_id=1,
        number="+33199000001",
        result=Result.ANSWERED,
        answered_by=AnsweredBy.PERSON,
        abandoned=False,
        agent_id="101",
        cause=16,
        reserved_at=NOW - 9,
        ringing_at=NOW - 8,
        answered_at=NOW - 5,
        connected_at=NOW - 5,
        ended_at=NOW,
        disposition=None,
        dialed=True,
        opted_out=False,
    )
    (ringing, _), (ended, _) = (
        (told, at) for told, at in ((t[:2], t[2]) for t in told_attempts([step, end], lambda _id: "c1"))
    )
    assert (ringing[0], ended[0]) == ("attempt/c1/ringing", "attempt/c1/ended")
    assert (set(ringing[1]), set(ended[1])) == (set(f.STEP), set(f.END))
    assert "99000001" not in json.dumps([ringing, ended])
    assert list(told_attempts([step], lambda _id: None)) == []  # of a call that is not known


def test_topics_begin_with_prefix_and_instance() -> None:
    assert root(Mqtt(prefix="acme/dialer"), "floor1") == "acme/dialer/floor1/"


def test_the_reference_page_is_up_to_date() -> None:
    page = (ROOT / "docs/reference/mqtt.md").read_text(encoding="utf-8")
    assert page == render(), "type: .venv/bin/python -m dialer.mqtt.reference"
