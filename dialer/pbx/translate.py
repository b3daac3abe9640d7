"""AMI events to floor events: one table, no state.

Which events exist and what they hold: Asterisk 22, ``docs/reference/asterisk-facts.md`` and the recordings under
``tests/protocol/recordings``.
"""

from collections.abc import Callable

from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.pbx.causes import result_of_cause, result_of_reason
from dialer.pbx.wire import Headers

CALL_ACTION = "call/"
AGENT_ACTION = "agent/"

Translator = Callable[[Headers, float], ev.Event | None]
_UP = "6"
_RINGING = "5"


def is_holding(headers: Headers) -> bool:
    """Whether a bridge event is about a waiting bridge (``BridgeWait``)."""
    return headers["BridgeTechnology"] == "holding_bridge"


def _new_state(headers: Headers, at: float) -> ev.Event | None:
    state = headers["ChannelState"]
    if state == _UP:
        return ev.CallAnswered(at=at, attempt_id=headers["Uniqueid"])
    if state == _RINGING:
        return ev.CallRinging(at=at, attempt_id=headers["Uniqueid"])
    return None


def _dial_state(headers: Headers, at: float) -> ev.Event | None:
    # 183 with early media changes no channel state: only the dial tells that the phone is being called. 180 changes it.
    if headers["DialStatus"] == "PROGRESS":
        return ev.CallRinging(at=at, attempt_id=headers["DestUniqueid"])
    return None


def _hangup(headers: Headers, at: float) -> ev.Event:
    cause = int(headers["Cause"])
    up = headers["ChannelState"] == _UP
    return ev.HungUp(at=at, channel_id=headers["Uniqueid"], cause=cause, result=result_of_cause(cause), up=up)


def _bridge_enter(headers: Headers, at: float) -> ev.Event:
    return ev.BridgeEntered(
        at=at, channel_id=headers["Uniqueid"], bridge_id=headers["BridgeUniqueid"], holding=is_holding(headers)
    )


def _bridge_leave(headers: Headers, at: float) -> ev.Event:
    return ev.BridgeLeft(
        at=at, channel_id=headers["Uniqueid"], bridge_id=headers["BridgeUniqueid"], holding=is_holding(headers)
    )


def _dtmf_end(headers: Headers, at: float) -> ev.Event | None:
    if headers["Direction"] != "Received":
        return None
    return ev.KeyPressed(at=at, channel_id=headers["Uniqueid"], digit=headers["Digit"])


def _user_event(headers: Headers, at: float) -> ev.Event | None:
    match headers["UserEvent"]:
        case "DialerOptOut":
            return ev.OptedOut(at=at, attempt_id=headers["Attempt"])
        case "DialerAlone":
            return ev.ServedAlone(at=at, attempt_id=headers["Attempt"])
        case "DialerAgent":
            # Sent by the dialplan just before the line enters the holding bridge, so never after its BridgeEnter.
            channel_id, channel = headers["Uniqueid"], headers["Channel"]
            return ev.AgentArrived(at=at, agent_id=headers["Agent"], channel_id=channel_id, channel=channel)
    return None


def _originate_response(headers: Headers, at: float) -> ev.Event | None:
    # `Response`, not panoramisk's `.success`, which is true for every event.
    if headers["Response"] == "Success":
        return None
    # The action id says whose originate it was, for Uniqueid is "<null>" when no channel was made.
    action_id = headers.get("ActionID", "")
    reason = int(headers["Reason"])
    result = result_of_reason(reason)
    if action_id.startswith(CALL_ACTION):
        attempt_id = action_id.removeprefix(CALL_ACTION)
        why = f"Asterisk gave the call up, reason {reason}"
        return ev.OriginateFailed(at=at, attempt_id=attempt_id, result=result, why=why)
    if action_id.startswith(AGENT_ACTION):
        return ev.HungUp(at=at, channel_id=action_id.removeprefix(AGENT_ACTION), cause=0, result=result)
    return None


TABLE: dict[str, Translator] = {
    "Newstate": _new_state,
    "DialState": _dial_state,
    "Hangup": _hangup,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "DTMFEnd": _dtmf_end,
    "UserEvent": _user_event,
    "OriginateResponse": _originate_response,
}
WANTED = frozenset(TABLE)


def translate(name: str, headers: Headers, at: float) -> ev.Event | None:
    """The floor's event for an AMI event, None when the floor need not know.

    Raises KeyError or ValueError when Asterisk left out or garbled what the event is for.
    """
    return TABLE[name](headers, at)


def never_existed(channel_id: str, at: float) -> ev.HungUp:
    """An agent's phone that could not even be rung."""
    return ev.HungUp(at=at, channel_id=channel_id, cause=0, result=Result.FAILED)
