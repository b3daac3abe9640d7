"""AMI traffic of a real Asterisk 22.10.1, as recorded, and what the floor is told of it."""

from pathlib import Path

import pytest

from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.pbx.causes import CAUSES, reference_page, result_of_cause, result_of_reason
from dialer.pbx.errors import UnsafeValueError
from dialer.pbx.orders import dial_string
from dialer.pbx.settings import DialFormat
from dialer.pbx.translate import WANTED, translate
from dialer.pbx.wire import event_name, parse

RECORDINGS = Path(__file__).parent / "recordings"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "hangup-causes.md"


def play(name: str) -> list[ev.Event]:
    """The floor's events of a recording."""
    told = []
    for block in (RECORDINGS / f"{name}.ami").read_bytes().replace(b"\n", b"\r\n").split(b"\r\n\r\n"):
        ami_event = event_name(block).decode()
        if ami_event in WANTED:
            told.append(translate(ami_event, parse(block), 1.0))
    return [event for event in told if event is not None]


def story(events: list[ev.Event], key: str) -> list[str]:
    ids = [{getattr(event, "attempt_id", ""), getattr(event, "channel_id", "")} for event in events]
    return [type(event).__name__ for event, mine in zip(events, ids, strict=True) if key in mine]


def test_an_answered_call_that_met_an_agent() -> None:
    """1. The agent's phone is rung and waits. 2. A call rings, is answered, bridged. 3. The person hangs up."""
    events = play("answered_and_bridged")
    assert story(events, "met-1") == ["CallRinging", "CallAnswered", "BridgeEntered", "BridgeLeft", "HungUp"]
    agent = [e for e in events if isinstance(e, ev.BridgeEntered) and e.channel_id == "agent-1001-a"]
    assert [e.holding for e in agent] == [True, False, True]
    (person,) = [e for e in events if isinstance(e, ev.BridgeEntered) and e.channel_id == "met-1"]
    assert (person.bridge_id, person.holding) == (agent[1].bridge_id, False)
    assert [e.up for e in events if isinstance(e, ev.HungUp) and e.channel_id == "met-1"] == [True]
    arrived = ev.AgentArrived(at=1.0, agent_id="1001", channel_id="agent-1001-a", channel="PJSIP/agent-1001-00000000")
    assert arrived in events


def test_calls_that_nobody_answered() -> None:
    """One call each: rings out, busy, rejected, unknown number, congestion at once and after ringing, no trunk."""
    events = play("never_answered")
    results = {e.channel_id: e.result for e in events if isinstance(e, ev.HungUp)}
    assert not any(e.up for e in events if isinstance(e, ev.HungUp))
    assert results == {
        "kind-silent": Result.NO_ANSWER,
        "kind-busy": Result.BUSY,
        "kind-rejected": Result.REJECTED,
        "kind-unknown": Result.INVALID_NUMBER,
        "kind-congestion": Result.CONGESTION,
        "kind-late_congestion": Result.CONGESTION,
    }
    failed = {e.attempt_id: e.result for e in events if isinstance(e, ev.OriginateFailed)}
    assert set(failed) == {*results, "no-trunk"}
    assert (failed["kind-silent"], failed["no-trunk"]) == (Result.NO_ANSWER, Result.FAILED)


def test_a_person_who_pressed_nine_in_the_message() -> None:
    events = play("opted_out")
    assert story(events, "nine-1") == ["CallAnswered", "ServedAlone", "KeyPressed", "OptedOut", "HungUp"]


@pytest.mark.parametrize("name", sorted(WANTED))
def test_an_event_without_its_headers_is_an_error_that_the_guard_can_name(name: str) -> None:
    with pytest.raises(KeyError):
        translate(name, {"Event": name}, 1.0)


def test_early_media_is_told_as_ringing() -> None:
    headers = {"DialStatus": "PROGRESS", "DestUniqueid": "a-1"}
    assert translate("DialState", headers, 1.0) == ev.CallRinging(at=1.0, attempt_id="a-1")


def test_a_key_that_we_sent_ourselves_is_no_key() -> None:
    assert translate("DTMFEnd", {"Direction": "Sent", "Digit": "1", "Uniqueid": "a-1"}, 1.0) is None


def test_every_cause_stands_once_in_the_table() -> None:
    numbers = [cause.number for cause in CAUSES]
    assert numbers == sorted(set(numbers))
    assert {cause.result for cause in CAUSES}.isdisjoint({Result.ANSWERED, Result.CANCELLED, Result.UNKNOWN})


def test_an_unknown_cause_is_a_failure() -> None:
    assert (result_of_cause(9999), result_of_reason(77)) == (Result.FAILED, Result.FAILED)


def test_the_reference_page_is_printed_from_the_table() -> None:
    assert REFERENCE.read_text() == reference_page(), "print it again: python -m dialer.pbx.causes"


@pytest.mark.parametrize(
    ("how", "dialed"),
    [
        (DialFormat(), "0033612345678"),
        (DialFormat(prefix="+"), "+33612345678"),
        (DialFormat(prefix=""), "33612345678"),
        (DialFormat(country_code="33"), "0612345678"),
        (DialFormat(country_code="32"), "0033612345678"),
    ],
)
def test_a_number_is_dialed_as_the_trunk_wants_it(how: DialFormat, dialed: str) -> None:
    assert dial_string("+33612345678", how) == dialed


def test_a_dial_prefix_that_is_no_digits_is_refused() -> None:
    with pytest.raises(UnsafeValueError):
        dial_string("+33612345678", DialFormat(prefix="9,00"))
