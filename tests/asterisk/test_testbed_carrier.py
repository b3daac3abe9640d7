"""The carrier's small world: what the PBX sees of each number, and what the carrier's CDR keeps."""

import pytest
from dialer_testbed import Testbed
from dialer_testbed.ami import Message
from dialer_testbed.world import KINDS, POPULATIONS, Called, predict, scripted

from tests.asterisk.caller import Caller

pytestmark = pytest.mark.asterisk

RING_MS = 1_500
# kind: state rung, cause of the PBX's hang-up, reason of its OriginateResponse, the carrier's CDR
EXPECTED = {
    "person": (True, "16", "4", "ANSWERED"),
    "brief": (True, "16", "4", "ANSWERED"),
    "silent": (True, "19", "3", "NO ANSWER"),
    "busy": (False, "17", "0", "BUSY"),
    "rejected": (True, "21", "0", "NO ANSWER"),
    "unknown": (False, "1", "0", "NO ANSWER"),
    "congestion": (False, "34", "0", "FAILED"),
    "late_congestion": (True, "34", "0", "FAILED"),
    "machine": (True, "16", "4", "ANSWERED"),
    "presses_9": (True, "16", "4", "ANSWERED"),
}
CAUSES = {kind: expected[1] for kind, expected in EXPECTED.items()} | {"gave_up": "19"}


@pytest.fixture(scope="module")
def calls(testbed: Testbed) -> dict[str, list[Message]]:
    """One call to every kind at once: the events of each, by kind."""
    with testbed.pbx_ami("dialer") as ami:
        caller = Caller(ami, testbed)
        # The first call over a line that has just come up was once refused by the PBX itself: one is spent on that.
        caller.call(scripted("busy", ring_s=0.5, talk_s=0.5), ring_ms=RING_MS)
        ami.events(1)
        attempts = {}
        for kind in KINDS:
            number = scripted(kind, ring_s=0.5, talk_s=0.5)
            attempts[kind] = caller.call(number, ring_ms=RING_MS)
        events = ami.events(4)
        for channel in caller.channels():
            caller.hang_up(channel["Channel"])
        events += ami.events(0.5)
    return {kind: [event for event in events if event.get("Uniqueid") == attempt] for kind, attempt in attempts.items()}


def one(events: list[Message], name: str) -> Message:
    found = [event for event in events if event["Event"] == name]
    assert len(found) == 1, f"one {name} is wanted among {[dict(event) for event in events]}"
    return found[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_ends_with_its_cause_and_reason(calls: dict[str, list[Message]], kind: str) -> None:
    events = calls[kind]

    rang = any(event.get("ChannelStateDesc") == "Ringing" for event in events)
    seen = rang, one(events, "Hangup")["Cause"], one(events, "OriginateResponse")["Reason"]

    assert seen == EXPECTED[kind][:3]


@pytest.mark.parametrize("kind", KINDS)
def test_the_carrier_keeps_every_call_with_the_attempt(
    testbed: Testbed, calls: dict[str, list[Message]], kind: str
) -> None:
    attempt = one(calls[kind], "Hangup")["Uniqueid"]

    (row,) = [row for row in testbed.carrier_cdr(wait_s=3) if row.attempt == attempt]

    assert row.number == scripted(kind, ring_s=0.5, talk_s=0.5)
    assert row.disposition == EXPECTED[kind][3]
    assert row.caller == "0199000000"
    assert (row.answered_at is not None) == (row.disposition == "ANSWERED")


def test_times_are_those_that_the_digits_say(testbed: Testbed, calls: dict[str, list[Message]]) -> None:
    attempt = one(calls["person"], "Hangup")["Uniqueid"]

    (row,) = [row for row in testbed.carrier_cdr(wait_s=3) if row.attempt == attempt]

    assert row.answered_at is not None
    assert row.ended_at is not None
    assert row.answered_at - row.started_at == pytest.approx(0.5, abs=0.25)
    assert row.ended_at - row.answered_at == pytest.approx(0.5, abs=0.25)


def test_early_media_shows_no_ringing(caller: Caller) -> None:
    attempt = caller.call(scripted("person", ring_s=0.5, talk_s=0.1, early=True))

    first = caller.event("Newstate", attempt)

    assert first["ChannelStateDesc"] == "Up"
    caller.event("Hangup", attempt)


@pytest.mark.parametrize("dialed", ["33{}", "+33{}", "0033{}"])
def test_numbers_arrive_in_any_form(testbed: Testbed, caller: Caller, dialed: str) -> None:
    number = scripted("busy", x=7)

    attempt = caller.call(dialed.format(number[1:]))
    caller.event("Hangup", attempt, Cause="17")

    assert [row.number for row in testbed.carrier_cdr(wait_s=2) if row.attempt == attempt] == [number]


def test_a_number_outside_the_world_is_unknown_and_still_witnessed(testbed: Testbed, caller: Caller) -> None:
    attempt = caller.call("0145000000")
    caller.event("Hangup", attempt, Cause="1")

    assert [row.number for row in testbed.carrier_cdr(wait_s=2) if row.attempt == attempt] == ["0145000000"]


def test_a_call_in_progress_is_witnessed_too(testbed: Testbed, caller: Caller) -> None:
    number = scripted("silent", x=6)

    attempt = caller.call(number)
    caller.event("Newstate", attempt, ChannelStateDesc="Ringing")
    running = [row.disposition for row in testbed.carrier_cdr() if row.number == number]
    caller.hang_up(attempt)

    assert running == ["IN PROGRESS"]


@pytest.mark.parametrize("tries", [0, 1])
def test_populations_do_what_is_predicted(testbed: Testbed, caller: Caller, tries: int) -> None:
    """The dialplan's arithmetic and world.predict() are one; the second try meets what a second try meets."""
    prefix = POPULATIONS["fast"][0]
    numbers = [f"{prefix}{last:04d}" for last in range(2_000, 2_040)]
    expected = {number: predict(number, tries) for number in numbers}

    attempts = {caller.call(number, ring_ms=4_000): number for number in numbers}
    seen = {number: _met(caller, attempt) for attempt, number in attempts.items()}

    assert seen == {number: _expected(called) for number, called in expected.items()}


def _expected(called: Called) -> str:
    return "answered" if EXPECTED.get(called.kind, ("", "", ""))[2] == "4" else CAUSES[called.kind]


def _met(caller: Caller, attempt: str) -> str:
    answer = caller.event("OriginateResponse", attempt)
    if answer["Response"] == "Success":
        caller.hang_up(attempt)
    cause = caller.event("Hangup", attempt)["Cause"]
    return "answered" if answer["Response"] == "Success" else cause
